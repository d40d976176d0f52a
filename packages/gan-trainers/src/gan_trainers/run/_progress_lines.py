"""Progress as plain lines, for a log or a pipe, where a bar would be one endless line."""

import time
from collections.abc import Callable, Mapping

INTERVAL = 30.0  # seconds between two lines


class ProgressLines:
    """A line every so often, and one at the end; with the methods of a bar of tqdm that are used here.

    Args:
        total: steps of the phase.
        initial: steps that are complete.
        desc: name of the phase.
        write: prints a line.

    Attributes:
        n: steps that are complete.
    """

    def __init__(self, total: int, initial: int, desc: str, write: Callable[[str], None]) -> None:
        self.n = initial
        self._total, self._initial, self._name, self._write = total, initial, desc, write
        self._started = self._printed = time.monotonic()
        self._terms: dict[str, str] = {}

    def update(self, steps: int) -> None:
        """Count steps, and print a line if it is time."""
        self.n += steps
        if time.monotonic() - self._printed >= INTERVAL:
            self._print()

    def set_postfix(self, terms: Mapping[str, str], *, refresh: bool) -> None:
        """Set what the next line shows besides the steps."""
        self._terms = dict(terms)
        if refresh:
            self._print()

    def close(self) -> None:
        """Print the last line."""
        self._print()

    def _print(self) -> None:
        self._printed = time.monotonic()
        seconds, done = self._printed - self._started, self.n - self._initial
        parts = [f"{self._name}: {self.n} of {self._total} steps, {_duration(seconds)}"]
        if done > 0 and self.n < self._total:
            parts.append(f"{_duration(seconds / done * (self._total - self.n))} left")
        self._write(", ".join([*parts, *(f"{name} {value}" for name, value in self._terms.items())]))


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
