"""Random numbers of a step that are the same for any number of processes."""

from collections.abc import Callable
from typing import TypeVar

import torch
from accelerate.utils import recursively_apply
from torch import Tensor

from gan_trainers.base.keyed import keyed_seed
from gan_trainers.training.random import seeded

T = TypeVar("T")

_STREAM = 2  # of a run's seed; its first loader has 0 and 1


class Draws:
    """The random numbers of all processes' batches, of which each process takes its own.

    They depend on the seed, the step, the batch within the step, and which call in that batch it is.

    Args:
        seed: of the run.
        device: of the networks.
        process: index of this process.
        processes: number of processes.
    """

    def __init__(self, seed: int, device: torch.device, process: int, processes: int) -> None:
        self._seed = seed
        self._device = device
        self._process = process
        self._processes = processes
        self._batch = 0, 0
        self._calls = 0

    def begin(self, step: int, batch: int) -> None:
        """Begin a batch, the first of a step being 0."""
        self._batch = step, batch
        self._calls = 0

    def draw(self, count: int, sample: Callable[[int], T]) -> T:
        """This process's part of `sample(count * processes)`.

        Raises:
            ValueError: for a tensor that has neither no dimension nor as many rows.
        """
        seed = keyed_seed(self._seed, _STREAM, *self._batch, self._calls)
        self._calls += 1
        rows = count * self._processes

        def part(drawn: Tensor) -> Tensor:
            if drawn.ndim and len(drawn) != rows:
                raise ValueError(
                    f"draw() expects {rows} rows, one for each sample of all processes, or a single number; "
                    f"got shape {tuple(drawn.shape)}; make as many rows as the function is called with"
                )
            return drawn[self._process * count : (self._process + 1) * count] if drawn.ndim else drawn

        with seeded(seed, self._device):
            return recursively_apply(part, sample(rows))
