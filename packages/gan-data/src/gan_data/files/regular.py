"""Opening a file, which never waits."""

import errno
import stat
from io import BufferedReader
from pathlib import Path

KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, unless it is a named pipe, a socket or a device: opening those may never end.

    Args:
        path: the file.

    Returns:
        The open file.

    Raises:
        OSError: it cannot be opened, or is not a regular file; `strerror` says why.

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("a.bin").write_bytes(b"123")
        >>> with open_regular(Path("a.bin")) as file:
        ...     print(file.read())
        b'123'
    """
    mode = path.stat().st_mode
    for is_kind, name in KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, f"{name}, not a regular file", str(path))
    return path.open("rb")
