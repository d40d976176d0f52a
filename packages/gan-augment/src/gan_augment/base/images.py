"""Checks of the images that an operation receives, and the precision in which it computes."""

import torch
from torch import Tensor


def check_images(images: Tensor, *, smallest: int = 1) -> None:
    """Raise ValueError unless `images` is floating-point (N, C, H, W) with H and W of at least `smallest`."""
    if not images.is_floating_point():
        raise ValueError(
            f"expected floating-point images in [-1, 1]; got {images.dtype}; "
            "for 8-bit values pass images / 127.5 - 1"
        )
    if images.ndim != 4:
        raise ValueError(
            f"expected images of shape (N, C, H, W); got {tuple(images.shape)}; "
            "give a single image a batch dimension with unsqueeze(0)"
        )
    if min(images.shape[-2:]) < smallest:
        raise ValueError(
            f"expected images of at least {smallest}x{smallest} pixels; got {tuple(images.shape[-2:])}; "
            "use larger images, or leave out the transforms that filter or resample"
        )


def widen(images: Tensor) -> Tensor:
    """Half precision to float32; float32 and float64 unchanged."""
    return images.to(torch.promote_types(images.dtype, torch.float32))


def per_image(values: Tensor, images: Tensor) -> Tensor:
    """(N, 1, 1, 1): one number for each of N images, from any shape of N elements, on the images' device.

    Raises:
        ValueError: there is not one number for each image.
    """
    if values.numel() != len(images):
        raise ValueError(
            f"expected one number for each of {len(images)} images; got {tuple(values.shape)}; "
            "sample parameters for the batch that you augment"
        )
    return values.to(images.device).reshape(-1, 1, 1, 1)
