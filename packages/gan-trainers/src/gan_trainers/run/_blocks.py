"""A stream in blocks of samples, each in a shuffled order, from any place on."""

import copy
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np

from gan_trainers.base.keyed import keyed_seed
from gan_trainers.run._permutation import permuted


class HasPosition(Protocol):
    """A stream that can go on where it was, as those of Hugging Face's `datasets` can."""

    def state_dict(self) -> dict[str, Any]:
        """Its position: plain data."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next iteration begin there."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The samples."""
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


class Numbered(NamedTuple):
    """A sample of a block.

    Attributes:
        index: in the endless, shuffled order.
        number: in the stream's own order of its pass, from 1.
        sample: what the stream gave.
    """

    index: int
    number: int
    sample: Any


def has_position(stream: object) -> TypeGuard[HasPosition]:
    """Whether a stream has `load_state_dict`, and `state_dict` without arguments, which some need."""
    if not hasattr(stream, "state_dict") or not hasattr(stream, "load_state_dict"):
        return False
    try:
        inspect.signature(stream.state_dict).bind()
    except TypeError:
        return False
    return True


def blocks(
    stream: Iterable[Any], size: int, seed: int, place: Place
) -> Iterator[tuple[Place, list[Numbered]]]:
    """The blocks of an endless stream of passes, from the one at `place` on.

    A block has `size` samples, the last of a pass maybe fewer. The order of its samples depends only on the
    seed and on its start. A stream without a position of its own is read from the start of the pass.

    Returns:
        Where each block begins, and its samples, which are valid until the next block is asked for.

    Raises:
        ValueError: if a pass has no sample.
    """
    while True:
        samples = _open(stream, place)
        while block := _shuffled(list(islice(samples, size)), seed, place):
            yield place, block
            read = len(block)
            block.clear()  # or two blocks would be in memory
            # A copy, since some streams go on changing what they gave.
            position = copy.deepcopy(stream.state_dict()) if has_position(stream) else None
            place = replace(place, start=place.start + read, read=place.read + read, stream=position)
        if place.read == 0:
            raise ValueError(
                f"expected a stream to be read in each pass; got no sample in pass {place.passed + 1}"
            )
        place = Place(start=place.start, passed=place.passed + 1)


def _shuffled(block: list[Any], seed: int, place: Place) -> list[Numbered]:
    keys = np.full(len(block), keyed_seed(seed, 0, place.start), dtype=np.uint64)
    order = permuted(np.arange(len(block), dtype=np.uint64), len(block), keys)
    return [Numbered(place.start + k, place.read + j + 1, block[j]) for k, j in enumerate(order.tolist())]


def _open(stream: Iterable[Any], place: Place) -> Iterator[Any]:
    if isinstance(stream, HasPasses):
        stream.set_epoch(place.passed)
    if place.stream is not None and has_position(stream):
        stream.load_state_dict(copy.deepcopy(place.stream))
        return iter(stream)
    return islice(iter(stream), place.read, None)
