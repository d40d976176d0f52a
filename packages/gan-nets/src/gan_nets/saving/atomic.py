"""Files that are complete or absent."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(target: Path) -> Generator[Path]:
    """A temporary path to write to, renamed to `target` at the end of the block and deleted after an error.

    The folder of `target` is made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{target.stem}.writing{target.suffix}")
    try:
        yield path
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)
