"""Tensors and arrays as networks take them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_nets.pictures._restore import OpenedArray, OpenedTensor

FARTHEST = 2  # images that were resized exceed 1 by some tenths


def open_tensor(x: Tensor, in_channels: int | None) -> OpenedTensor:
    """Open a tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or uint8.

    Args:
        x: 1 or 3 channels, 2 or 4 with alpha as the last one, or as many as the network takes.
        in_channels: of the network, None if it does not say.

    Raises:
        ValueError: x has another shape, dtype, range or number of channels.
    """
    if x.ndim not in (3, 4) or 0 in x.shape or not (x.is_floating_point() or x.dtype == torch.uint8):
        raise ValueError(
            f"expected a tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or uint8; "
            f"got {tuple(x.shape)} of {x.dtype}"
        )
    given = x.detach()
    if x.is_floating_point() and max(-given.min(), given.max()) > FARTHEST:
        found = f"{float(given.min()):g} to {float(given.max()):g}"
        raise ValueError(f"expected values in [-1, 1]; got {found}; pass x / 127.5 - 1 if it is in 0..255")
    if x.dtype == torch.uint8:
        pixels = given / 127.5 - 1
    else:
        pixels = given.to(torch.promote_types(x.dtype, torch.float32))
    pixels = pixels if x.ndim == 4 else pixels[None]
    return OpenedTensor(*_separate_alpha(pixels, in_channels), x.dtype, x.ndim)


def open_array(array: NDArray[Any], in_channels: int | None) -> OpenedArray:
    """Open an array (H, W) or (H, W, C): uint8, uint16, bool, or floating point in [0, 1].

    Args:
        array: 1 or 3 channels, 2 or 4 with alpha as the last one, or as many as the network takes.
        in_channels: of the network, None if it does not say.

    Raises:
        ValueError: the array has another shape, dtype, range or number of channels.
    """
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"expected an array (H, W) or (H, W, C); got {array.shape}")
    white = _white(array)
    values = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    pixels = values.view(*array.shape[:2], -1).permute(2, 0, 1)[None] * (2 / white) - 1
    return OpenedArray(*_separate_alpha(pixels, in_channels), array.dtype, array.ndim, white)


def _white(array: NDArray[Any]) -> float:
    """The value of white."""
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return float(np.iinfo(array.dtype).max)
    if array.dtype == bool:
        return 1.0
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return 1.0
    found = f"{array.min()} to {array.max()} of {array.dtype}"
    raise ValueError(
        f"expected an array of uint8, uint16 or bool, or floating point in [0, 1]; got {found}; scale it"
    )


def _separate_alpha(x: Tensor, in_channels: int | None) -> tuple[Tensor, Tensor | None]:
    """Colors, and the last of 2 or 4 channels as alpha unless the network takes that many."""
    count = x.shape[1]
    if count == in_channels or count in (1, 3):
        return x, None
    if count not in (2, 4):
        raise ValueError(f"expected 1 to 4 channels: gray or RGB, with alpha or without; got {count}")
    return x[:, :-1], x[:, -1:]
