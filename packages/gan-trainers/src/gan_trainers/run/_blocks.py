"""A stream in blocks of samples, each in a shuffled order, from any place on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gan_trainers.base.keyed import keyed_seed
from gan_trainers.run._permutation import permuted


@runtime_checkable
class HasState(Protocol):
    """A stream that can go on where it was, as those of `datasets`, litdata and MosaicML Streaming can."""

    def state_dict(self) -> dict[str, Any]:
        """Its position: plain data."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next iteration begin there."""
        ...


@runtime_checkable
class HasPasses(Protocol):
    """A stream whose order depends on the number of the pass."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the pass of the next iteration, from 0."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a block begins.

    Attributes:
        start: samples before it, of all passes.
        passed: whole passes before it.
        read: samples of its pass before it.
        stream: the stream's own position there; None at the start of a pass, and for a stream without one.
    """

    start: int = 0
    passed: int = 0
    read: int = 0
    stream: dict[str, Any] | None = None


def blocks(
    stream: Iterable[Any], size: int, seed: int, place: Place
) -> Iterator[tuple[Place, list[tuple[int, Any]]]]:
    """The blocks of an endless stream of passes, from the one at `place` on.

    A block has `size` samples, the last of a pass maybe fewer. The order of its samples depends only on the
    seed and on its start. A stream without a position of its own is read from the start of the pass.

    Returns:
        Where each block begins, and its samples with their indices in the endless stream.

    Raises:
        ValueError: if a pass has no sample.
    """
    while True:
        samples = _open(stream, place)
        while block := list(islice(samples, size)):
            keys = np.full(len(block), keyed_seed(seed, 0, place.start), dtype=np.uint64)
            order = permuted(np.arange(len(block), dtype=np.uint64), len(block), keys)
            yield place, [(place.start + k, block[j]) for k, j in enumerate(order.tolist())]
            position = stream.state_dict() if isinstance(stream, HasState) else None
            place = replace(
                place, start=place.start + len(block), read=place.read + len(block), stream=position
            )
        if place.read == 0:
            number = place.passed + 1
            raise ValueError(f"expected a stream to be read in each pass; got no sample in pass {number}")
        place = Place(start=place.start, passed=place.passed + 1)


def _open(stream: Iterable[Any], place: Place) -> Iterator[Any]:
    if isinstance(stream, HasPasses):
        stream.set_epoch(place.passed)
    if place.stream is not None and isinstance(stream, HasState):
        stream.load_state_dict(place.stream)
        return iter(stream)
    return islice(iter(stream), place.read, None)
