"""A hash of the contents of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(files: Iterable[str | Path]) -> str:
    """A hash of the contents of some files in their order, independent of their names and folders.

    Args:
        files: in the order of the data set. Each is read completely, which takes seconds for a gigabyte.

    Returns:
        SHA-256 as 64 hexadecimal digits.

    Raises:
        OSError: a file cannot be read.
        ValueError: there are no files.
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise ValueError("expected at least one file to hash; got none; check the folder")
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
