"""An endless, seeded stream of batches of samples that can only be read one after the other."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from torch.utils.data import default_collate

from gan_trainers.base.errors import raised_by_packages
from gan_trainers.base.keyed import keyed_seed
from gan_trainers.run._blocks import Place, blocks
from gan_trainers.training.random import seeded_sample


class StreamLoader:
    """Batches of a stream, such as shards behind a web server, from passes that follow each other.

    It resumes at any batch, and gives the same batches as without the interruption. The samples are shuffled
    in blocks: so many are read, and handed out in an order that depends only on the seed and the place of the
    block. For a block that was begun, a resumed run reads the block again. Before a sample is transformed,
    the global generators of torch, NumPy and `random` are seeded for it, as `Loader` does.

    Args:
        stream: an iterable that gives the same samples in each pass, in any order that depends on nothing
            but the pass. `state_dict` and `load_state_dict` let it go on where it was; without them a pass is
            read again up to there. `set_epoch`, if it has one, is called before each pass. Its own shuffle
            buffer must be off: what is in it would be lost.
        batch_size: samples in a batch of one process.
        seed: of the order and of the transform.
        shuffle: samples of a block, which are in memory at once; 1 keeps the stream's own order.
        transform: from a sample of the stream to what is collated, with random numbers of its own.
        process: index of this process.
        processes: number of processes.
        divided: whether the streams of the processes have different samples. Otherwise all processes read
            the same samples, and each uses its own part of a batch, as `Loader` does.
        send: applied to each batch before it is returned, for example to move it to a device.

    Attributes:
        position: samples of all processes that it has returned so far.
        batch_size: samples in a batch of one process.
        processes: number of processes that share a batch.
        endless: True, as for `steps`.

    Raises:
        ValueError: if `batch_size` or `shuffle` is not positive; in the iteration, if a pass has no sample.

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
        divided: bool = False,
        send: Callable[[Any], Any] = lambda batch: batch,
    ) -> None:
        if batch_size < 1 or shuffle < 1:
            raise ValueError(
                f"expected a batch size and a shuffle of at least 1 sample; got {batch_size} and {shuffle}"
            )
        self.position = 0
        self.batch_size = batch_size
        self.processes = processes
        self._stream = stream
        self._seed = keyed_seed(seed, process) if divided else seed
        self._shuffle = shuffle
        self._transform = transform
        self._sharing = 1 if divided else processes  # that read the same samples
        self._before = 0 if divided else process * batch_size  # samples of a batch that other processes use
        self._send = send
        self._places: deque[Place] = deque(
            [Place()]
        )  # of the blocks that hold the next batch, or come before

    def state_dict(self) -> dict[str, Any]:
        """Where to read on, beside `position`."""
        return asdict(self._places[0])

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Read on from the result of `state_dict`, and from `position`."""
        self._places = deque([Place(**state)])

    def __iter__(self) -> Iterator[Any]:
        samples = self._samples()
        while True:
            batch = self._next_batch(samples)
            self.position += self.batch_size * self.processes
            while len(self._places) > 1 and self._places[1].start <= self._read_so_far:
                self._places.popleft()
            yield self._send(batch)

    @property
    def _read_so_far(self) -> int:
        """Samples of this process's stream before its next batch."""
        return self.position * self._sharing // self.processes

    def _next_batch(self, samples: Iterator[tuple[Place, int, Any]]) -> Any:
        first, batch = self._read_so_far + self._before, []
        for place, index, sample in samples:
            if index >= first:
                batch.append(self._transformed(place, index, sample))
            if len(batch) == self.batch_size:
                break
        return default_collate(batch)

    def _samples(self) -> Iterator[tuple[Place, int, Any]]:
        begin = self._places[0]
        self._places.clear()
        for place, block in blocks(self._stream, self._shuffle, self._seed, begin):
            self._places.append(place)
            for index, sample in block:
                yield place, index, sample

    def _transformed(self, place: Place, index: int, sample: Any) -> Any:
        if self._transform is None:
            return sample
        with seeded_sample(keyed_seed(self._seed, 1, index)):
            try:
                return self._transform(sample)
            except (ValueError, OSError) as error:
                if raised_by_packages(error):
                    number = place.read + index - place.start + 1
                    raise ValueError(f"sample {number} of pass {place.passed + 1}: {error}") from error
                raise
