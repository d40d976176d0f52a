"""Files that are complete or absent."""

import os
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


def _beside(target: Path) -> Path:
    """A hidden name in the same folder, with the same suffix, and not too long for file systems."""
    ending = f".writing{target.suffix}"
    room = max(LONGEST_NAME - 1 - len(os.fsencode(ending)), 0)
    return target.with_name(f".{os.fsencode(target.stem)[:room].decode(errors='ignore')}{ending}")
