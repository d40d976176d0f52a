"""The samples of each batch of a process: shuffled passes over the dataset, a pure function of the seed."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

SeededIndex = tuple[int, int]  # index of a sample, and seed of its random augmentation


class SampleOrder(Sampler[list[SeededIndex]]):
    """The batches of one process; all processes together take consecutive samples of the same order.

    Args:
        samples: number of samples of the dataset.
        batch_size: samples in a batch of one process.
        seed: of the order and of the augmentations.
        process: index of this process.
        processes: number of processes.
        shuffle: a new random order for each pass; otherwise the dataset's own order.
        passes: passes over the dataset; None for an endless stream.

    Attributes:
        start: index of the first batch.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int,
        *,
        seed: int,
        process: int,
        processes: int,
        shuffle: bool,
        passes: int | None,
    ) -> None:
        self.start = 0
        self._samples = samples
        self._seed = seed
        self._shuffle = shuffle
        self._end = None if passes is None else passes * samples
        self._stride = batch_size * processes
        self._part = range(process * batch_size, (process + 1) * batch_size)
        self._pass = -1
        self._order: list[SeededIndex] = []

    def __iter__(self) -> Iterator[list[SeededIndex]]:
        first = self.start * self._stride
        while self._end is None or first < self._end:
            positions = [first + own for own in self._part]
            batch = [self._sample(n) for n in positions if self._end is None or n < self._end]
            if batch:
                yield batch
            first += self._stride

    def _sample(self, position: int) -> SeededIndex:
        number, within = divmod(position, self._samples)
        if number != self._pass:
            self._pass, self._order = number, self._order_of_pass(number)
        return self._order[within]

    def _order_of_pass(self, number: int) -> list[SeededIndex]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + number)
        seeds = torch.randint(2**62, (self._samples,), generator=generator).tolist()
        order = torch.randperm(self._samples, generator=generator).tolist()
        return list(zip(order if self._shuffle else range(self._samples), seeds, strict=True))
