"""The folder of a run: writable, used by this run alone, and the same for all of its processes."""

import time
from pathlib import Path

from gan_trainers.base.lock import LOCK_FILE, lock_folder
from gan_trainers.base.waiting import from_first, this_process, together

_PATIENCE = 10.0  # seconds; a network disk may show a new file to other machines only after a while


def claim_folder(folder: Path, run: object) -> list[str]:
    """Create the folder of a run and keep other runs out of it while `run` exists.

    Every process calls it. Nothing is written before the first process has the lock.

    Returns:
        What the user should know, if anything.

    Raises:
        OSError: if a process cannot write there, another run uses it, or it is not the same folder for all
            processes of this run.
    """
    text, works, place = from_first(lambda: _claim(folder, run))
    together(lambda: _join(folder, text, place))
    if works:
        return []
    return [f"the disk of {folder} has no file locks; do not start a second run there while this one runs"]


def _claim(folder: Path, run: object) -> tuple[str, bool, str]:
    _make_writable(folder)
    return *lock_folder(folder, run), _place(folder)


def _join(folder: Path, text: str, place: str) -> None:
    """Make sure that this process sees the lock that the first one wrote."""
    file = folder / LOCK_FILE
    end = time.monotonic() + _PATIENCE
    while not (folder.is_dir() and file.exists() and file.read_text("utf-8") == text):
        if time.monotonic() > end:
            raise OSError(
                f"{_place(folder)} is not {place}; all processes of a run need the same folder, on a disk "
                "that their machines share"
            )
        time.sleep(0.1)
    _make_writable(folder)


def _place(folder: Path) -> str:
    return f"the folder {folder.resolve()} of {this_process()}"


def _make_writable(folder: Path) -> None:
    """Create a folder, and make sure that files can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{this_process().split()[1]}"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
