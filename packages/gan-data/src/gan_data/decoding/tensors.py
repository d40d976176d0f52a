"""Pillow images and tensors, bytes and [-1, 1]."""

from ctypes import string_at

import torch
from PIL import Image
from torch import Tensor


def from_pillow(image: Image.Image) -> Tensor:
    """An image in mode RGB as (3, H, W) uint8."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(image.height, image.width, 3).permute(2, 0, 1).contiguous()


def to_pillow(image: Tensor) -> Image.Image:
    """(3, H, W) or (1, H, W) uint8 on the CPU as an image in mode RGB or L."""
    channels, height, width = image.shape
    pixels = image.permute(1, 2, 0).contiguous()
    content = string_at(pixels.data_ptr(), pixels.numel())
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), content)


def labels_from_pillow(image: Image.Image) -> Tensor:
    """An image in mode I as (H, W) int32."""
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.int32).view(image.height, image.width)


def from_uint8(image: Tensor) -> Tensor:
    """Bytes to the range that networks take.

    Args:
        image: any shape, uint8 in 0..255.

    Returns:
        The same shape, float32 in [-1, 1]; `to_uint8` is the inverse.

    Raises:
        ValueError: the dtype is not uint8.
    """
    if image.dtype != torch.uint8:
        raise ValueError(f"from_uint8 expects uint8 in 0..255; got {image.dtype}; is it in [-1, 1] already?")
    return image.to(torch.float32).div_(127.5).sub_(1)


def to_uint8(image: Tensor) -> Tensor:
    """A network's output as bytes: rounded, and clipped to the range of a file.

    Args:
        image: any shape, floating point in [-1, 1].

    Returns:
        The same shape, uint8 in 0..255.

    Raises:
        ValueError: the dtype is not floating point, or there are NaNs.
    """
    if not image.is_floating_point():
        raise ValueError(f"to_uint8 expects floating point in [-1, 1]; got {image.dtype}")
    if image.isnan().any():
        raise ValueError("to_uint8 expects numbers in [-1, 1]; got NaN; check whether training diverged")
    return (image.detach().float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
