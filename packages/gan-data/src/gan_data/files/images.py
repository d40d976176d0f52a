"""Finding the image files of a folder."""

import os
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from gan_data.base.errors import DataError

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga"}
    | {".tif", ".tiff", ".webp"}
)
Folder = str | PathLike[str]


def find_images(root: Folder) -> list[Path]:
    """All image files in `root` and its subfolders, in the same order on every machine.

    Hidden files and folders are skipped: among them are the "._name.jpg" that macOS puts into archives.
    Links to folders are followed.

    Args:
        root: a folder.

    Returns:
        Paths that begin with `root`, sorted by their parts.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is a file" if root.is_file() else "does not exist"
        raise DataError(f"{root}: expected a folder of images; this {what}; give the folder that holds them")
    files = list(_files(root))
    images = sorted(file for file in files if file.suffix.lower() in SUFFIXES)
    if not images:
        others = f"only other files such as {files[0].name}" if files else "no file at all"
        raise DataError(
            f"{root}: expected images (jpg, png, webp, tiff, bmp, gif, ...); the folder and its subfolders "
            f"hold {others}; check the path or convert them"
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


def _files(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    if folder.resolve() in above:  # a link to a folder above: following it would never end
        return
    above |= {folder.resolve()}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from None
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from _files(folder / entry.name, above)
        else:
            yield folder / entry.name
