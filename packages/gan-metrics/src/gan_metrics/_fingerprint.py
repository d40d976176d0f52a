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
        ValueError: there are no files, or one is a folder, a named pipe or a device.

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("a.png").write_bytes(b"1")
        >>> _ = Path("b.png").write_bytes(b"1")
        >>> fingerprint(["a.png"]) == fingerprint(["b.png"])
        True
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise ValueError("expected at least one file to hash; got none; check the folder")
    whole = hashlib.sha256()
    for path in paths:
        if not path.is_file() and path.exists():  # reading a named pipe may never end
            raise ValueError(f"{path}: expected a file to hash; got a folder, pipe or device")
        with path.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
