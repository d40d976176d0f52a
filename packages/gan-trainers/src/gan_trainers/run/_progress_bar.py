"""The progress bar and messages of a run."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class ProgressBar:
    """The progress bar and messages of the first process; nothing is printed by the others."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: tqdm[Any] | None = None
        self._latest = (0, 0.0)  # images and time when the rate was last measured

    @contextmanager
    def of_phase(self, name: str, done: int, until: int, images: int) -> Iterator[None]:
        """Show a bar inside the block, for a phase of `until` steps of which `done` are complete."""
        self._latest = (images, time.monotonic())
        self._bar = tqdm(
            total=until, initial=done, desc=name, unit="step", disable=not self._shown, mininterval=1.0
        )
        try:
            yield
        finally:
            self._bar.close()
            self._bar = None

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
                tqdm.write(line, file=sys.stderr)
