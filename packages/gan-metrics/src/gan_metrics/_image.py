"""What every measure asks of its images, and what it makes of their values."""

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["mean", "none"]


def check_images(image: Tensor, caller: str) -> None:
    """Raises ValueError unless `image` is a floating-point batch (N, C, H, W)."""
    if not image.is_floating_point():
        raise ValueError(
            f"{caller} expects floating-point images in [-1, 1]; got {image.dtype}; "
            "for 8-bit values pass image / 127.5 - 1"
        )
    if image.ndim != 4:
        raise ValueError(
            f"{caller} expects a batch of shape (N, C, H, W); got {tuple(image.shape)}; "
            "for one image pass image.unsqueeze(0)"
        )


def check_pair(prediction: Tensor, target: Tensor, caller: str) -> None:
    """Raises ValueError unless both are floating-point batches of one shape."""
    check_images(prediction, caller)
    check_images(target, caller)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{caller} expects prediction and target of one shape; got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}; resize or crop one of them to fit"
        )


def as_shown(image: Tensor) -> Tensor:
    """In float32 (float64 stays) and clamped to [-1, 1], as a saved picture is."""
    return image.to(torch.promote_types(image.dtype, torch.float32)).clamp(-1, 1)


def to_unit_range(image: Tensor) -> Tensor:
    """[-1, 1] to [0, 1], as shown."""
    return (as_shown(image) + 1) / 2


def reduce(values: Tensor, reduction: Reduction) -> Tensor:
    """The (N,) values themselves, or their mean."""
    if reduction not in ("mean", "none"):
        raise ValueError(f'expected reduction "mean" or "none"; got {reduction!r}')
    return values.mean() if reduction == "mean" else values
