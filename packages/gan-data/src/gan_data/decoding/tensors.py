"""Pictures in files, as bytes, and as the tensors that networks take."""

from ctypes import string_at
from os import PathLike
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from gan_data.base.errors import DataError
from gan_data.decoding.opening import open_labels, open_rgb


def to_bytes(image: Image.Image) -> Tensor:
    """A picture in mode RGB as (3, H, W) uint8."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(image.height, image.width, 3).permute(2, 0, 1).contiguous()


def to_picture(pixels: Tensor) -> Image.Image:
    """(3, H, W) or (1, H, W) uint8 on the CPU as a picture in mode RGB or L."""
    channels, height, width = pixels.shape
    pixels = pixels.permute(1, 2, 0).contiguous()
    content = string_at(pixels.data_ptr(), pixels.numel())
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), content)


def to_labels(image: Image.Image) -> Tensor:
    """A picture in mode I as (H, W) int32."""
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.int32).view(image.height, image.width)


def from_uint8(image: Tensor) -> Tensor:
    """Bytes to the range that networks take.

    Args:
        image: any shape, uint8 in 0..255.

    Returns:
        The same shape, float32 in [-1, 1]; `to_uint8` gives the bytes back.

    Raises:
        ValueError: the dtype is another.
    """
    if image.dtype != torch.uint8:
        raise ValueError(f"from_uint8 expects uint8 in 0..255; got {image.dtype}; is it in [-1, 1] already?")
    return image.to(torch.float32).div_(127.5).sub_(1)


def to_uint8(image: Tensor) -> Tensor:
    """What a network returned, as bytes: rounded, and clipped to what a file can hold.

    Args:
        image: any shape, floating point in [-1, 1].

    Returns:
        The same shape, uint8 in 0..255.

    Raises:
        ValueError: the dtype is not floating point, or there are values that are not numbers.
    """
    if not image.is_floating_point():
        raise ValueError(f"to_uint8 expects floating point in [-1, 1]; got {image.dtype}")
    if image.isnan().any():
        raise ValueError("to_uint8 expects numbers in [-1, 1]; got not-a-number; training broke down before")
    return (image.detach().float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def read_image(path: str | PathLike[str]) -> Tensor:
    """The picture in a file, upright, as RGB.

    The camera's orientation is applied; grey, palette and CMYK pictures become RGB; transparent ones are
    laid on white; 16 bits are scaled to 8. Of an animation the first picture is taken. Colour profiles are
    not applied.

    Args:
        path: a file of any format that Pillow reads.

    Returns:
        (3, H, W) float32 in [-1, 1].

    Raises:
        DataError: the file is missing, no picture, truncated or corrupt.
    """
    return from_uint8(to_bytes(open_rgb(Path(path))))


def read_labels(path: str | PathLike[str]) -> Tensor:
    """The label or instance map in a file: one whole number for each pixel, as it was stored.

    Grey files of any depth up to 16 bits hold the numbers themselves; those of a palette are the places in
    it, not the colours.

    Args:
        path: a file of any lossless format that Pillow reads; PNG is the usual one.

    Returns:
        (H, W) int64. `one_hot` and `boundary_map` make planes of it.

    Raises:
        DataError: the file is missing, no picture, corrupt, in colours, or a JPEG, which alters labels.
    """
    return to_labels(open_labels(Path(path))).long()


def write_image(path: str | PathLike[str], image: Tensor) -> None:
    """Write a picture in the format that the path's suffix names.

    `read_image` gives it back to within half of one of 255 levels, if the format is lossless (PNG is).

    Args:
        path: where to; a file that is there is replaced.
        image: (3, H, W) RGB or (1, H, W) grey, floating point in [-1, 1]; values beyond are clipped.

    Raises:
        ValueError: the shape, dtype or values are others.
        DataError: the suffix names no format, or the file cannot be written.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"write_image expects one image (3, H, W) or (1, H, W); got {tuple(image.shape)}")
    picture = to_picture(to_uint8(image).cpu())
    try:
        picture.save(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from None
    except ValueError:  # Pillow's word for a suffix that it does not know
        raise DataError(f"{path}: the suffix names no image format; end it in .png") from None
