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
    """The random numbers of all samples of a step, of which each batch takes its own.

    They depend on the seed, the step, and which call in a batch it is. A step's samples are those of its
    accumulated batches, one after the other, and within a batch those of the processes.

    Args:
        seed: of the run.
        device: of the networks.
        process: index of this process.
        processes: number of processes.
        accumulate: batches of a step.
    """

    def __init__(
        self, seed: int, device: torch.device, process: int, processes: int, accumulate: int
    ) -> None:
        self._seed = seed
        self._device = device
        self._process = process
        self._processes = processes
        self._batches = processes * accumulate  # of all processes in a step
        self._step, self._batch, self._size = 0, 0, 1
        self._calls = 0

    def begin(self, step: int, batch: int, size: int) -> None:
        """Begin a batch of `size` samples for each process, the first of a step being 0."""
        self._step, self._batch, self._size = step, batch, size
        self._calls = 0

    def draw(self, count: int, sample: Callable[[int], T]) -> T:
        """This batch's part of `sample(count * batches of the step)`.

        Raises:
            ValueError: for a tensor that has neither no dimension nor as many rows.
        """
        # Real and fake images in one batch: all real ones come first, and then all fake ones.
        groups = 1 if count % self._size else max(1, count // self._size)
        rows = count * self._batches
        own = self._batch * self._processes + self._process

        def part(drawn: Tensor) -> Tensor:
            if drawn.ndim and len(drawn) != rows:
                raise ValueError(
                    f"draw() expects {rows} rows, one for each sample of all processes, or a single number; "
                    f"got shape {tuple(drawn.shape)}; make as many rows as the function is called with, or "
                    "use draw_shared() for what all samples have in common"
                )
            if not drawn.ndim:
                return drawn
            return drawn.unflatten(0, (groups, self._batches, -1))[:, own].flatten(0, 1)

        return recursively_apply(part, self.draw_shared(lambda: sample(rows)))

    def draw_shared(self, sample: Callable[[], T]) -> T:
        """The result of `sample`, the same in every batch of the step."""
        seed = keyed_seed(self._seed, _STREAM, self._step, self._calls)
        self._calls += 1
        with seeded(seed, self._device):
            return sample()
