"""DiffAugment's brightness, saturation and contrast, one by one and in a single pass."""

from typing import Any

import torch
from torch import Tensor

from gan_augment.base.images import check_images, per_image, widen


def adjust_brightness(images: Tensor, shift: Tensor) -> Tensor:
    """Add `shift` (DiffAugment, Zhao et al. 2020, section 3.3); nothing is clipped.

    Args:
        images: (N, C, H, W) in [-1, 1].
        shift: (N,), or any shape of N elements; U(-0.5, 0.5) in the official code.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> adjust_brightness(torch.zeros(2, 3, 8, 8), torch.tensor([-0.5, 0.25])).mean((1, 2, 3))
        tensor([-0.5000,  0.2500])
    """
    check_images(images)
    return (widen(images) + per_image(shift, images)).to(images.dtype)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Scale every pixel's difference to the mean of its channels by `factor` (Zhao et al. 2020).

    Args:
        images: (N, C, H, W) in [-1, 1].
        factor: (N,), or any shape of N elements; U(0, 2) in the official code. 0 makes the image gray, 1
            leaves it unchanged.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> red = torch.tensor([1.0, -0.5, -0.5]).reshape(1, 3, 1, 1)
        >>> adjust_saturation(red, torch.tensor([0.0])).flatten()  # gray
        tensor([0., 0., 0.])
    """
    check_images(images)
    wide = widen(images)
    mean = wide.mean(1, keepdim=True)
    return torch.lerp(mean, wide, per_image(factor, images).to(wide.dtype)).to(images.dtype)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Scale every value's difference to the mean of its image by `factor` (Zhao et al. 2020).

    Args:
        images: (N, C, H, W) in [-1, 1].
        factor: (N,), or any shape of N elements; U(0.5, 1.5) in the official code. 1 leaves the image
            unchanged.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> adjust_contrast(torch.tensor([[[[-1.0, 1.0]]]]), torch.tensor([0.5]))
        tensor([[[[-0.5000,  0.5000]]]])
    """
    check_images(images)
    wide = widen(images)
    mean = wide.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, wide, per_image(factor, images).to(wide.dtype)).to(images.dtype)


def adjust_color(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """`adjust_brightness`, `adjust_saturation` and `adjust_contrast`, in this order, in a single pass.

    Let b, s and c be the three parameters, g the mean of an image x over its channels and m the mean of x.
    Saturation does not change m, and the brightened image has the mean m + b, so the three steps come to
    c s x + c (1 - s) g + (1 - c) m + b.

    Gradients of any order are with respect to the images.

    Args:
        images: (N, C, H, W) in [-1, 1].
        brightness: (N,), or any shape of N elements.
        saturation: likewise.
        contrast: likewise.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> images = torch.zeros(1, 3, 8, 8)
        >>> adjust_color(images, torch.tensor([0.5]), torch.ones(1), torch.ones(1)).mean()
        tensor(0.5000)
    """
    check_images(images)
    wide = widen(images)
    b, s, c = (per_image(v, images).to(wide.dtype) for v in (brightness, saturation, contrast))
    return _Blend.apply(wide, c * s, c * (1 - s), 1 - c, b).to(images.dtype)


class _Blend(torch.autograd.Function):
    """own x + gray mean(x over C) + flat mean(x over C, H, W) + shift; (N, C, H, W) and (N, 1, 1, 1) each.

    Autograd would write the gradients of both means out in full and add them up. The true gradient is the
    same blend of the incoming gradient, without the shift. Images are read and written once: on a CPU in
    groups that fit into its cache.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, own: Tensor, gray: Tensor, flat: Tensor, shift: Tensor | None) -> Tensor:
        ctx.save_for_backward(own, gray, flat)
        blended = torch.empty_like(x, memory_format=torch.contiguous_format)
        for group in _groups(x):
            planes = x[group].contiguous()  # for channels-last input: planes are several times faster
            plane = planes.mean(1, keepdim=True)
            level = flat[group] * plane.mean((2, 3), keepdim=True)
            if shift is not None:
                level += shift[group]
            plane.mul_(gray[group]).add_(level)
            torch.addcmul(plane, planes, own[group], out=blended[group])
        return blended

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        return _Blend.apply(gradients[0], *ctx.saved_tensors, None), None, None, None, None


CACHED = 3 * 2**19  # numbers; 6 MiB of float32


def _groups(images: Tensor) -> list[slice]:
    """Slices of the batch: as many images as fit into a CPU's cache, or all of them on other devices."""
    count = len(images)
    if images.device.type != "cpu" or torch.compiler.is_compiling():
        return [slice(count)]
    step = max(1, CACHED // max(1, images.shape[1:].numel()))
    return [slice(start, start + step) for start in range(0, count, step)]
