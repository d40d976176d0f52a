"""Opening image files as upright Pillow images."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.ImageFile import ImageFile

from gan_data.base.errors import DataError, Finding
from gan_data.decoding._modes import reduce_jpeg, to_labels, to_rgb
from gan_data.decoding.diagnosis import diagnose, explain
from gan_data.decoding.picture import use_content, use_picture

REDUCED_SIDE = 256  # pixels; enough to see whether an image has color


def open_rgb(path: Path, needed: Callable[[int, int], tuple[int, int]] | None = None) -> Image.Image:
    """The image in the file `path`, upright, in mode RGB.

    Args:
        path: the file.
        needed: from the height and width of the image to those that will be used. A JPEG that is at least
            twice as large is decoded at 1/2, 1/4 or 1/8 of its size, still twice as large or more.

    Raises:
        DataError: the file cannot be decoded.
    """
    if needed is None:
        return _or_raise(try_open_rgb(path))

    def convert(image: ImageFile) -> Image.Image:
        reduce_jpeg(image, needed)
        return to_rgb(image)

    return _or_raise(_try_open(path, convert))


def open_rgb_content(content: bytes) -> Image.Image:
    """The same of a file's content.

    Raises:
        DataError: the content cannot be decoded, or is not bytes.
    """
    if not isinstance(content, bytes | bytearray | memoryview):
        raise DataError(
            f"expected the bytes of an image file; got {type(content).__name__}; `datasets` gives them "
            'as sample["jpg"]["bytes"] after stream.cast_column("jpg", Image(decode=False))'
        )
    file = BytesIO(content)
    try:
        return use_content(file, to_rgb)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # decoders of broken files raise exceptions of all kinds
        problem, remedy = explain(file, error)
        raise DataError(f"the picture {problem}; {remedy}") from error


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
