"""Pillow images and tensors, bytes and [-1, 1]."""

import math
from ctypes import string_at

import torch
from PIL import Image
from torch import Tensor

FARTHEST = 32.0  # untrained networks reach 8 in either direction; images in 0..255 are beyond


def from_pillow(image: Image.Image) -> Tensor:
    """An image in mode RGB as (3, H, W) uint8."""
    pixels = bytearray().join(plane.tobytes() for plane in image.split())
    return torch.frombuffer(pixels, dtype=torch.uint8).view(3, image.height, image.width)


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

    Examples:
        >>> from_uint8(torch.tensor([0, 255], dtype=torch.uint8))
        tensor([-1.,  1.])
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
        ValueError: the dtype is not floating point, there are NaNs, or values are far outside [-1, 1].

    Examples:
        >>> to_uint8(torch.tensor([-1.0, 0.0, 1.0, 1.2]))
        tensor([  0, 128, 255, 255], dtype=torch.uint8)
    """
    if not image.is_floating_point():
        raise ValueError(f"to_uint8 expects floating point in [-1, 1]; got {image.dtype}")
    require_range("to_uint8", image)
    return (image.detach().float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def require_range(caller: str, images: Tensor) -> None:
    """Refuse values far outside [-1, 1], such as those of 0..255, and NaN.

    Raises:
        ValueError: there are some; it names the caller.
    """
    if not images.numel():
        return
    low, high = (float(value) for value in images.detach().aminmax())
    if math.isnan(high):
        raise ValueError(f"{caller} expects numbers in [-1, 1]; got NaN; check whether training diverged")
    if max(-low, high) > FARTHEST:
        remedy = "for values of 0 to 255 pass image / 127.5 - 1, or check whether training diverged"
        raise ValueError(f"{caller} expects values in [-1, 1]; got {low:g} to {high:g}; {remedy}")


def require_range_on_cpu(caller: str, images: Tensor) -> None:
    """The same for images on a CPU; on another device a look at them would wait for it."""
    if images.device.type == "cpu":
        require_range(caller, images)
