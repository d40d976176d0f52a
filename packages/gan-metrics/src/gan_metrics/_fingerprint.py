"""A name for the contents of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(files: Iterable[str | Path]) -> str:
    """A name for what is in some files, in their order, wherever they lie and whatever they are called.

    Args:
        files: in the order of the data set. Each is read whole: seconds for a gigabyte.

    Returns:
        SHA-256 in 64 hexadecimal digits.

    Raises:
        OSError: one of them cannot be read.
        ValueError: there are none.
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise ValueError("expected at least one file to take a fingerprint of; got none; look at the folder")
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
