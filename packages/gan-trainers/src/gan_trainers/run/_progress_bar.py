"""The progress and messages of a run."""

import os
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from tqdm import auto
from tqdm.asyncio import tqdm_asyncio
from tqdm.std import tqdm

from gan_trainers.run._progress_lines import ProgressLines

USUAL_WIDTH = 80  # of a terminal that does not know its own


class ProgressBar:
    """The progress and messages of the first process; nothing is printed by the others.

    A terminal has a bar, no wider than itself, and a notebook its own; a pipe or a log has plain lines.

    Args:
        shown: whether this process prints.
        quiet: whether it prints warnings only.
    """

    def __init__(self, *, shown: bool, quiet: bool = False) -> None:
        self._warns = shown
        self._shown = shown and not quiet
        self._bar: tqdm[Any] | ProgressLines | None = None
        self._latest = (0, 0.0)  # images and time when the rate was last measured

    @contextmanager
    def of_phase(self, name: str, done: int, until: int, images: int) -> Generator[None]:
        """Show the progress inside the block, for a phase of `until` steps of which `done` are complete."""
        self._latest = (images, time.monotonic())
        self._bar = self._make(name, done, until) if self._shown else None
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.close()
            self._bar = None

    def _make(self, name: str, done: int, until: int) -> "tqdm[Any] | ProgressLines":
        if sys.stderr.isatty() or auto.tqdm is not tqdm_asyncio:  # the latter in a notebook
            columns = _columns()
            return auto.tqdm(
                total=until,
                initial=done,
                desc=name,
                unit="step",
                mininterval=1.0,
                ncols=columns,
                dynamic_ncols=columns is None,
            )
        return ProgressLines(until, done, name, _write)

    def move_to(self, done: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def show(self, terms: Mapping[str, float], images: int) -> None:
        """Show the means of the terms, and the images per second since the last call, beside the bar."""
        (before, then), now = self._latest, time.monotonic()
        self._latest = (images, now)
        if self._bar is not None:
            shown = {name: f"{value:.3g}" for name, value in terms.items()}
            rate = (images - before) / max(now - then, 1e-9)
            self._bar.set_postfix({**shown, "images/s": f"{rate:.1f}"}, refresh=False)

    def message(self, *lines: str) -> None:
        """Print lines above the bar."""
        if self._shown:
            for line in lines:
                _write(line)

    def warn(self, *lines: str) -> None:
        """Print lines about what is damaged or fails, also if the run is quiet."""
        if self._warns:
            for line in lines:
                _write(f"warning: {line}")


def _write(line: str) -> None:
    tqdm.write(line, file=sys.stderr)


def _columns() -> int | None:
    """The width of a terminal that does not know its own; None for tqdm's, which follows the window."""
    try:
        known = os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError):  # a notebook's stream
        return None
    return None if known else USUAL_WIDTH
