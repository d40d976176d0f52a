"""The sizes of images, from the headers of their files alone."""

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from gan_data.base.errors import DataError, Finding, first_few
from gan_data.base.threads import map_in_threads
from gan_data.decoding.diagnosis import diagnose
from gan_data.decoding.metadata import ORIENTING_TEXTS
from gan_data.decoding.picture import QUARTER_TURNED, orientation_of, use_picture

Sizes = list[tuple[Path, tuple[int, int]]]  # paths, and the heights and widths of their images
WIDTH_TAG, HEIGHT_TAG = 256, 257
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})


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
        return use_picture(path, _upright_size)
    except DataError:
        raise
    except Exception as error:  # as in `opening`
        return diagnose(path, error)


def _upright_size(image: ImageFile) -> tuple[int, int]:
    width, height = image.size
    if isinstance(image, TiffImageFile):  # newer Pillows report the upright size, older ones do not
        tags = image.tag_v2
        width, height = tags[WIDTH_TAG], tags[HEIGHT_TAG]
    elif image.format == "PNG" and _has_orientation_after_pixels(image):
        image.load()
    return (width, height) if orientation_of(image) in QUARTER_TURNED else (height, width)


def _has_orientation_after_pixels(image: ImageFile) -> bool:
    """Whether a PNG has chunks after its pixels in which Pillow looks for an orientation."""
    file = image.fp
    assert file is not None
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
