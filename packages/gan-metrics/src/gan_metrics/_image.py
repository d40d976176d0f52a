"""Checks of the images that a metric receives, and their range."""

from typing import Literal

import torch
from torch import Tensor

from gan_metrics._tensor import require_tensor

Reduction = Literal["mean", "none"]


FARTHEST = 32.0  # untrained networks reach 8 in either direction; images in 0..255 are beyond


def check_images(images: Tensor, caller: str) -> None:
    """Raise ValueError unless `images` is a floating-point batch (N, C, H, W) in [-1, 1].

    Anything but a tensor is a TypeError.
    The values are read back once, which synchronizes with a GPU; those that a network may overshoot by pass.
    """
    _check_form(images, caller)
    _check_range(caller, images)


def check_pair(prediction: Tensor, target: Tensor, caller: str) -> None:
    """Raise ValueError unless both are such batches, of the same shape; one synchronization for both."""
    _check_form(prediction, caller)
    _check_form(target, caller)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{caller} expects prediction and target of the same shape; got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}; resize or crop one of them"
        )
    _check_range(caller, prediction, target)


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
    if reduction == "mean" and not len(values):
        raise ValueError("expected at least one image for the mean; got an empty batch; leave it out")
    return values.mean() if reduction == "mean" else values


def _check_form(images: Tensor, caller: str) -> None:
    require_tensor(images, caller)
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


def _check_range(caller: str, *batches: Tensor) -> None:
    if torch.compiler.is_compiling():
        return
    if not all(images.numel() for images in batches):
        return
    extremes = [value.float() for images in batches for value in images.detach().aminmax()]
    values: list[float] = torch.stack(extremes).tolist()
    low, high = min(values), max(values)
    if max(-low, high) > FARTHEST:
        remedy = "scale them, or check whether training diverged"
        for largest, half in ((255, "127.5"), (65_535, "32767.5")):
            if low >= -1 and high <= largest:
                remedy = f"for values of 0 to {largest} pass images / {half} - 1"
                break
        raise ValueError(f"{caller} expects images in [-1, 1]; got values from {low:g} to {high:g}; {remedy}")
