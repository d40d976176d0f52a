"""How far a run is: steps, phases, images, seconds."""

import time
from collections.abc import Iterator
from typing import Any


class Counters:
    """Counters that continue over all phases, and over all resumed runs.

    Args:
        accumulate: batches per step.

    Attributes:
        step: number of the current step, from 1; 0 before the first.
        images: samples seen so far, over all processes.
        phase: name of the current phase; "" before the first.
        batch: number of the current batch within the step, from 0.
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
        """Begin or continue a phase of `until` steps."""
        self.phase, self._until = phase, until
        self._done.setdefault(phase, 0)
        if self._started is None:
            self._started = time.monotonic()

    def batches_of_step(self, images: int) -> Iterator[None]:
        """Count one step of the current phase, and `images` for each of its batches."""
        self._done[self.phase] += 1
        self.step += 1
        for batch in range(self._accumulate):
            self.batch = batch
            self.images += images
            yield

    def done(self, phase: str) -> int:
        """Steps of `phase` that are complete, or begun."""
        return self._done.get(phase, 0)

    @property
    def phase_is_over(self) -> bool:
        """Whether the current step is the last of its phase."""
        return self.done(self.phase) >= self._until

    @property
    def step_is_complete(self) -> bool:
        """Whether the current batch is the last of its step."""
        return self.batch == self._accumulate - 1

    @property
    def seconds(self) -> float:
        """Time spent in the loop."""
        return self._seconds_before + (time.monotonic() - self._started if self._started else 0.0)

    def state_dict(self) -> dict[str, Any]:
        """All counters, as plain data."""
        return {
            "step": self.step,
            "images": self.images,
            "phase": self.phase,
            "done": dict(self._done),
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the result of `state_dict`."""
        self.step, self.images, self.phase = state["step"], state["images"], state["phase"]
        self._done = dict(state["done"])
        self._seconds_before = state["seconds"]
