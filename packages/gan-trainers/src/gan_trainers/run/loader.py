"""An endless, seeded stream of batches that can resume at any batch, on any number of processes."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from accelerate.utils import recursively_apply
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from gan_trainers.base.errors import raised_by_packages
from gan_trainers.run._order import SampleOrder, SeededIndex
from gan_trainers.run._reading import Failure, ignore_terminal_signals, raise_failure
from gan_trainers.run.layout import Layout
from gan_trainers.training.random import seeded_sample

REPEATED = 10  # times that a batch may hold each sample without a warning: a few pictures, much augmented


class Loader:
    """Batches of a dataset, from shuffled passes that follow each other without a gap.

    Sample k of the stream, and the random numbers that it draws, depend only on the seed and on k: not on
    workers, earlier runs or the number of processes. They are computed, not stored, so the memory does not
    grow with the dataset. Before a sample is read, the global generators of torch, NumPy and `random` are
    seeded for it; any dataset that draws from them is reproducible. The batches of all processes together
    are one batch of `batch_size` x processes samples, of which each process takes its own part.

    Args:
        dataset: anything with `__len__` and `__getitem__`.
        batch_size: samples in a batch of one process.
        seed: of the order and of the augmentations.
        process: index of this process.
        processes: number of processes.
        shuffle: a new random order for each pass; otherwise the dataset's own order.
        passes: None for an endless stream; n for n passes in each iteration, whose last batch may be smaller.
        workers: processes that read ahead; 0 reads in the training process. They are kept between passes.
        send: applied to each batch before it is returned, for example to move it to a device.

    Attributes:
        samples: number of samples in the dataset.
        position: samples of all processes that an endless loader has returned so far.
        batch_size: samples in a batch of one process.
        processes: number of processes that share a batch.
        endless: whether the stream has no end.

    Raises:
        ValueError: if the dataset is empty, or can only be iterated; or if `batch_size` is not positive.

    Examples:
        >>> loader = Loader(range(5), batch_size=2, seed=0, shuffle=False, passes=1)
        >>> [batch.tolist() for batch in loader]
        [[0, 1], [2, 3], [4]]
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
        indexed = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
        if not indexed or isinstance(dataset, IterableDataset):  # which inherits a __getitem__ that raises
            raise ValueError(
                f"expected a dataset with __len__ and __getitem__; got {type(dataset).__name__}; if it can "
                "only be iterated, as a streaming dataset, use run.stream"
            )
        samples = len(cast("Any", dataset))
        if samples == 0 or batch_size < 1:
            raise ValueError(
                f"expected at least 1 sample and a batch size of at least 1; got {samples} and {batch_size}"
            )
        together = batch_size * processes
        if passes is None and together > REPEATED * samples and process == 0:
            times = f"each of the {samples:,} samples {together // samples:,} times"
            warnings.warn(f"a batch of {together:,} holds {times}; use a smaller batch size", stacklevel=2)
        self.samples = samples
        self.position = 0
        self.batch_size = batch_size
        self.processes = processes
        self.endless = passes is None
        self._send = send
        self._order = SampleOrder(
            samples,
            batch_size,
            seed=seed,
            process=process,
            processes=processes,
            shuffle=shuffle,
            passes=passes,
        )
        self._batches = DataLoader(
            _SeededSamples(dataset),
            batch_sampler=cast("Any", self._order),
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=ignore_terminal_signals,
            collate_fn=_collate,
            pin_memory=torch.cuda.is_available(),
            # Its own generator: the loader must not change the random numbers of the training.
            generator=torch.Generator().manual_seed(seed),
        )

    def __iter__(self) -> Iterator[Any]:
        self._order.start = self.position if self.endless else 0
        for batch in self._batches:
            raise_failure(batch)
            if self.endless:
                self.position += self._order.stride
            yield self._send(batch)


class _SeededSamples(Dataset[Any]):
    def __init__(self, dataset: Dataset[Any]) -> None:
        self._dataset = dataset

    def __getitem__(self, sample: SeededIndex) -> Any:  # type: ignore[override]
        index, seed = sample
        with seeded_sample(seed):
            try:
                return self._dataset[index]
            except (ValueError, OSError) as error:
                if raised_by_packages(error):
                    return Failure(error)
                raise


def _collate(samples: list[Any]) -> Any:
    failure = next((sample for sample in samples if isinstance(sample, Failure)), None)
    return failure or default_collate(samples)


def send_to(device: torch.device, layout: Layout) -> Callable[[Any], Any]:
    """A function that moves a batch's tensors to `device`, images (4-D) in the run's current layout."""

    def send(tensor: Tensor) -> Tensor:
        memory_format = layout.memory_format if tensor.ndim == 4 else torch.preserve_format
        return tensor.to(device, non_blocking=True, memory_format=memory_format)

    return lambda batch: recursively_apply(send, batch)
