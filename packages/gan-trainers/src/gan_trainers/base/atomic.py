"""Atomic writes: after an interruption a file is the old one or the new one, never a part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def explained_os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into one sentence that names `path` and the remedy.

    Raises:
        OSError: in place of the block's own.
    """
    try:
        yield
    except OSError as error:
        raise OSError(
            f"could not write {path}: {error.strerror or error}; free disk space or allow writing there, and "
            "run the same command again"
        ) from error


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """A temporary path to write to; it replaces `file` when the block ends without an error."""
    temporary = file.with_name(f".{file.name}.writing")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write_text(file: Path, text: str) -> None:
    """Write `text` to `file` atomically."""
    with atomic_write(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def flush(path: Path) -> None:
    """Wait until `path`, a file or a folder, is on the disk.

    Windows flushes only what is open for writing, and no folders.
    """
    windows = os.name == "nt"
    if windows and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
