"""Problems with image data, as sentences that say what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gan_data.base.text import printable


class DataError(ValueError):
    """A problem with the data, in one sentence that names the file and the remedy.

    Args:
        sentence: it; control characters in a file's name are escaped, so that it can be printed.

    Examples:
        >>> find_images("photos")
        Traceback (most recent call last):
            ...
        gan_data.base.errors.DataError: photos: expected a folder of images; this does not exist; ...
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


@dataclass(frozen=True)
class Finding:
    """One problem with one file.

    Attributes:
        path: the file.
        severity: "error" would stop a training run; "warning" may be intended.
        problem: what is wrong.
        remedy: what to do about it.

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("a.png").write_bytes(b"")
        >>> (finding,) = check(".")
        >>> finding.severity, finding.problem
        ('error', 'is empty (0 bytes)')
    """

    path: Path
    severity: Literal["error", "warning"]
    problem: str
    remedy: str

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.problem}; {self.remedy}")


def first_few(items: Sequence[object], limit: int = 5) -> str:
    """The first `limit` of `items`, and how many more there are: "a, b and 3 more"."""
    shown = ", ".join(str(item) for item in items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"
