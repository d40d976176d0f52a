"""The sizes of images, from the headers of their files alone."""

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from gan_data.base.errors import DataError, Finding, first_few
from gan_data.base.threads import map_in_threads
from gan_data.decoding.diagnosis import diagnose
from gan_data.decoding.metadata import ORIENTING_TEXTS
from gan_data.decoding.picture import QUARTER_TURNED, orientation_of, use_picture
from gan_data.files.indexed import Condition, IndexedFiles
from gan_data.files.indexed_tuples import IndexedTuples, have_equal_sizes

WIDTH_TAG, HEIGHT_TAG = 256, 257
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})


class Sizes(NamedTuple):
    """The sizes of some images, as height and width.

    Attributes:
        count: how many images there are.
        distinct: those that occur.
        each: every path with its size, which takes long for millions.
    """

    count: int
    distinct: AbstractSet[tuple[int, int]]
    each: Callable[[], Iterable[tuple[Path, tuple[int, int]]]]

    def wrong(self, is_wrong: Callable[[int, int], bool]) -> list[tuple[Path, tuple[int, int]]]:
        """The paths and sizes for which a function of height and width is true."""
        if not any(is_wrong(*size) for size in self.distinct):
            return []
        return [(path, size) for path, size in self.each() if is_wrong(*size)]

    def halved(self) -> "Sizes":
        """The sizes of the left halves."""
        distinct = {(height, width // 2) for height, width in self.distinct}
        each = self.each
        return Sizes(self.count, distinct, lambda: ((path, (h, w // 2)) for path, (h, w) in each()))

    def of(self, paths: Sequence[Path]) -> "Sizes":
        """The sizes of some of the images."""
        if isinstance(paths, IndexedFiles):
            return _indexed_sizes(paths)
        some = {*paths}
        return _listed([(path, size) for path, size in self.each() if path in some])


def read_sizes(paths: Sequence[Path]) -> Sizes:
    """The sizes of images: from the headers of their files, or from their manifest.

    Raises:
        DataError: some files have no readable header; they are named.
    """
    if isinstance(paths, IndexedFiles):
        return _indexed_sizes(paths)
    return _listed(_require_sizes(paths, len(paths)))


def _require_sizes(paths: Sequence[Path], total: int) -> list[tuple[Path, tuple[int, int]]]:
    sizes = list(zip(paths, map_in_threads(read_size, paths), strict=True))
    broken = [size for _, size in sizes if isinstance(size, Finding)]
    if len(broken) == 1:
        raise DataError(str(broken[0]))
    if broken:
        named = first_few([f"{finding.path} ({finding.problem})" for finding in broken])
        raise DataError(f"{len(broken)} of {total} files cannot be read: {named}; repair or delete them")
    return [(path, size) for path, size in sizes if not isinstance(size, Finding)]


def _listed(sizes: list[tuple[Path, tuple[int, int]]]) -> Sizes:
    return Sizes(len(sizes), {size for _, size in sizes}, lambda: sizes)


def _indexed_sizes(files: IndexedFiles) -> Sizes:
    """The headers of files that could not be decoded are read: what is truncated raises when it is used."""
    _require_sizes(list(files.where(Condition("broken", True))), len(files))
    columns = ["height", "width"]
    distinct: set[tuple[int, int]] = set()
    for block in files.blocks(columns):
        rows = block.group_by(columns).aggregate([])
        distinct |= {*zip(*(rows[name].to_pylist() for name in columns), strict=True)}

    def each() -> Iterator[tuple[Path, tuple[int, int]]]:
        for block in files.blocks(["path", *columns]):
            for path, height, width in zip(*(column.to_pylist() for column in block.columns), strict=True):
                yield files.manifest.root / path, (height, width)

    return Sizes(len(files), distinct, each)


def require_equal_sizes(pairs: Sequence[tuple[Path, Path]], remedy: str) -> Sizes:
    """Make sure that both images of each pair have the same size; returns the sizes of the first ones.

    Raises:
        DataError: some pairs differ; they are named, with their sizes and the remedy.
    """
    files_a, files_b = _columns(pairs)
    of_a, of_b = read_sizes(files_a), read_sizes(files_b)
    if isinstance(files_a, IndexedFiles) and isinstance(files_b, IndexedFiles):
        equal = have_equal_sizes(files_a, files_b)
    else:
        equal = len(of_a.distinct | of_b.distinct) == 1
    clashes = [
        f"{a} ({size_a[0]}x{size_a[1]}) and {b} ({size_b[0]}x{size_b[1]})"
        for (a, size_a), (b, size_b) in ([] if equal else zip(of_a.each(), of_b.each(), strict=True))
        if size_a != size_b
    ]
    if clashes:
        raise DataError(
            f"expected both images of each pair to have the same size; {len(clashes)} of {of_a.count} pairs "
            f"differ: {first_few(clashes)}; {remedy}"
        )
    return of_a


def _columns(pairs: Sequence[tuple[Path, Path]]) -> Sequence[Sequence[Path]]:
    """The first files of pairs, and the second; of a manifest also those that are held out."""
    if isinstance(pairs, IndexedTuples):
        return [files for files in pairs.columns if files is not None]
    return [[pair[side] for pair in pairs] for side in (0, 1)]


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
