"""Continuing a run on another number of processes: what that takes, and what makes it impossible."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_trainers.run.loader import Loader
from gan_trainers.run.stream_loader import StreamLoader

State = Mapping[str, Any]


def samples_in_a_step(loaders: Sequence[Loader | StreamLoader], accumulate: int) -> list[int]:
    """How many samples all processes take in a step from each loader; 0 for those of evaluations."""
    return [loader.batch_size * loader.processes * accumulate if loader.endless else 0 for loader in loaders]


def check_samples_in_a_step(
    shared: State, loaders: Sequence[Loader | StreamLoader], processes: int, accumulate: int, folder: Path
) -> None:
    """Make sure that other processes take as many samples in a step as those that wrote a checkpoint.

    Raises:
        ValueError: naming the batch size that would.
    """
    for then, now in zip(shared["samples_in_a_step"], samples_in_a_step(loaders, accumulate), strict=True):
        if now != then:
            size, rest = divmod(then, processes * accumulate)
            raise ValueError(
                f"{folder} was written by {shared['processes']} processes with {then} samples in a step, and "
                f"this run has {processes} with {now}; "
                + (f"use a batch size of {size}" if not rest else f"start a number that divides {then}")
            )


def check_nothing_of_each_process(
    own_states: Sequence[State],
    shared_names: set[str],
    reasons: Sequence[str],
    folder: Path,
    processes: int,
) -> None:
    """Make sure that a checkpoint has no history that belongs to one process, and the loop no other reason.

    Raises:
        ValueError: naming what has, or the first of `reasons`.
    """
    here = f"{folder} was written by {len(own_states)} processes and this run has {processes}"
    if reasons:
        raise ValueError(f"{here}; {reasons[0]}, so start as many as before")
    names = sorted(own_states[0]["registered"].keys() - shared_names)
    if names:
        raise ValueError(f"{here}; '{names[0]}' has its own state on each, so start as many as before")
    if any(own["drew"] for own in own_states):
        raise ValueError(
            f"{here}; the steps drew random numbers (noise, dropout, augmentation on the device) from the "
            "global generators, of which each has its own, so start as many as before; what run.draw() "
            "draws is the same on any number"
        )


def mean_window(windows: Sequence[State]) -> dict[str, Any]:
    """The mean over processes of the logged terms of an open window, by name and step."""
    return {
        name: [
            [step, sum(window[name][index][1] for window in windows) / len(windows)]
            for index, (step, _) in enumerate(values)
        ]
        for name, values in windows[0].items()
    }
