"""Ctrl-C and SIGTERM, remembered until the current step is complete."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
import torch.distributed as dist

from gan_trainers.base.distributed import process_count

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Remembers the first signal to stop; a second one interrupts at once.

    Attributes:
        received: number of the signal received, 0 for none.
    """

    def __init__(self) -> None:
        self.received = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals inside the block, and restore their handlers afterwards.

        Python delivers signals to the main thread only; in any other thread this does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [(number, signal.signal(number, self._receive)) for number in _STOPPING]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def synchronize(self, device: torch.device) -> None:
        """Tell every process what any of them received, so that all stop after the same step."""
        if process_count() > 1:
            received = torch.tensor(self.received, device=device)
            dist.all_reduce(received, op=dist.ReduceOp.MAX)
            self.received = int(received)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's own
        if self.received:
            raise KeyboardInterrupt
        self.received = number
