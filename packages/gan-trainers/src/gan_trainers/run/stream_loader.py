"""An endless, seeded stream of batches of samples that can only be read one after the other."""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import count
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, default_collate

from gan_trainers.base.errors import raised_by_packages
from gan_trainers.base.keyed import keyed_seed
from gan_trainers.run._blocks import Numbered, Place, blocks, has_position
from gan_trainers.run._reading import Failure, ignore_terminal_signals, raise_failure
from gan_trainers.training.random import seeded_sample


class StreamLoader:
    """Batches of a stream, such as shards behind a web server, from passes that follow each other.

    It resumes at any batch, and gives the same batches as without the interruption. The samples are shuffled
    in blocks: so many are read, and handed out in an order that depends only on the seed and the place of the
    block. For a block that was begun, a resumed run reads the block again. Before a sample is transformed,
    the global generators of torch, NumPy and `random` are seeded for it, as `Loader` does.

    Args:
        stream: an iterable that gives the same samples in each pass, in any order that depends on nothing
            but the pass. With `state_dict` and `load_state_dict`, as the streaming datasets of Hugging Face's
            `datasets` have, it goes on where it was, and a copy of it is read; without them a pass is read
            again up to there. `set_epoch`, if it has one, is called before each pass. Its own shuffle buffer
            must be off: what is in it would be lost.
        batch_size: samples in a batch of one process.
        seed: of the order and of the transform.
        shuffle: samples of a block, which are in memory at once; 1 keeps the stream's own order.
        transform: from a sample of the stream to what is collated, with random numbers of its own.
        process: index of this process.
        processes: number of processes.
        workers: 1 reads ahead in another process, 0 reads in the training process. Among more, libraries
            that stream divide their shards.
        divided: whether the streams of the processes have different samples. Otherwise all processes read
            the same samples, and each uses its own part of a batch, as `Loader` does.
        send: applied to each batch before it is returned, for example to move it to a device.

    Attributes:
        position: samples of all processes that it has returned so far.
        batch_size: samples in a batch of one process.
        processes: number of processes that share a batch.
        endless: True, as for `steps`.

    Raises:
        ValueError: if `batch_size` or `shuffle` is not positive, or for other `workers`; in the iteration, if
            a pass has no sample.

    Examples:
        >>> loader = StreamLoader([1, 2, 3, 4], batch_size=2, seed=0, shuffle=1)
        >>> next(iter(loader))
        tensor([1, 2])
    """

    endless = True

    def __init__(
        self,
        stream: Iterable[Any],
        batch_size: int,
        *,
        seed: int,
        shuffle: int = 256,
        transform: Callable[[Any], Any] | None = None,
        process: int = 0,
        processes: int = 1,
        workers: int = 0,
        divided: bool = False,
        send: Callable[[Any], Any] = lambda batch: batch,
    ) -> None:
        if batch_size < 1 or shuffle < 1:
            raise ValueError(
                f"expected a batch size and a shuffle of at least 1 sample; got {batch_size} and {shuffle}"
            )
        if workers not in (0, 1):
            raise ValueError(f"expected 0 or 1 workers, as a stream is read in its order; got {workers}")
        self.position = 0
        self.batch_size = batch_size
        self.processes = processes
        self._sharing = 1 if divided else processes  # that read the same samples
        self._place = Place()  # of a block that holds the next batch, or comes before it
        self._workers = workers
        self._send = send
        self._settings = {"shuffle": shuffle, "divided": divided}  # on which a place depends
        self._reader = _Reader(
            # Streams that are made of one dataset share its position.
            copy.deepcopy(stream) if has_position(stream) else stream,
            batch_size,
            seed=keyed_seed(seed, process) if divided else seed,
            shuffle=shuffle,
            transform=transform,
            before=0 if divided else process * batch_size,
            stride=batch_size * self._sharing,
        )

    def state_dict(self) -> dict[str, Any]:
        """Where to read on, beside `position`."""
        return {**self._settings, "place": asdict(self._place)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Read on from the result of `state_dict`, and from `position`.

        Raises:
            ValueError: if it is of a loader with another `shuffle` or `divided`.
        """
        for name, now in self._settings.items():
            if state[name] != now:
                raise ValueError(
                    f"expected {name}={state[name]} for the stream, as in the checkpoint; got {now}"
                )
        self._place = Place(**state["place"])

    def __iter__(self) -> Iterator[Any]:
        self._reader.place = self._place
        self._reader.start = self.position * self._sharing // self.processes
        batches = DataLoader(
            self._reader,
            batch_size=None,
            num_workers=self._workers,
            worker_init_fn=ignore_terminal_signals,
            collate_fn=_as_it_is,
            pin_memory=torch.cuda.is_available(),
            # Its own generator: the loader must not change the random numbers of the training.
            generator=torch.Generator(),
        )
        for batch, place in batches:
            raise_failure(batch)
            self.position += self.batch_size * self.processes
            self._place = place
            yield self._send(batch)


class _Reader(IterableDataset[Any]):
    """The batches of one process, in it or in its worker.

    Args:
        stream: as for `StreamLoader`.
        batch_size: as for `StreamLoader`.
        seed: of the order and of the transform.
        shuffle: as for `StreamLoader`.
        transform: as for `StreamLoader`.
        before: samples of a batch that other processes use, before its own.
        stride: samples of a batch of all processes that read the same.

    Attributes:
        place: of the block to begin with, which holds the first batch or comes before it.
        start: samples before the first batch.
    """

    def __init__(
        self,
        stream: Iterable[Any],
        batch_size: int,
        *,
        seed: int,
        shuffle: int,
        transform: Callable[[Any], Any] | None,
        before: int,
        stride: int,
    ) -> None:
        self.place = Place()
        self.start = 0
        self._stream = stream
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._transform = transform
        self._before = before
        self._stride = stride

    def __iter__(self) -> Iterator[tuple[Any, Place]]:
        """Each batch, and the place to read on from after it."""
        places: deque[Place] = deque()
        samples = self._samples(places)
        for start in count(self.start, self._stride):
            batch = self._batch(samples, start + self._before)
            while len(places) > 1 and places[1].start <= start + self._stride:
                places.popleft()
            yield batch, places[0] if places else self.place

    def _samples(self, places: deque[Place]) -> Iterator[Numbered]:
        """All samples; `places` receives that of each block that is read."""
        for place, block in blocks(self._stream, self._shuffle, self._seed, self.place):
            places.append(place)
            yield from block

    def _batch(self, samples: Iterator[Numbered], first: int) -> Any:
        """The samples from index `first` on, collated; or why one of them can't be used."""
        batch: list[Any] = []
        try:
            for index, number, sample in samples:
                if index >= first:
                    batch.append(self._transformed(index, number, sample))
                if len(batch) == self._batch_size:
                    break
        except (ValueError, OSError) as error:
            if raised_by_packages(error):
                return Failure(error)
            raise
        return default_collate(batch)

    def _transformed(self, index: int, number: int, sample: Any) -> Any:
        if self._transform is None:
            return sample
        with seeded_sample(keyed_seed(self._seed, 1, index)):
            try:
                return self._transform(sample)
            except (ValueError, OSError) as error:
                if raised_by_packages(error):
                    raise ValueError(f"sample {number} of a pass over the stream: {error}") from error
                raise


def _as_it_is(batch: Any) -> Any:
    return batch
