"""Walking through a folder and what is linked into it, without opening a file."""

import errno
import os
from collections.abc import Iterator
from os import DirEntry
from pathlib import Path
from typing import Literal

from gan_data.base.errors import DataError
from gan_data.files.junk import is_junk

Kind = Literal["file", "special", "broken link", "loop"]


def walk(root: Path) -> Iterator[tuple[Path, Kind]]:
    """Everything in `root` and its subfolders but junk, and folders, which are entered; in no order.

    Raises:
        DataError: a folder, or the kind of an entry, cannot be read.
    """
    waiting = [(root, frozenset(root.resolve().parents))]  # no recursion: Python's stack may be too small
    while waiting:
        folder, above = waiting.pop()
        real = folder.resolve()
        if real in above:
            yield folder, "loop"
            continue
        for entry in _entries(folder):
            path = folder / entry.name
            kind = _kind(entry, path)
            if kind == "folder":
                waiting.append((path, above | {real}))
            else:
                yield path, kind


def reason(error: OSError) -> str:
    """What the system says of an error, without its number and the path."""
    return error.strerror or str(error)


def _entries(folder: Path) -> list[DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not is_junk(entry.name)]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({reason(error)}); check its permissions") from None


def _kind(entry: DirEntry[str], path: Path) -> Literal["folder"] | Kind:
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "special" if path.exists() else "broken link"
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return "broken link"
        raise DataError(f"{path}: cannot be read ({reason(error)}); check its permissions") from None
