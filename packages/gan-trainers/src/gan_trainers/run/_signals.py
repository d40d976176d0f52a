"""Signals to stop and the end of the launcher, remembered until the current step is complete."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
import torch.distributed as dist

from gan_trainers.base.distributed import is_launched
from gan_trainers.base.waiting import process_count, waiting

_STOPPING = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    _STOPPING.append(signal.SIGHUP)  # the terminal was closed


class StopSignals:
    """Remembers the first signal to stop; a second one interrupts at once.

    The end of `accelerate launch` or torchrun counts as SIGTERM: nobody else would end the processes that a
    killed launcher leaves, and the same command again would start more. Windows does not tell.

    Attributes:
        received: number of the signal received, 0 for none.
    """

    def __init__(self) -> None:
        self.received = 0
        # Without a launcher the parent may be a shell, which may end before a program that it started.
        self._launcher = os.getppid() if is_launched() else None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals inside the block, and restore their handlers afterwards.

        Python delivers signals to the main thread only; in any other thread this does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ignored = signal.getsignal(_STOPPING[-1]) is signal.SIG_IGN  # by nohup
        stopping = _STOPPING[:-1] if ignored else _STOPPING
        before = [(number, signal.signal(number, self._receive)) for number in stopping]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def synchronize(self, device: torch.device) -> None:
        """Tell every process what any of them received, so that all stop after the same step."""
        if self._launcher not in (None, os.getppid()):
            self.received = self.received or signal.SIGTERM
        if process_count() > 1:
            received = torch.tensor(self.received, device=device)
            with waiting("the end of the step"):
                dist.all_reduce(received, op=dist.ReduceOp.MAX)
                self.received = int(received)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's own
        if self.received:
            raise KeyboardInterrupt
        self.received = number
