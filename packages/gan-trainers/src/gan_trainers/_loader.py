"""An endless, seeded stream of batches that can go on at any batch, on any number of processes."""

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from accelerate.utils import recursively_apply
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from gan_trainers._errors import raised_by_packages
from gan_trainers._random import drawing_from

Ticket = tuple[int, int]  # the index of a sample and the seed of its random augmentation


class Loader:
    """Batches of a dataset, drawn from shuffled passes without a seam between them.

    Which samples batch k holds, and the random numbers that each sample draws, depend on the seed and
    on k alone: not on workers, earlier runs or the number of processes. Before a sample is read, the
    global generators of torch, NumPy and `random` are seeded for it, so that any dataset that draws
    from them is reproducible. The batches of all processes together are one batch of
    `batch_size` x processes samples, and each process takes its own part.

    Args:
        dataset: anything with `__len__` and `__getitem__`.
        batch_size: samples in a batch of one process.
        seed: of the order and of the augmentations.
        process: the number of this process, from 0.
        processes: how many there are.
        shuffle: a new random order for each pass; otherwise the dataset's own.
        passes: None for an endless stream; n for that many passes each time it is iterated over.
            The last batch may then be smaller.
        workers: processes that read ahead; 0 reads in the training process. They live on between
            passes.
        send: what to do with a batch before it is handed out, such as moving it to a device.

    Raises:
        ValueError: if the dataset is empty or `batch_size` is not positive.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        batch_size: int,
        *,
        seed: int,
        process: int = 0,
        processes: int = 1,
        shuffle: bool = True,
        passes: int | None = None,
        workers: int = 0,
        send: Callable[[Any], Any] = lambda batch: batch,
    ) -> None:
        samples = len(cast("Any", dataset))
        if samples == 0 or batch_size < 1:
            raise ValueError(f"need at least one sample and one a batch; got {samples} and {batch_size}")
        self.position = 0  # batches handed out so far by an endless loader; what a resumed run restores
        self.batch_size = batch_size
        self.endless = passes is None
        self._send = send
        self._order = _Order(samples, batch_size, seed, process, processes, shuffle, passes)
        self._batches = DataLoader(
            _Seeded(dataset),
            batch_sampler=cast("Any", self._order),
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=_leave_signals_to_training,
            collate_fn=_collate,
            pin_memory=torch.cuda.is_available(),
            # Its own generator: the loader must not disturb the numbers that the training draws.
            generator=torch.Generator().manual_seed(seed),
        )

    def __iter__(self) -> Iterator[Any]:
        self._order.start = self.position if self.endless else 0
        for batch in self._batches:
            if isinstance(batch, _Failure):
                try:
                    raise batch.error
                finally:
                    del batch  # or error and frame would keep each other alive, and with them the workers
            if self.endless:
                self.position += 1
            yield self._send(batch)


class _Order(Sampler[list[Ticket]]):
    """Which samples each batch of this process holds, and the seed of each."""

    def __init__(
        self,
        samples: int,
        batch_size: int,
        seed: int,
        process: int,
        processes: int,
        shuffle: bool,
        passes: int | None,
    ) -> None:
        self.start = 0  # the batch to begin with
        self._samples = samples
        self._seed = seed
        self._shuffle = shuffle
        self._end = None if passes is None else passes * samples
        self._stride = batch_size * processes
        self._part = range(process * batch_size, (process + 1) * batch_size)
        self._pass = -1
        self._tickets: list[Ticket] = []

    def __iter__(self) -> Iterator[list[Ticket]]:
        first = self.start * self._stride
        while self._end is None or first < self._end:
            places = [first + own for own in self._part]
            batch = [self._ticket(place) for place in places if self._end is None or place < self._end]
            if batch:
                yield batch
            first += self._stride

    def _ticket(self, place: int) -> Ticket:
        number, within = divmod(place, self._samples)
        if number != self._pass:
            self._pass, self._tickets = number, self._draw(number)
        return self._tickets[within]

    def _draw(self, number: int) -> list[Ticket]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + number)
        seeds = torch.randint(2**62, (self._samples,), generator=generator).tolist()
        order = torch.randperm(self._samples, generator=generator).tolist()
        return list(zip(order if self._shuffle else range(self._samples), seeds, strict=True))


class _Failure:
    """A sample that a package's dataset refused, on its way from a worker to the training process.

    DataLoader would wrap the error in the worker's traceback; this keeps it the sentence that it is.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error


class _Seeded(Dataset[Any]):
    def __init__(self, dataset: Dataset[Any]) -> None:
        self._dataset = dataset

    def __getitem__(self, ticket: Ticket) -> Any:  # type: ignore[override]
        index, seed = ticket
        with drawing_from(seed):
            try:
                return self._dataset[index]
            except (ValueError, OSError) as error:
                if raised_by_packages(error):
                    return _Failure(error)
                raise


def _collate(samples: list[Any]) -> Any:
    failure = next((sample for sample in samples if isinstance(sample, _Failure)), None)
    return failure or default_collate(samples)


def _leave_signals_to_training(worker: int) -> None:  # noqa: ARG001 - DataLoader's signature
    """Take no part in a Ctrl-C or SIGTERM to the whole group: the step in hand still needs its batches."""
    os.setpgrp()


def send_to(device: torch.device, memory_format: torch.memory_format) -> Callable[[Any], Any]:
    """A function that moves a batch's tensors to `device`, images (4-D) in `memory_format`."""

    def send(tensor: Tensor) -> Tensor:
        layout = memory_format if tensor.ndim == 4 else torch.preserve_format
        return tensor.to(device, non_blocking=True, memory_format=layout)

    return lambda batch: recursively_apply(send, batch)
