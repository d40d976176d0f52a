"""Searching a folder: the files that are wanted, and what was passed over."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from gan_data.base.errors import DataError, first_few
from gan_data.base.text import comparable, printable
from gan_data.files._walk import reason, walk
from gan_data.files.formats import IMAGE_SUFFIXES

Folder = str | PathLike[str]


@dataclass(frozen=True)
class PassedOver:
    """What a search of a folder passed over, without hidden files and those that a system made.

    `str()` of it is one line that counts and names all of it; it is false if there is nothing.

    Attributes:
        suffixes: how many files there are of each other suffix, in lower case; "" is none.
        special: named pipes, sockets and devices, which are never opened.
        links: links that lead nowhere or to themselves, and links to a folder above, which would never end.

    Examples:
        >>> from pathlib import Path
        >>> Path("notes.txt").touch()
        >>> passed_over = search_folder(".").passed_over
        >>> bool(passed_over), passed_over.suffixes[".txt"]
        (True, 1)
    """

    suffixes: Counter[str] = field(default_factory=Counter[str])
    special: list[Path] = field(default_factory=list[Path])
    links: list[Path] = field(default_factory=list[Path])

    def __bool__(self) -> bool:
        return bool(self.suffixes or self.special or self.links)

    def __str__(self) -> str:
        ordered = sorted(self.suffixes.items(), key=lambda item: (-item[1], item[0]))
        counted = [f"{count} {suffix or 'without suffix'}" for suffix, count in ordered]
        parts = (
            _part(self.suffixes.total(), "file", "of other kinds", counted),
            _part(len(self.special), "special file", "such as a pipe", self.special),
            _part(len(self.links), "link", "to nowhere or in a circle", self.links),
        )
        return printable("; ".join(part for part in parts if part))


class Found(NamedTuple):
    """The result of a search.

    Attributes:
        files: the files that were searched for; paths that begin with the folder, sorted by their parts.
        passed_over: what else the folder holds.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("a.png", "b.PNG", "notes.txt"):
        ...     Path(name).touch()
        >>> found = search_folder(".")
        >>> [path.name for path in found.files], found.passed_over.suffixes[".txt"]
        (['a.png', 'b.PNG'], 1)
    """

    files: Sequence[Path]
    passed_over: PassedOver


def search_folder(root: Folder, suffixes: AbstractSet[str] = IMAGE_SUFFIXES) -> Found:
    """The files of some suffixes in `root` and its subfolders, in the same order on every machine.

    Hidden files and folders, and those that a system made, are left out: `.thumbnails`, `@eaDir`,
    `$RECYCLE.BIN`, `System Volume Information`, `lost+found`, `__MACOSX`, `Thumbs.db` ... Links to folders
    are followed, but not to a folder above. Only regular files are listed; no file is opened.

    Args:
        root: a folder.
        suffixes: those searched for, in lower case.

    Returns:
        The files, and what was passed over. A link of such a suffix that leads nowhere is among the files,
        so that reading it is an error: it was meant.

    Raises:
        DataError: there is no such folder, or it or one of its subfolders cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("a.png", "b.PNG", "notes.txt"):
        ...     Path(name).touch()
        >>> [path.name for path in search_folder(".").files]
        ['a.png', 'b.PNG']
    """
    passed_over = PassedOver()
    return Found(list(found_in(Path(root).expanduser(), passed_over, suffixes)), passed_over)


def found_in(
    root: Path, passed_over: PassedOver, suffixes: AbstractSet[str] = IMAGE_SUFFIXES
) -> Iterator[Path]:
    """The files of a search one after the other; what is passed over is added to `passed_over` meanwhile.

    Raises:
        DataError: as in `search_folder`.
    """
    _require_folder(root)
    for path, kind in walk(root):
        suffix = path.suffix.lower()
        if kind in ("file", "broken link") and suffix in suffixes:
            yield path
        elif kind == "file":
            passed_over.suffixes[suffix] += 1
        else:
            (passed_over.special if kind == "special" else passed_over.links).append(path)


def in_one_order(path: Path) -> tuple[list[str], Path]:
    """A key to sort paths by: their parts, in one Unicode form, since disks keep names in different ones."""
    return comparable(path).split(os.sep), path  # noqa: PTH206 - `parts` would take longer than the walk


def _part(count: int, noun: str, kind: str, names: Sequence[object]) -> str:
    return f"{count} {noun}{'s'[: count != 1]} {kind} ({first_few(names)})" if count else ""


def _require_folder(root: Path) -> None:
    try:
        mode = root.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        what = "does not exist"
    except OSError as error:
        what = f"cannot be read ({reason(error)})"
    else:
        if stat.S_ISDIR(mode):
            return
        what = "is a file" if stat.S_ISREG(mode) else "is neither a folder nor a file"
    raise DataError(f"{root}: expected a folder of images; this {what}; give the folder that holds them")
