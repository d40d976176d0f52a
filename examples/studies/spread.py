"""Scores of several seeds."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple


class Spread(NamedTuple):
    """A score of several seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return fmean(self.values)

    @property
    def width(self) -> float:
        """Between the lowest and the highest."""
        return max(self.values) - min(self.values)

    def above(self, other: "Spread") -> bool:
        """Higher than the other by more than the seeds differ."""
        return self.mean - other.mean > max(self.width, other.width)

    def text(self, digits: int) -> str:
        """The mean, and half the width where there are several seeds: 0.71 ±0.02."""
        spread = f" ±{self.width / 2:.{digits}f}" if len(self.values) > 1 else ""
        return f"{self.mean:.{digits}f}{spread}"


Rows = dict[str, dict[str, Spread]]  # of a table: scores by name, for each row


def over_seeds(rows: Sequence[dict[str, float]]) -> dict[str, Spread]:
    """The scores of each seed, by name."""
    return {name: Spread(tuple(row[name] for row in rows)) for name in rows[0]}


def higher(ours: Spread, theirs: Spread, name: str, digits: int = 2) -> str:
    """Whether ours is higher than theirs, such as "**Yes**: 0.71 ±0.02 against 0.65 (gray)"."""
    return _answer(ours.above(theirs), theirs.above(ours), ours, theirs, name, digits)


def lower(ours: Spread, theirs: Spread, name: str, digits: int = 2) -> str:
    """Whether ours is lower than theirs, in the same form."""
    return _answer(theirs.above(ours), ours.above(theirs), ours, theirs, name, digits)


def _answer(yes: bool, no: bool, ours: Spread, theirs: Spread, name: str, digits: int) -> str:
    word = "Yes" if yes else "No" if no else "Open, within the spread"
    return f"**{word}**: {ours.text(digits)} against {theirs.text(digits)} ({name})"
