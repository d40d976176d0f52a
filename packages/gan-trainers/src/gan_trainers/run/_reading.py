"""What the loaders of datasets and of streams have in common: worker processes and their errors."""

import os
import signal


class Failure:
    """The error of a sample that one of this project's packages raised, passed from a worker as it is.

    DataLoader would wrap the error in the worker's traceback and hide its message.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error


def raise_failure(batch: object) -> None:
    """Raise the error that came in the place of a batch, if one did."""
    if isinstance(batch, Failure):
        error = vars(batch).pop("error")
        try:
            raise error
        finally:
            del error  # else error and frame reference each other and keep the workers alive


def ignore_terminal_signals(worker: int) -> None:  # noqa: ARG001 - DataLoader's signature
    """Leave the process group that receives Ctrl-C: the current step still needs its batches."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    else:  # Windows
        signal.signal(signal.SIGINT, signal.SIG_IGN)
