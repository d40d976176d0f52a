"""Finding the image files of a folder."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from gan_data.base.errors import DataError
from gan_data.files.search import Folder, search_folder


def find_images(root: Folder) -> list[Path]:
    """All image files in `root` and its subfolders, in the same order on every machine.

    The files of `IMAGE_SUFFIXES`, as `search_folder` finds them, which also says what it passed over.

    Args:
        root: a folder.

    Returns:
        Paths that begin with `root`, sorted by their parts.

    Raises:
        DataError: there is no such folder, no image is in it, or one of its subfolders cannot be read.
    """
    images, passed_over = search_folder(root)
    if not images:
        held = f"only {passed_over}" if passed_over else "no file at all"
        raise DataError(
            f"{root}: expected images (jpg, png, webp, tiff, bmp, gif, ...); the folder and its subfolders "
            f"hold {held}; check the path or convert them"
        )
    return images


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
