"""Brightness, saturation and contrast of DiffAugment, one by one and at once."""

from typing import Any

import torch
from torch import Tensor

from gan_augment._images import check_images, per_image, widen


def adjust_brightness(images: Tensor, shift: Tensor) -> Tensor:
    """Add `shift` (DiffAugment, Zhao et al. 2020, section 3.3); nothing is clipped.

    Args:
        images: (N, C, H, W) in [-1, 1].
        shift: (N,), or any shape of N elements; U(-0.5, 0.5) in the official code.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    return (widen(images) + per_image(shift, images)).to(images.dtype)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Move every pixel away from the mean of its channels, or towards it, by `factor` (Zhao et al. 2020).

    Args:
        images: (N, C, H, W) in [-1, 1].
        factor: (N,), or any shape of N elements; U(0, 2) in the official code. 0 makes grey, 1 does nothing.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    wide = widen(images)
    mean = wide.mean(1, keepdim=True)
    return torch.lerp(mean, wide, per_image(factor, images).to(wide.dtype)).to(images.dtype)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Move every value away from the mean of its image, or towards it, by `factor` (Zhao et al. 2020).

    Args:
        images: (N, C, H, W) in [-1, 1].
        factor: (N,), or any shape of N elements; U(0.5, 1.5) in the official code. 1 does nothing.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    wide = widen(images)
    mean = wide.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, wide, per_image(factor, images).to(wide.dtype)).to(images.dtype)


def adjust_color(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """`adjust_brightness`, `adjust_saturation` and `adjust_contrast` in this order, at once.

    With b, s and c for the three, the grey image g of an image x (the mean of its channels) and its mean m,
    the chain is c s x + c (1 - s) g + (1 - c) m + b: saturation leaves the mean alone, and the mean of the
    brightened image is m + b.

    The gradient, of any order, is with respect to the images.

    Args:
        images: (N, C, H, W) in [-1, 1].
        brightness: (N,), or any shape of N elements.
        saturation: likewise.
        contrast: likewise.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    wide = widen(images)
    b, s, c = (per_image(v, images).to(wide.dtype) for v in (brightness, saturation, contrast))
    return Blend.apply(wide, c * s, c * (1 - s), 1 - c, b).to(images.dtype)


class Blend(torch.autograd.Function):
    """own x + grey mean(x over C) + flat mean(x over C, H, W) + shift; (N, C, H, W) and (N, 1, 1, 1) each.

    A function of its own, as autograd would write both means' gradients out in full and add them up, whereas
    the gradient is the same blend of what comes in, without the shift. Images are read and written once: a
    CPU takes as many at a time as stay in its cache until they are done.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, own: Tensor, grey: Tensor, flat: Tensor, shift: Tensor | None) -> Tensor:
        ctx.save_for_backward(own, grey, flat)
        blended = torch.empty_like(x, memory_format=torch.contiguous_format)
        for some in _batches(x):
            planes = x[some].contiguous()  # from channels-last: planes are several times faster
            plane = planes.mean(1, keepdim=True)
            level = flat[some] * plane.mean((2, 3), keepdim=True)
            if shift is not None:
                level += shift[some]
            plane.mul_(grey[some]).add_(level)
            torch.addcmul(plane, planes, own[some], out=blended[some])
        return blended

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        return Blend.apply(gradients[0], *ctx.saved_tensors, None), None, None, None, None


CACHED = 3 * 2**19  # numbers; 6 MiB of float32


def _batches(images: Tensor) -> list[slice]:
    """Which images to take at a time: as many as stay in a CPU's cache, and all of them elsewhere."""
    count = len(images)
    if images.device.type != "cpu" or torch.compiler.is_compiling():
        return [slice(count)]
    step = max(1, CACHED // max(1, images.shape[1:].numel()))
    return [slice(start, start + step) for start in range(0, count, step)]
