"""Answers about files, kept between starts in the user's cache folder."""

import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gan_data.base.threads import map_in_threads

CACHE = "GAN_CACHE"  # the folder of the answers, or "off"
_RECENT = 2_000_000_000  # nanoseconds within which a file could change twice at the same time of change
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (kind TEXT, path BLOB, stamp TEXT, answer REAL, "
    "PRIMARY KEY (kind, path)) WITHOUT ROWID"
)
_noted: set[Path] = set()  # stores about which a note was printed
log = logging.getLogger("gan_data")


class _File(NamedTuple):
    """A file's path, and what changes when the file does; None if that is not known yet."""

    path: bytes
    stamp: str | None


def kept_answers(kind: str, paths: Sequence[Path], answer: Callable[[Path], float]) -> list[float]:
    """`[answer(path) for path in paths]`, in threads, or from an earlier start for files that are unchanged.

    A file is unchanged if its size, inode, and times of modification and of status change are. What is kept
    are plain values in an SQLite file; if it cannot be read or written, a note says so and all answers are
    computed.

    Args:
        kind: a name of the question; another one if the answers may be others.
        paths: the files.
        answer: a finite number about a file; what it raises is raised.
    """
    store, files = _store(), [_file(path) for path in paths]
    if store is None:
        return map_in_threads(answer, paths)
    known = _read(store, kind, files)
    missing = {file: path for file, path in zip(files, paths, strict=True) if file not in known}
    fresh = dict(zip(missing, map_in_threads(answer, missing.values()), strict=True))
    _write(store, kind, {file: value for file, value in fresh.items() if file.stamp})
    return [known[file] if file in known else fresh[file] for file in files]


def _file(path: Path) -> _File:
    name = os.fsencode(path.absolute())
    try:
        status = path.stat()
    except OSError:  # the function that opens the file says why
        return _File(name, None)
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _RECENT:
        return _File(name, None)
    return _File(name, f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}")


def _store() -> Path | None:
    """The file of the answers; None for none."""
    folder = os.environ.get(CACHE) or os.environ.get("XDG_CACHE_HOME") or _cache_folder()
    try:
        return None if folder == "off" else Path(folder).expanduser() / "gan-data" / "answers.sqlite"
    except RuntimeError:  # the user has no home
        return None


def _cache_folder() -> str:
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    return "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"


def _read(store: Path, kind: str, files: Iterable[_File]) -> dict[_File, float]:
    """The answers that are kept, of files that are unchanged."""
    known: dict[_File, float] = {}
    question = "SELECT answer FROM answers WHERE kind = ? AND path = ? AND stamp = ?"
    try:
        if not store.is_file():
            return known
        with closing(sqlite3.connect(store, timeout=10)) as database:
            for file in files:
                row = database.execute(question, (kind, *file)).fetchone()
                if row is not None and isinstance(row[0], float):
                    known[file] = row[0]
    except (OSError, sqlite3.Error) as error:
        _note(store, str(error))
    return known


def _write(store: Path, kind: str, answers: dict[_File, float]) -> None:
    try:
        if not answers:
            return
        store.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(store, timeout=10)) as database, database:
            database.execute(_TABLE)
            rows = [(kind, *file, value) for file, value in answers.items()]
            database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
    except (OSError, sqlite3.Error) as error:
        _note(store, str(error))


def _note(store: Path, error: str) -> None:
    """Say once that nothing is kept there."""
    if store not in _noted:
        _noted.add(store)
        log.warning(
            "%s: answers about files cannot be kept there (%s); they are computed at every start; "
            "delete the file, or set %s to another folder or to off",
            store,
            error,
            CACHE,
        )
