"""What can be wrong with somebody's pictures, as a sentence they can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


class DataError(ValueError):
    """A mistake in the data, told in one sentence that names the file and the remedy."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one file.

    Attributes:
        path: the file.
        severity: "error" would stop a training run; "warning" may be what you want.
        problem: what is wrong.
        remedy: what to do about it.
    """

    path: Path
    severity: Literal["error", "warning"]
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


def some(items: Sequence[object], limit: int = 5) -> str:
    """The first few of `items`, and how many more there are."""
    shown = ", ".join(str(item) for item in items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"
