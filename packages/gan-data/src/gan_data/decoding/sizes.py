"""The sizes of images, from the headers of their files alone."""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from gan_data.base.errors import DataError, Finding, first_few
from gan_data.base.threads import map_in_threads
from gan_data.decoding._diagnosis import diagnose

Sizes = list[tuple[Path, tuple[int, int]]]  # paths, and the heights and widths of their images
WIDTH_TAG, HEIGHT_TAG, ORIENTATION_TAG = 256, 257, 274  # of TIFF and EXIF
QUARTER_TURNED = frozenset({5, 6, 7, 8})  # orientations that exchange height and width
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
ORIENTING_TEXTS = frozenset({b"exif", b"Raw profile type exif", b"XML:com.adobe.xmp", b"xmp"})


def read_sizes(paths: Sequence[Path]) -> Sizes:
    """Each path with the height and width of its image.

    Raises:
        DataError: some files have no readable header; they are named.
    """
    sizes = list(zip(paths, map_in_threads(read_size, paths), strict=True))
    broken = [size for _, size in sizes if isinstance(size, Finding)]
    if len(broken) == 1:
        raise DataError(str(broken[0]))
    if broken:
        named = first_few([f"{finding.path} ({finding.problem})" for finding in broken])
        raise DataError(f"{len(broken)} of {len(paths)} files cannot be read: {named}; repair or delete them")
    return [(path, size) for path, size in sizes if not isinstance(size, Finding)]


def require_equal_sizes(pairs: Sequence[tuple[Path, Path]], remedy: str) -> Sizes:
    """Make sure that both images of each pair have the same size; returns the sizes of the first ones.

    Raises:
        DataError: some pairs differ; they are named, with their sizes and the remedy.
    """
    of_a, of_b = (read_sizes([pair[side] for pair in pairs]) for side in (0, 1))
    clashes = [
        f"{a} ({size_a[0]}x{size_a[1]}) and {b} ({size_b[0]}x{size_b[1]})"
        for (a, size_a), (b, size_b) in zip(of_a, of_b, strict=True)
        if size_a != size_b
    ]
    if clashes:
        raise DataError(
            f"expected both images of each pair to have the same size; {len(clashes)} of {len(pairs)} pairs "
            f"differ: {first_few(clashes)}; {remedy}"
        )
    return of_a


def read_size(path: Path) -> tuple[int, int] | Finding:
    """Height and width of the upright image in a file, or the problem with the file."""
    try:
        with path.open("rb") as file, Image.open(file) as image:
            width, height = image.size
            if isinstance(image, TiffImageFile):  # newer Pillows report the upright size, older ones do not
                tags = image.tag_v2
                width, height = tags[WIDTH_TAG], tags[HEIGHT_TAG]
            elif image.format == "PNG" and _has_orientation_after_pixels(image, file):
                image.load()
            # The method that also rotates decoded images; PNG's own would decode the whole image first.
            orientation = Image.Image.getexif(image).get(ORIENTATION_TAG)
            return (width, height) if orientation in QUARTER_TURNED else (height, width)
    except Exception as error:  # as in `opening`
        return diagnose(path, error)


def _has_orientation_after_pixels(image: ImageFile, file: BinaryIO) -> bool:
    """Whether a PNG has chunks after its pixels in which Pillow looks for an orientation."""
    file.seek(image.tile[0][2] - 8)
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
