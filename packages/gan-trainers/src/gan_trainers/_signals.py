"""Ctrl-C and SIGTERM, heard and remembered until a step is complete."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
import torch.distributed as dist

from gan_trainers._processes import process_count

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Remembers the first signal to stop; a second one interrupts at once.

    Attributes:
        heard: the number of the signal that came, 0 for none.
    """

    def __init__(self) -> None:
        self.heard = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over inside the block; afterwards they do what they did before.

        Python hands signals to the main thread alone, so in another one nothing is taken over.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [(number, signal.signal(number, self._note)) for number in _STOPPING]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def agree(self, device: torch.device) -> None:
        """Make every process hear what any of them heard, so that they stop after the same step."""
        if process_count() > 1:
            heard = torch.tensor(self.heard, device=device)
            dist.all_reduce(heard, op=dist.ReduceOp.MAX)
            self.heard = int(heard)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's own
        if self.heard:
            raise KeyboardInterrupt
        self.heard = number
