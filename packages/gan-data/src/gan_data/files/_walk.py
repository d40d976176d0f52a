"""Walking through a folder and what is linked into it, without opening a file."""

import errno
import os
from collections.abc import Iterator
from os import DirEntry
from pathlib import Path
from typing import Literal

from gan_data.base.errors import DataError
from gan_data.base.text import comparable
from gan_data.files.junk import is_junk

Kind = Literal["file", "special", "broken link", "loop"]
_Waiting = tuple[Path, Literal["folder"] | Kind, frozenset[Path]]  # a path, and the folders above it


def walk(root: Path) -> Iterator[tuple[Path, Kind]]:
    """Everything in `root` and its subfolders but junk, and folders, which are entered; sorted by parts.

    Names are sorted in one Unicode form, since disks keep them in different ones. Only the entries of the
    folders that are open are in memory.

    Raises:
        DataError: a folder, or the kind of an entry, cannot be read.
    """
    waiting: list[_Waiting] = [(root, "folder", frozenset(root.resolve().parents))]
    while waiting:  # no recursion: Python's stack may be too small
        path, kind, above = waiting.pop()
        if kind != "folder":
            yield path, kind
            continue
        real = path.resolve()
        if real in above:
            yield path, "loop"
            continue
        inside = sorted(_entries(path), key=lambda entry: name_in_order(entry.name), reverse=True)
        within = above | {real}
        paths = [(path / entry.name, entry) for entry in inside]
        waiting.extend((each, _kind(entry, each), within) for each, entry in paths)


def name_in_order(name: str) -> tuple[str, str]:
    """A key to sort the entries of a folder by."""
    return comparable(name), name


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
