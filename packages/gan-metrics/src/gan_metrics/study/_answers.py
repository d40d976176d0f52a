"""The file of answers: one JSON record a line, which a kill at any moment does not damage."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]


class AnswerFile:
    """A file to append records to, each with one write that is on the disk before the method returns.

    A last line without its end, of a kill or a full disk, is ended first: it stays, and is no record.

    Args:
        path: the file, which is made if there is none.

    Raises:
        OSError: it cannot be opened, or another process has it open.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until the process ends, however it does
        except BlockingIOError:
            os.close(self._file)
            raise BlockingIOError(
                f"{path}: another process serves this study; stop it, or serve a copy of the folder"
            ) from None

    def append(self, record: Record) -> None:
        """Add a record.

        Raises:
            OSError: it is not on the disk.
        """
        line = json.dumps(record).encode() + b"\n"
        if self._is_torn():
            line = b"\n" + line
        if (written := os.write(self._file, line)) != len(line):
            raise OSError(f"only {written} of {len(line)} bytes could be written; is the disk full?")
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file; another process may then open it."""
        os.close(self._file)

    def _is_torn(self) -> bool:
        end = os.fstat(self._file).st_size
        return end > 0 and os.pread(self._file, 1, end - 1) != b"\n"


def read_answers(path: Path) -> tuple[list[Record], list[str]]:
    """The records in a file, and sentences about lines that are none.

    Args:
        path: the file; none means no answers yet.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists():
        return [], []
    records: list[Record] = []
    damage: list[str] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        record = _parse(line)
        if record is not None:
            records.append(record)
        elif line.strip():
            what = "breaks off" if number == len(lines) else "is no record"
            damage.append(f"{path}: line {number} {what}, and was ignored")
    return records, damage


def _parse(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
