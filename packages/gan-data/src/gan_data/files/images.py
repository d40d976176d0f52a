"""Finding the image files of a folder."""

import logging
from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path

from gan_data.base.errors import DataError
from gan_data.base.text import printable
from gan_data.files.search import Folder, Found, search_folder

log = logging.getLogger("gan_data")


def find_images(root: Folder) -> list[Path]:
    """All image files in `root` and its subfolders, in the same order on every machine.

    The files of `IMAGE_SUFFIXES`, as `search_folder` finds them. What it passed over is logged as a warning,
    once for each folder.

    Args:
        root: a folder.

    Returns:
        Paths that begin with `root`, sorted by their parts.

    Raises:
        DataError: there is no such folder, no image is in it, or one of its subfolders cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("b.png", "a.jpg", "notes.txt"):
        ...     Path(name).touch()
        >>> [path.name for path in find_images(".")]
        ['a.jpg', 'b.png']
    """
    images, passed_over = require_images(root)
    if passed_over:
        _warn_once(f"{root}: passed over {passed_over}")
    return images


def require_images(root: Folder) -> Found:
    """As `search_folder` for images, which logs nothing.

    Raises:
        DataError: as in `find_images`.
    """
    found = search_folder(root)
    if not found.files:
        held = f"only {found.passed_over}" if found.passed_over else "no file at all"
        raise DataError(
            f"{root}: expected images (jpg, png, webp, tiff, bmp, gif, ...); the folder and its subfolders "
            f"hold {held}; check the path or convert them"
        )
    return found


def images_in(source: Folder | Sequence[Path]) -> list[Path]:
    """`source` itself if it is a list of files, else the images in the folder `source`.

    Raises:
        DataError: the folder is missing, or the folder or the list is empty.
    """
    if isinstance(source, str | PathLike):
        return find_images(source)
    if not source:
        raise DataError("expected at least one image; got an empty list; check what was filtered out")
    return [Path(path) for path in source]


@cache
def _warn_once(line: str) -> None:
    log.warning("%s", printable(line))
