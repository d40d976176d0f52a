"""The samples of each batch of a process: shuffled passes over the dataset, a pure function of the seed."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from gan_trainers.base.keyed import Words, keyed
from gan_trainers.run._permutation import permuted

SeededIndex = tuple[int, int]  # index of a sample, and seed of its random augmentation

_AT_ONCE = 4096  # samples that are computed together, since a call of NumPy costs as much as many elements


class SampleOrder(Sampler[list[SeededIndex]]):
    """The batches of one process; all processes together take consecutive samples of the same order.

    Sample k is computed from the seed and from k alone, so memory and the time until the first batch do not
    depend on the number of samples.

    Args:
        samples: number of samples of the dataset.
        batch_size: samples in a batch of one process.
        seed: of the order and of the augmentations.
        process: index of this process.
        processes: number of processes.
        shuffle: a new random order for each pass; otherwise the dataset's own order.
        passes: passes over the dataset; None for an endless stream.

    Attributes:
        start: samples of all processes before the first batch.
        stride: samples in a batch of all processes.
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
        self.stride = batch_size * processes
        self._samples = samples
        self._shuffle = shuffle
        self._end = None if passes is None else passes * samples
        self._own = np.arange(process * batch_size, (process + 1) * batch_size, dtype=np.uint64)
        self._batches_at_once = max(1, _AT_ONCE // batch_size)
        streams = np.arange(2, dtype=np.uint64)
        self._order_seed, self._sample_seed = keyed(
            np.array([seed % 2**64], dtype=np.uint64), streams
        ).reshape(2, 1)

    def __iter__(self) -> Iterator[list[SeededIndex]]:
        first = self.start
        step = self._batches_at_once * self.stride
        while self._end is None or first < self._end:
            starts = np.arange(first, first + step, self.stride, dtype=np.uint64)
            positions = (starts[:, None] + self._own).ravel()
            if self._end is not None:
                positions = positions[positions < self._end]
            samples = self._samples_at(positions)
            for begin in range(0, len(samples), len(self._own)):
                yield samples[begin : begin + len(self._own)]
            first += step

    def _samples_at(self, positions: Words) -> list[SeededIndex]:
        passes = positions // np.uint64(self._samples)
        indices = positions - passes * np.uint64(self._samples)
        if self._shuffle:
            indices = permuted(indices, self._samples, keyed(self._order_seed, passes))
        seeds = keyed(self._sample_seed, positions) >> np.uint64(2)
        return list(zip(indices.tolist(), seeds.tolist(), strict=True))
