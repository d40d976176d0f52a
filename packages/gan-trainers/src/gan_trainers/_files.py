"""Writing so that a kill leaves files whole or absent, and what to say when the disk refuses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make an OSError inside the block one sentence that names `path` and the remedy.

    Raises:
        OSError: in place of the block's own.
    """
    try:
        yield
    except OSError as error:
        raise OSError(
            f"could not write {path}: {error.strerror or error}; make room or allow writing there, and "
            "run the same command again"
        ) from error


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path to write to, which then becomes `file`: a kill leaves the old file or the new, never a part."""
    aside = file.with_name(f".{file.name}.writing")
    try:
        yield aside
        flush(aside)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def replace_text(file: Path, text: str) -> None:
    """Write `text` aside and rename it to `file`."""
    with replacing(file) as aside:
        aside.write_text(text, encoding="utf-8")


def flush(path: Path) -> None:
    """Wait until `path`, a file or a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
