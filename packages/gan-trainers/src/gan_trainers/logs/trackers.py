"""Experiment trackers of other projects; a failure in one never stops the training."""

import atexit
import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, filter_trackers

from gan_trainers.base.errors import OptionError


def check_trackers(names: tuple[str, ...]) -> None:
    """Make sure that accelerate knows the trackers, whether or not they are installed.

    Raises:
        OptionError: naming the unknown tracker and the closest one.
    """
    known = sorted(str(each) for each in LOGGER_TYPE_TO_CLASS)
    for name in names:
        if name not in (*known, "all"):
            close = difflib.get_close_matches(name.lower(), known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the trackers are {', '.join(known)}"
            raise OptionError(f"unknown tracker {name!r} in --trackers; {hint}")


class Trackers:
    """Accelerate's trackers by name, on the first process; the training continues without those that fail.

    Args:
        accelerator: to which the trackers belong.
        names: "tensorboard", "wandb" and so on.
        folder: for trackers that write files.
        message: prints a failure.
    """

    def __init__(
        self, accelerator: Accelerator, names: tuple[str, ...], folder: Path, message: Callable[[str], None]
    ) -> None:
        self._accelerator = accelerator
        self._names = ", ".join(names)
        self._message = message
        self._working = bool(names) and accelerator.is_main_process
        self._attempt(lambda: self._start(names, folder))
        atexit.register(self._attempt, self._finish)  # else the last lines may stay in a buffer

    def log(self, terms: Mapping[str, float], step: int) -> None:
        """Send the scalars of a step."""
        self._attempt(lambda: self._accelerator.log(dict(terms), step=step))

    def _start(self, names: tuple[str, ...], folder: Path) -> None:
        self._accelerator.log_with = filter_trackers(list(names), folder)
        if len(self._accelerator.log_with) < len(names):
            raise ImportError("not all of them are installed")
        self._accelerator.init_trackers(folder.name)

    def _finish(self) -> None:
        for tracker in self._accelerator.trackers:
            tracker.finish()

    def _attempt(self, work: Callable[[], Any]) -> None:
        if not self._working:
            return
        try:
            work()
        except Exception as error:  # optional code of other projects may raise anything
            self._working = False
            self._message(f"trackers {self._names} failed and are left out: {error}")
