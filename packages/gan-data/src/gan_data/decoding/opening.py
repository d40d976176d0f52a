"""From a file to an upright picture: RGB of 8 bits, whatever was in the file, or one whole number a pixel."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from gan_data.base.errors import DataError, Finding

WIDTH_TAG, HEIGHT_TAG, ORIENTATION_TAG = 256, 257, 274  # of TIFF and EXIF
LOSSY = frozenset({"JPEG", "MPO"})
QUARTER_TURNED = frozenset({5, 6, 7, 8})  # orientations that exchange height and width
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
ORIENTING_TEXTS = frozenset({b"exif", b"Raw profile type exif", b"XML:com.adobe.xmp", b"xmp"})
GREY_STEPS = {"L;2": 85, "L;4": 17}  # by how much Pillow multiplies the levels of 2 and 4 bits
FROM_16_BITS = [(level + 128) // 257 for level in range(65_536)]  # to 8 bits, rounded


class _UnsuitableError(Exception):
    """The file is sound, but not what is wanted; the arguments are the problem and the remedy."""


def open_rgb(path: Path) -> Image.Image:
    """The picture in the file `path`, upright, in mode RGB.

    Raises:
        DataError: the file cannot be decoded.
    """
    return _or_raise(try_open_rgb(path))


def open_labels(path: Path) -> Image.Image:
    """The label or instance map in the file `path`, upright, in mode I: 32-bit whole numbers.

    Raises:
        DataError: the file cannot be decoded, or holds no map.
    """
    return _or_raise(try_open_labels(path))


def try_open_rgb(path: Path) -> Image.Image | Finding:
    """Like `open_rgb`, but returns what is wrong with the file instead of raising it."""
    return _try_open(path, _to_rgb)


def try_open_labels(path: Path) -> Image.Image | Finding:
    """Like `open_labels`, but returns what is wrong with the file instead of raising it."""
    return _try_open(path, _to_labels)


def _or_raise(picture: Image.Image | Finding) -> Image.Image:
    if isinstance(picture, Finding):
        raise DataError(str(picture))
    return picture


def _try_open(path: Path, convert: Callable[[Image.Image], Image.Image]) -> Image.Image | Finding:
    try:
        # By its name Pillow would map the file, and garble an uncompressed TIFF that lies on its side.
        with path.open("rb") as file, Image.open(file) as image:
            return convert(image)
    except MemoryError:
        raise
    except Exception as error:  # on broken files decoders raise whatever they stumble over
        return _diagnose(path, error)


def read_size(path: Path) -> tuple[int, int] | Finding:
    """Height and width of the upright picture from the file's header alone, or what is wrong with it."""
    try:
        with path.open("rb") as file, Image.open(file) as image:
            width, height = image.size
            if image.format == "TIFF":  # newer Pillows report the upright size here, older ones do not
                tags = image.tag_v2  # type: ignore[attr-defined]
                width, height = tags[WIDTH_TAG], tags[HEIGHT_TAG]
            elif image.format == "PNG" and _may_be_turned_behind_the_pixels(image, file):
                image.load()
            # The one that turns decoded pictures too; PNG's own would first decode the whole picture.
            orientation = Image.Image.getexif(image).get(ORIENTATION_TAG)
            return (width, height) if orientation in QUARTER_TURNED else (height, width)
    except Exception as error:
        return _diagnose(path, error)


def _may_be_turned_behind_the_pixels(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a PNG has chunks behind its pixels in which Pillow looks for an orientation."""
    file.seek(image.tile[0][2] - 8)  # type: ignore[attr-defined]
    while len(header := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", header)
        if kind == b"eXIf":
            return True
        if kind in PNG_TEXTS:
            text = file.read(length)
            if text.partition(b"\0")[0] in ORIENTING_TEXTS:
                return True
            length = 0
        file.seek(length + 4, os.SEEK_CUR)  # and the checksum
    return False


def _match_transparency(image: Image.Image) -> None:
    """Bring the colour that a PNG declares transparent to the depth of the pixels that Pillow decodes."""
    if image.format != "PNG" or "transparency" not in image.info:
        return
    layout = _layout(image)
    if layout == "RGB;16B":
        raise _UnsuitableError(
            "declares a colour of 16 bits transparent, which 8 bits cannot tell from its neighbours",
            "save it with an alpha channel or 8 bits",
        )
    if layout in GREY_STEPS:
        image.info["transparency"] *= GREY_STEPS[layout]


def _layout(image: Image.Image) -> str:
    """How the file holds the pixels, such as "L;4" for grey of 4 bits; known until they are decoded."""
    arguments = image.tile[0][3] if image.tile else ""  # type: ignore[attr-defined]
    return arguments[0] if isinstance(arguments, tuple) else arguments


def _to_rgb(image: Image.Image) -> Image.Image:
    _match_transparency(image)
    image.load()  # of an animation or a document with pages, the first
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return _from_16_bits(image).convert("RGB")
    if image.mode == "F":
        raise _UnsuitableError("holds floating-point values of unknown range", "save it with 8 or 16 bits")
    if image.has_transparency_data:
        # White, as on paper and on a web page: what most such pictures were drawn for.
        opaque = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")
    return image.convert("RGB")


def _to_labels(image: Image.Image) -> Image.Image:
    """The numbers as they are: of a palette the entries' places, not their colours."""
    if image.format in LOSSY:
        raise _UnsuitableError(f"is a {image.format}, which alters labels", "save the map as PNG")
    step = GREY_STEPS.get(_layout(image), 1)
    image.load()
    image = ImageOps.exif_transpose(image)
    if step > 1:
        image = image.point([level // step for level in range(256)])
    if image.mode == "P":
        image = Image.frombytes("L", image.size, image.tobytes())
    if image.mode == "1":
        image = image.convert("L").point([0] * 255 + [1])
    if image.mode != "L" and not image.mode.startswith("I"):
        raise _UnsuitableError(
            f"holds colours ({image.mode}), not one label a pixel",
            "save the classes' numbers as a grey or palette PNG",
        )
    return image.convert("I")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """0..65535 to 0..255, rounded. Pillow's own conversion would clip everything above 255 to white."""
    levels = image.convert("I")
    low, high = levels.getextrema()
    if low < 0 or high > 65_535:  # type: ignore[operator]
        raise _UnsuitableError(
            f"holds integers from {low} to {high}, beyond 16 bits", "save it with 8 or 16 bits"
        )
    table = FROM_16_BITS.copy()
    if "transparency" in image.info:
        table[image.info["transparency"]] = 255  # white, as above
    return levels.point(table, "L")


def _diagnose(path: Path, error: Exception) -> Finding:
    def broken(problem: str, remedy: str) -> Finding:
        return Finding(path, "error", problem, remedy)

    if isinstance(error, Image.DecompressionBombError):
        return broken(f"has more pixels than are safe to decode ({error})", "make it smaller")
    if isinstance(error, UnidentifiedImageError):
        if path.stat().st_size == 0:
            return broken("is empty (0 bytes)", "copy it again or delete it")
        return broken("is not an image, whatever its name says", "delete it, or save it again as an image")
    if isinstance(error, OSError) and error.errno is not None:
        return broken(f"cannot be opened ({error.strerror})", "check the path and its permissions")
    if isinstance(error, _UnsuitableError):
        return broken(*error.args)
    return broken(f"is truncated or corrupt ({error})", "copy it again or delete it")
