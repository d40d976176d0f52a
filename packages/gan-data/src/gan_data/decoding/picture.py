"""An image file as Pillow opens it: only in formats of the list, whatever metadata it has."""

import os
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, TypeVar

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from gan_data.base.errors import DataError
from gan_data.decoding.diagnosis import MAX_PIXELS
from gan_data.decoding.metadata import without_large_metadata
from gan_data.files.formats import image_formats
from gan_data.files.regular import open_regular

Result = TypeVar("Result")
QUARTER_TURNED = frozenset({5, 6, 7, 8})  # orientations that exchange height and width


def open_picture(file: IO[bytes]) -> ImageFile:
    """Open an image in one of `image_formats()`, as `PIL.Image.open` does.

    Args:
        file: an open file, or the content of one in a `BytesIO`; see `without_large_metadata` for PNGs.

    Returns:
        Pillow's image, not decoded yet.

    Raises:
        DataError: the environment's GAN_MAX_PIXELS is not a number.
        Exception: of many kinds, as Pillow's decoders do; see `diagnose`.

    Examples:
        >>> import io
        >>> write_image("a.png", torch.zeros(3, 8, 16))
        >>> with open("a.png", "rb") as file:
        ...     print(open_picture(file).size)
        (16, 8)
    """
    _set_pixel_limit()
    return Image.open(file, formats=image_formats())


def use_picture(path: Path, use: Callable[[ImageFile], Result]) -> Result:
    """`use` of the image in a file, which is open meanwhile.

    Raises:
        Exception: as in `open_picture`, and what `use` raises.
    """
    # Given a path, Pillow maps the file into memory and garbles a rotated uncompressed TIFF.
    with open_regular(path) as file:
        return use_content(file, use)


def use_content(file: IO[bytes], use: Callable[[ImageFile], Result]) -> Result:
    """The same of an open file, or of its content in a `BytesIO`."""
    try:
        with open_picture(file) as image:
            return use(image)
    except DataError:
        raise
    except ValueError:  # among others of metadata, and with other words in each version
        file.seek(0)
        data = file.read()
        smaller = without_large_metadata(data)
        if smaller is data:
            raise
    with open_picture(BytesIO(smaller)) as image:
        return use(image)


def orientation_of(image: Image.Image) -> int:
    """The orientation of an image by its metadata, 1 to 8; 1 (upright) if they are damaged or say nothing.

    Examples:
        >>> from PIL import Image
        >>> orientation_of(Image.new("RGB", (8, 8)))  # upright
        1
    """
    try:
        # The method that also rotates decoded images; PNG's own would decode the whole image first.
        return int(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged metadata raise exceptions of all kinds; the pixels are as good as ever
        return 1


@cache
def _set_pixel_limit() -> None:
    """Let Pillow decode as many pixels as the environment allows, if it does; it refuses twice its limit."""
    if pixels := os.environ.get(MAX_PIXELS, ""):
        if not pixels.isdecimal():
            raise DataError(f"{MAX_PIXELS} must be a number of pixels; got {pixels!r}; correct or unset it")
        Image.MAX_IMAGE_PIXELS = max(int(pixels) + 1, 2) // 2
