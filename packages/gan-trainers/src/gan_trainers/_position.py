"""How far a run is: steps, phases, images, seconds."""

import time
from collections.abc import Iterator
from typing import Any


class Position:
    """Counts that go on over all phases, and over all runs that were resumed.

    Args:
        accumulate: batches that make one step.

    Attributes:
        step: number of the present step, from 1; 0 before the first.
        images: samples seen so far, on all processes together.
        phase: the present phase's name; "" before the first.
        batch: number of the present batch of the step, from 0.
    """

    def __init__(self, accumulate: int) -> None:
        self.step = 0
        self.images = 0
        self.phase = ""
        self._accumulate = accumulate
        self.batch = accumulate - 1
        self._done: dict[str, int] = {}
        self._until = 0
        self._seconds_before = 0.0
        self._started: float | None = None  # when the loop began in this program

    def enter(self, phase: str, until: int) -> None:
        """Begin, or go on with, a phase of `until` steps."""
        self.phase, self._until = phase, until
        self._done.setdefault(phase, 0)
        if self._started is None:
            self._started = time.monotonic()

    def batches_of_step(self, images: int) -> Iterator[None]:
        """Count one step of the present phase, and `images` for each of its batches."""
        self._done[self.phase] += 1
        self.step += 1
        for batch in range(self._accumulate):
            self.batch = batch
            self.images += images
            yield

    def done(self, phase: str) -> int:
        """How many steps of `phase` are over, or begun."""
        return self._done.get(phase, 0)

    @property
    def phase_is_over(self) -> bool:
        """Whether the present step is the last of its phase."""
        return self.done(self.phase) >= self._until

    @property
    def step_is_complete(self) -> bool:
        """Whether the batch in hand is the last of its step."""
        return self.batch == self._accumulate - 1

    @property
    def seconds(self) -> float:
        """Time spent in the loop."""
        return self._seconds_before + (time.monotonic() - self._started if self._started else 0.0)

    def state_dict(self) -> dict[str, Any]:
        """All counts, as plain data."""
        return {
            "step": self.step,
            "images": self.images,
            "phase": self.phase,
            "done": dict(self._done),
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.step, self.images, self.phase = state["step"], state["images"], state["phase"]
        self._done = dict(state["done"])
        self._seconds_before = state["seconds"]
