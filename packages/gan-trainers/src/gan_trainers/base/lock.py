"""A lock on a folder, which the operating system takes back from a process that ends in any way."""

import errno
import json
import os
import socket
import sys
import time
import uuid
import weakref
from dataclasses import dataclass
from pathlib import Path

from gan_trainers.base.atomic import explained_os_errors

LOCK_FILE = ".lock"

_FAR = 2**30  # Windows forbids others to read what is locked, so a byte far behind the text is locked there
_IN_USE = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK}


@dataclass
class _Held:
    descriptor: int
    users: int


_held: dict[Path, _Held] = {}


def lock_folder(folder: Path, user: object) -> tuple[str, bool]:
    """Keep other processes out of `folder` while `user` exists; it may have several users in one process.

    Args:
        folder: an existing one.
        user: the object for which it is locked.

    Returns:
        The text of the lock file, which differs each time, and whether the disk has locks; on some network
        disks there are none.

    Raises:
        OSError: naming the process that uses the folder, or if the lock file cannot be written.
    """
    file = folder.resolve() / LOCK_FILE
    works = True
    if file not in _held:
        with explained_os_errors(file):
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            works = _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise OSError(f"{folder} is in use by {_owner(file)}") from None
        _held[file] = _Held(descriptor, 0)
    _held[file].users += 1
    weakref.finalize(user, _leave, file)
    return _sign(file, _held[file].descriptor), works


def _sign(file: Path, descriptor: int) -> str:
    """Write into the lock file who has it."""
    owner = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "id": uuid.uuid4().hex,
    }
    text = json.dumps(owner)
    with explained_os_errors(file):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)  # only then does a network disk show it to other machines
    return text


def _lock(descriptor: int) -> bool:
    """Lock the file; False where the disk has no locks.

    Raises:
        BlockingIOError: if another process has it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _IN_USE:
            raise BlockingIOError from error
        return False
    return True


def _owner(file: Path) -> str:
    """The process that wrote the lock file, in words, and what to do about it."""
    try:
        owner = json.loads(file.read_text("utf-8"))
        process, host, since = owner["process"], owner["host"], owner["since"]
    except (OSError, ValueError, KeyError, TypeError):
        return "another process; wait until it has ended, or choose another folder"
    return (
        f"process {process} on {host}, since {since}; wait until it has ended, stop it (kill {process}, "
        "which lets it save), or choose another folder"
    )


def _leave(file: Path) -> None:
    """One user less; the lock ends with the last one. The file stays: removing it could remove another's."""
    held = _held.get(file)
    if held is None:
        return
    held.users -= 1
    if not held.users:
        del _held[file]
        os.close(held.descriptor)


def _leave_all() -> None:
    """Close the copies that a forked process has: else a lock would outlive its owner in a data worker."""
    for held in _held.values():
        os.close(held.descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
