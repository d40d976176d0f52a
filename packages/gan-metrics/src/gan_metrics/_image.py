"""Checks of the images that a metric receives, and their range."""

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["mean", "none"]


def check_images(images: Tensor, caller: str) -> None:
    """Raise ValueError unless `images` is a floating-point batch (N, C, H, W)."""
    if not images.is_floating_point():
        raise ValueError(
            f"{caller} expects floating-point images in [-1, 1]; got {images.dtype}; "
            "for 8-bit values pass images / 127.5 - 1"
        )
    if images.ndim != 4:
        raise ValueError(
            f"{caller} expects a batch of shape (N, C, H, W); got {tuple(images.shape)}; "
            "give a single image a batch dimension with unsqueeze(0)"
        )


def check_pair(prediction: Tensor, target: Tensor, caller: str) -> None:
    """Raise ValueError unless both are floating-point batches of the same shape."""
    check_images(prediction, caller)
    check_images(target, caller)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{caller} expects prediction and target of the same shape; got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}; resize or crop one of them"
        )


def as_saved(images: Tensor) -> Tensor:
    """Clamped to [-1, 1], as saving an image does, and in float32 (float64 stays)."""
    return images.to(torch.promote_types(images.dtype, torch.float32)).clamp(-1, 1)


def to_unit_range(images: Tensor) -> Tensor:
    """Clamped, and from [-1, 1] to [0, 1]."""
    return (as_saved(images) + 1) / 2


def reduce(values: Tensor, reduction: Reduction) -> Tensor:
    """The (N,) values themselves, or their mean."""
    if reduction not in ("mean", "none"):
        raise ValueError(f'expected reduction "mean" or "none"; got {reduction!r}; use one of the two')
    return values.mean() if reduction == "mean" else values
