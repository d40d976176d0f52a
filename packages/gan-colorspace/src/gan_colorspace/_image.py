"""The input that every conversion expects, and the precision it computes in."""

import torch
from torch import Tensor


def check_image(image: Tensor, channels: int, caller: str) -> None:
    """Raises ValueError unless `image` is floating point, (N, `channels`, H, W) or (`channels`, H, W)."""
    if not image.is_floating_point():
        raise ValueError(
            f"{caller} expects a floating-point image in [-1, 1]; got {image.dtype}; "
            "for 8-bit values pass image / 127.5 - 1"
        )
    if image.ndim not in (3, 4) or image.shape[-3] != channels:
        raise ValueError(
            f"{caller} expects shape (N, {channels}, H, W) or ({channels}, H, W); got {tuple(image.shape)}; "
            f"put the {channels} channel(s) before height and width"
        )


def widen(image: Tensor) -> Tensor:
    """Half precision (and integers) to float32; float32 and float64 unchanged."""
    return image.to(torch.promote_types(image.dtype, torch.float32))


def to_float64(image: Tensor) -> Tensor:
    """The only dtype that autocast, TF32 and reduced matmul precision do not affect.

    On Apple's MPS, which lacks float64 (and TF32), float32.
    """
    return image.to(torch.float32 if image.device.type == "mps" else torch.float64)
