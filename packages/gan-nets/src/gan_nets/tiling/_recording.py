"""The operations of a network's forward pass on a tile, recorded to be run on other tiles, part by part."""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gan_nets.tiling._statistics import Layer, layer_of

INPUT = 0  # the number of the network's input
# Functions that give pixels, or what depends on them, not as a tensor: it may differ between tiles.
READS = frozenset(
    {"item", "tolist", "numpy", "equal", "allclose", "is_nonzero"}
    | {"__bool__", "__int__", "__float__", "__index__", "__contains__"}
)


class RecordingError(ValueError):
    """A network computes something that can't be recorded."""


@dataclass(frozen=True)
class Value:
    """A tensor that was computed during the recording."""

    number: int


@dataclass(frozen=True)
class Operation:
    """A call of one of torch's functions.

    Attributes:
        function: what was called.
        args: positional and keyword arguments, with a `Value` for each tensor that was computed.
        results: numbers of the tensors in the result.
        autocast: whether autocast was enabled.
        last: numbers of the tensors that no later operation needs.
    """

    function: Callable[..., Any]
    args: tuple[tuple[Any, ...], dict[str, Any]]
    results: list[int]
    autocast: bool
    last: list[int] = field(default_factory=list[int])

    def run(self, values: dict[int, Tensor], device: str) -> None:
        """Call it on the tensors of those numbers; add the results, and remove what is not needed again."""
        args, kwargs = _mapped(self.args, Value, lambda value: values[value.number])
        as_now = self.autocast == torch.is_autocast_enabled(device)
        with nullcontext() if as_now else torch.autocast(device, enabled=self.autocast):
            results = _tensors(self.function(*args, **kwargs))
        values.update(zip(self.results, results, strict=True))
        for number in self.last:
            del values[number]


@dataclass(frozen=True)
class Norm:
    """A normalization by statistics of the whole image.

    Attributes:
        layer: with a `Value` for each tensor that was computed.
        result: number of its result.
        last: numbers of the tensors that no later operation needs.
    """

    layer: Layer
    result: int
    last: list[int] = field(default_factory=list[int])

    @property
    def input(self) -> int:
        """Number of its input."""
        return _numbers(self.layer.x)[0]

    def resolved(self, values: dict[int, Tensor]) -> Layer:
        """The layer with the tensors of those numbers."""
        return Layer(*_mapped(tuple(self.layer), Value, lambda value: values[value.number]))


@dataclass(frozen=True)
class Segment:
    """What is computed between two normalizations by statistics of the whole image.

    Attributes:
        operations: in their order.
        norm: the normalization that follows; None at the end of the network.
        live: bytes of the tensors that `norm` and later segments need, by number.
        output: number of the network's output.
    """

    operations: list[Operation]
    norm: Norm | None
    live: dict[int, int]
    output: int


def record(net: Callable[[Tensor], Tensor], tile: Tensor) -> list[Segment]:
    """The segments of a forward pass on any tile of this shape and layout; the network is run once.

    Raises:
        RecordingError: what is computed depends on pixels in other ways than by torch's functions.
    """
    # Of NaN, so that tensors which depend on pixels, but were not made by torch's functions, show.
    blank = torch.full_like(tile, torch.nan)
    with _Recorder(blank) as recorder:
        # Not net(...): code that was compiled in place bypasses function modes.
        out = getattr(net, "forward", net)(blank)
    return recorder.segments(out)


class _Recorder(TorchFunctionMode):
    def __init__(self, tile: Tensor) -> None:
        super().__init__()
        self._device = tile.device.type
        self._numbers: dict[int, int] = {}  # of the tensors that exist, by their ids
        self._bytes: list[int] = []  # of all tensors
        self._steps: list[Operation | Norm] = []
        self._number(tile)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        layer = layer_of(func, args, kwargs)
        if layer is not None and id(layer.x) in self._numbers:
            recorded = Layer(*_mapped(tuple(layer), Tensor, self._value))
            out = layer.normalize()
            self._steps.append(Norm(recorded, self._number(out)))
            return out
        given = _mapped((args, kwargs), Tensor, self._value)
        if getattr(func, "__name__", "") in READS and _numbers(given):
            raise RecordingError(f"expected a network of tensor operations only; got {func.__name__}")
        autocast = torch.is_autocast_enabled(self._device)
        out = func(*args, **kwargs)
        results = [self._number(tensor) for tensor in _tensors(out)]
        if results or out is None:  # others read a shape, a dtype, ...
            self._steps.append(Operation(func, given, results, autocast))
        return out

    def _number(self, tensor: Tensor) -> int:
        """Its number, a new one if it has none; an operation in place gives the tensor that it got."""
        key = id(tensor)
        if key not in self._numbers:
            self._numbers[key] = len(self._bytes)
            self._bytes.append(tensor.untyped_storage().nbytes())
            weakref.finalize(tensor, self._numbers.pop, key, None)
        return self._numbers[key]

    def _value(self, tensor: Tensor) -> Value | Tensor:
        """Its number, or the tensor itself if it is a constant, such as a weight."""
        if id(tensor) in self._numbers:
            return Value(self._numbers[id(tensor)])
        if tensor.is_floating_point() and bool(tensor.isnan().any()):
            raise RecordingError(
                "expected a network of torch's functions only; got a tensor of another origin"
            )
        return tensor

    def segments(self, out: Tensor) -> list[Segment]:
        """The recording, for the network's result `out`."""
        output = self._numbers.get(id(out))
        if output is None:
            raise RecordingError(f"expected a tensor computed from the image; got {type(out).__name__}")
        last = self._last_uses(output)
        segments: list[Segment] = []
        operations: list[Operation] = []
        for i, step in enumerate(self._steps):
            step.last.extend(number for number in _uses(step) if last[number] == i)
            if isinstance(step, Operation):
                operations.append(step)
                continue
            live = {number: self._bytes[number] for number in range(step.result) if last[number] >= i}
            segments.append(Segment(operations, step, live, output))
            operations = []
        return [*segments, Segment(operations, None, {}, output)]

    def _last_uses(self, output: int) -> list[int]:
        """The step after which each tensor is not needed."""
        last = [0] * len(self._bytes)
        for i, step in enumerate(self._steps):
            for number in _uses(step):
                last[number] = i
        last[output] = len(self._steps)
        return last


def _uses(step: Operation | Norm) -> set[int]:
    """Numbers of the tensors that it takes and gives."""
    if isinstance(step, Norm):
        return {step.result, *_numbers(tuple(step.layer))}
    return {*step.results, *_numbers(step.args)}


def _mapped(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Nested arguments with everything of a kind changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(_mapped(each, kind, change) for each in value)  # type: ignore[call-arg]
    if isinstance(value, dict):
        return {key: _mapped(each, kind, change) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(*_mapped((value.start, value.stop, value.step), kind, change))
    return value


def _numbers(arguments: Any) -> list[int]:
    """Those of the values in nested arguments."""
    found: list[int] = []
    _mapped(arguments, Value, lambda value: found.append(value.number))
    return found


def _tensors(result: Any) -> list[Tensor]:
    """Those in nested results, in their order."""
    found: list[Tensor] = []
    _mapped(result, Tensor, found.append)
    return found
