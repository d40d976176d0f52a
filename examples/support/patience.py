"""--patience: a loop that ends after evaluations without improvement."""

import sys
from collections.abc import Iterator
from typing import Any

from gan_metrics import Patience
from gan_trainers import Loader, Run


def build_patience(evaluations: int) -> Patience:
    """The rule of --patience for a score of which lower is better; 0: it never ends the training."""
    return Patience(evaluations or sys.maxsize, better="lower")


def patient_steps(
    run: Run, batches: Loader, patience: Patience, until: int, *, phase: str = "train", first: int = 0
) -> Iterator[Any]:
    """The batches of `run.steps`, up to the step after which the patience is over.

    A run that was ended so stays ended: resumed, it yields nothing more.

    Args:
        run: of the training.
        batches: its loader.
        patience: registered, so that a resumed run waits as long; the loop adds the scores.
        until: steps of this phase, if the patience lasts.
        phase: its name, if a recipe has several.
        first: steps of the run before this phase.
    """
    if patience.over:
        until = min(until, run.step - first)
    for batch in run.steps(batches, until=until, phase=phase):
        yield batch
        if patience.over:
            break
    if patience.over:  # no further step: writes the last scalars
        next(run.steps(batches, until=min(until, run.step - first), phase=phase), None)
