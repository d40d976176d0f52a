"""Scores of several seeds."""

from collections.abc import Mapping, Sequence
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


Column = Mapping[str, Spread]  # a score of several rows, by their names


def column(rows: Rows, score: str) -> Column:
    """A score of each row."""
    return {name: row[score] for name, row in rows.items()}


def higher(ours: Spread, theirs: Spread, name: str, digits: int = 2, trivial: Column | None = None) -> str:
    """Whether ours is higher than theirs, such as "**Yes**: 0.71 ±0.02 against 0.65 (gray)".

    Args:
        ours: a score of one row.
        theirs: that of another.
        name: of the other.
        digits: of the numbers.
        trivial: that of the trivial rows; there is no answer where neither is higher than all of them.
    """
    if trivial and max(ours.mean, theirs.mean) <= max(score.mean for score in trivial.values()):
        best = max(trivial, key=lambda row: trivial[row].mean)
        return _not_answered(ours, theirs, name, digits, trivial[best], best)
    return _answer(ours.above(theirs), theirs.above(ours), ours, theirs, name, digits)


def lower(ours: Spread, theirs: Spread, name: str, digits: int = 2, trivial: Column | None = None) -> str:
    """Whether ours is lower than theirs, in the same form; `trivial` then means lower, too."""
    if trivial and min(ours.mean, theirs.mean) >= min(score.mean for score in trivial.values()):
        best = min(trivial, key=lambda row: trivial[row].mean)
        return _not_answered(ours, theirs, name, digits, trivial[best], best)
    return _answer(theirs.above(ours), ours.above(theirs), ours, theirs, name, digits)


def _answer(yes: bool, no: bool, ours: Spread, theirs: Spread, name: str, digits: int) -> str:
    word = "Yes" if yes else "No" if no else "Open, within the spread"
    if len(ours.values) == len(theirs.values) == 1:
        word = "Open, one seed"
    return f"**{word}**: {ours.text(digits)} against {theirs.text(digits)} ({name})"


def _not_answered(ours: Spread, theirs: Spread, name: str, digits: int, best: Spread, row: str) -> str:
    both = f"{ours.text(digits)} and {theirs.text(digits)} ({name})"
    return f"**Not answered**: {both} are no better than {best.text(digits)} ({row})"
