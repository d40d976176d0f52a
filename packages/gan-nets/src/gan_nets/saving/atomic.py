"""Files that are complete or absent."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LONGEST_NAME = 255  # bytes, of the usual file systems


@contextmanager
def atomic_write(target: Path) -> Generator[Path]:
    """A temporary path to write to, renamed to `target` at the end of the block and deleted after an error.

    The folder of `target` is made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = _beside(target)
    try:
        yield path
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def restored_after_error(file: Path) -> Generator[None]:
    """Put `file` back after an error in the block, or remove it if it was not there."""
    former = file.with_name(f".{file.name}.former")
    try:
        if file.is_file():
            shutil.copyfile(file, former)
        yield
    except BaseException:
        if former.exists():
            former.replace(file)
        elif file.is_file():
            file.unlink()
        raise
    finally:
        former.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("r+b") as file:  # Windows flushes writable files only
        os.fsync(file.fileno())


def _beside(target: Path) -> Path:
    """A hidden name in the same folder, with the same suffix, and not too long for file systems."""
    ending = f".writing{target.suffix}"
    room = max(LONGEST_NAME - 1 - len(os.fsencode(ending)), 0)
    return target.with_name(f".{os.fsencode(target.stem)[:room].decode(errors='ignore')}{ending}")
