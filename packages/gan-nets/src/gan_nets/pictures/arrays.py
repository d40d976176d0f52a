"""Tensors and arrays as what networks take, and back: the same kind, dtype, and order of axes."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Work(Protocol):
    """What is done to a picture's colours, and along with them to the planes beside them."""

    def __call__(self, color: Tensor, beside: Tensor | None, /) -> tuple[Tensor, Tensor | None]:
        """(1, C, H, W) and (1, K, H, W), both in [-1, 1], to the same of another size."""
        ...


def through_tensor(work: Work, x: Tensor, channels: int | None) -> Tensor:
    """A tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or uint8."""
    if x.ndim not in (3, 4) or 0 in x.shape or not (x.is_floating_point() or x.dtype == torch.uint8):
        raise ValueError(
            f"expected a tensor (N, C, H, W) or (C, H, W), floating point in [-1, 1] or uint8; "
            f"got {tuple(x.shape)} of {x.dtype}"
        )
    given = x.detach()
    wide = (
        given / 127.5 - 1 if x.dtype == torch.uint8 else given.to(torch.promote_types(x.dtype, torch.float32))
    )
    pictures = (wide if x.ndim == 4 else wide[None]).split(1)
    y = torch.cat([_through(work, one, channels) for one in pictures])
    y = y if x.ndim == 4 else y[0]
    return ((y + 1) * 127.5).round().to(torch.uint8) if x.dtype == torch.uint8 else y.to(x.dtype)


def through_array(work: Work, array: NDArray, channels: int | None) -> NDArray:
    """An array (H, W) or (H, W, C): uint8, uint16, bool, or floating point in [0, 1]."""
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"expected an array (H, W) or (H, W, C); got {array.shape}")
    highest = _highest(array)
    values = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    x = values.view(*array.shape[:2], -1).permute(2, 0, 1)[None] * (2 / highest) - 1
    y = (_through(work, x, channels) + 1) * (highest / 2)
    y = y[0].permute(1, 2, 0).contiguous().numpy()
    y = y[..., 0] if array.ndim == 2 and y.shape[-1] == 1 else y
    if array.dtype == bool:
        return y >= 0.5
    return y.astype(array.dtype) if array.dtype.kind == "f" else y.round().astype(array.dtype)


def _highest(array: NDArray) -> float:
    """The value of white."""
    if array.dtype in (np.uint8, np.uint16):
        return float(np.iinfo(array.dtype).max)
    if array.dtype == bool:
        return 1.0
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return 1.0
    found = f"{array.min()} to {array.max()} of {array.dtype}"
    raise ValueError(
        f"expected an array of uint8, uint16 or bool, or floating point in [0, 1]; got {found}; scale it"
    )


def _through(work: Work, x: Tensor, channels: int | None) -> Tensor:
    """A picture (1, C, H, W): colours, or with alpha as the last of 2 or 4 planes."""
    count = x.shape[1]
    if count == channels or count in (1, 3):
        return work(x, None)[0]
    if count not in (2, 4):
        raise ValueError(f"expected 1 to 4 channels: grey or RGB, with alpha or without; got {count}")
    color, alpha = work(x[:, :-1], x[:, -1:])
    return color if alpha is None else torch.cat([color, alpha], dim=1)
