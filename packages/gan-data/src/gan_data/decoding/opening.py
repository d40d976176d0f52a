"""Opening image files as upright Pillow images."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PIL.ImageFile import ImageFile

from gan_data.base.errors import DataError, Finding
from gan_data.decoding._modes import to_labels, to_rgb
from gan_data.decoding.diagnosis import diagnose
from gan_data.decoding.picture import use_picture

REDUCED_SIDE = 256  # pixels; enough to see whether an image has color


def open_rgb(path: Path) -> Image.Image:
    """The image in the file `path`, upright, in mode RGB.

    Raises:
        DataError: the file cannot be decoded.
    """
    return _or_raise(try_open_rgb(path))


def open_labels(path: Path) -> Image.Image:
    """The label or instance map in the file `path`, upright, in mode I: 32-bit integers.

    Raises:
        DataError: the file cannot be decoded, or is not such a map.
    """
    return _or_raise(try_open_labels(path))


def try_open_rgb(path: Path) -> Image.Image | Finding:
    """Like `open_rgb`, but returns the problem with the file instead of raising it."""
    return _try_open(path, to_rgb)


def try_open_labels(path: Path) -> Image.Image | Finding:
    """Like `open_labels`, but returns the problem with the file instead of raising it."""
    return _try_open(path, to_labels)


def _or_raise(image: Image.Image | Finding) -> Image.Image:
    if isinstance(image, Finding):
        raise DataError(str(image))
    return image


def _try_open(path: Path, convert: Callable[[ImageFile], Image.Image]) -> Image.Image | Finding:
    try:
        return use_picture(path, convert)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # decoders of broken files raise exceptions of all kinds
        return diagnose(path, error)
