"""Finding the image files of a folder, or of its manifest."""

import logging
from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path

from gan_data.base.errors import DataError
from gan_data.base.text import printable
from gan_data.files.indexed import IndexedFiles
from gan_data.files.manifest import Manifest, manifest_in
from gan_data.files.search import Folder, Found, search_folder

log = logging.getLogger("gan_data")


def find_images(root: Folder) -> Sequence[Path]:
    """All image files in `root` and its subfolders, in the same order on every machine.

    The files of `IMAGE_SUFFIXES`, as `search_folder` finds them. What it passed over is logged as a warning,
    once for each folder. A manifest (`gan-data index FOLDER`) stands for its folder, and
    `FOLDER.parquet/train` for a subfolder: its files are those that were indexed, and the folder is not read.

    Args:
        root: a folder or a manifest.

    Returns:
        Paths that begin with `folder_of(root)`, sorted by their parts: a list; of a manifest `IndexedFiles`.

    Raises:
        DataError: there is no such folder, no image is in it, or one of its subfolders cannot be read; the
            manifest cannot be read.

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
    found = _search(root)
    if not found.files:
        held = f"only {found.passed_over}" if found.passed_over else "no file at all"
        raise DataError(
            f"{root}: expected images (jpg, png, webp, tiff, bmp, gif, ...); the folder and its subfolders "
            f"hold {held}; check the path or convert them"
        )
    return found


def images_in(source: Folder | Sequence[Path]) -> Sequence[Path]:
    """`source` itself if it is a list of files, else the images in the folder or manifest `source`.

    Raises:
        DataError: the folder is missing, or the folder or the list is empty.
    """
    if isinstance(source, str | PathLike):
        return find_images(source)
    if not source:
        raise DataError("expected at least one image; got an empty list; check what was filtered out")
    return source if isinstance(source, IndexedFiles) else [Path(path) for path in source]


def folder_of(source: Folder) -> Path:
    """The folder that a path names, or whose files a manifest lists; it may be missing.

    Args:
        source: a folder, a manifest, or a subfolder of one, such as `photos.parquet/train`.

    Raises:
        DataError: the manifest cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> Path("photos").mkdir()
        >>> write_image("photos/1.png", torch.zeros(3, 8, 8))
        >>> folder_of(index_folder("photos").manifest).name
        'photos'
    """
    named = manifest_in(source)
    return Path(source).expanduser() if named is None else Manifest(named[0]).root / named[1]


def holds_images(source: Folder) -> bool:
    """Whether there is such a folder, or the manifest lists images in such a subfolder.

    Raises:
        DataError: the manifest cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> Path("photos").mkdir()
        >>> write_image("photos/1.png", torch.zeros(3, 8, 8))
        >>> manifest = index_folder("photos").manifest
        >>> holds_images(manifest), holds_images(manifest / "train")
        (True, False)
    """
    named = manifest_in(source)
    if named is None:
        return Path(source).expanduser().is_dir()
    first, last = Manifest(named[0]).rows_of(named[1])
    return first < last


def _search(root: Folder) -> Found:
    named = manifest_in(root)
    if named is None:
        return search_folder(root)
    manifest, folder = Manifest(named[0]), named[1]
    return Found(IndexedFiles(manifest, manifest.rows_of(folder)), manifest.passed_over_in(folder))


@cache
def _warn_once(line: str) -> None:
    log.warning("%s", printable(line))
