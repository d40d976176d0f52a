"""Brightness, saturation and contrast of DiffAugment, one by one and as a single product."""

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
    """`adjust_brightness`, `adjust_saturation` and `adjust_contrast` in this order, as one colour product.

    With b, s and c for the three, and means m over an image, the chain is c (s I + (1 - s) J / C) x + b +
    (1 - c) m, where J is all ones: saturation leaves the image's mean alone, and the mean of the brightened
    image is m + b. One product reads and writes the images once instead of eight times.

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
    b, s, c = (per_image(v, images)[..., 0].to(wide.dtype) for v in (brightness, saturation, contrast))
    channels = images.shape[1]
    identity = torch.eye(channels, dtype=wide.dtype, device=wide.device)
    product = c * (s * identity + (1 - s) / channels)  # (N, C, C)
    return MixPlanes.apply(wide, product, b, 1 - c).to(images.dtype)


class MixPlanes(torch.autograd.Function):
    """product @ x + shift + share * mean(x): (N, C, H, W) by (N, C, C), (N, 1 or C, 1) and (N, 1, 1) or None.

    Written as a function of its own for two reasons. Autograd's way writes the mean's gradient out in full
    before it adds it, whereas this is one pass over memory in both directions, of any order. And autocast
    would compute in half precision, also where only the gradient is taken under it.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, product: Tensor, shift: Tensor | None, share: Tensor | None) -> Tensor:
        ctx.save_for_backward(product, share)
        planes = x.flatten(2)  # (N, C, H*W)
        with torch.autocast(x.device.type, enabled=False):
            mixed = torch.bmm(product, planes)  # not baddbmm, which writes all of its constants out first
        constants = [] if shift is None else [shift]
        if share is not None:
            constants.append(share * planes.mean((1, 2)).view(-1, 1, 1))
        if constants:
            mixed += sum(constants)
        return mixed.view(x.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        product, share = ctx.saved_tensors
        return MixPlanes.apply(gradients[0], product.mT, None, share), None, None, None
