"""Files that are whole or absent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """A path to write to; what is there in the end becomes `target`, after an error nothing does.

    The folder is made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{target.stem}.writing{target.suffix}")
    try:
        yield path
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)
