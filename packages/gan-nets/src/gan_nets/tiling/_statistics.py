"""Layers that normalize by statistics of the whole image: instance norm, group norm, and batch norm likewise.

Batch norm is one of them with the batch's own statistics, not with running ones. In a tile they see only some
of the pixels, so each tile looks different: on a photo of 576x384 in tiles of 192, a CycleGAN generator with
random weights is off by 23 of 255 levels on average with each tile's own statistics, and by 9 with those of
an image of half the size. With mean and variance given, the layer is as local as any other.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Moments(NamedTuple):
    """Statistics of the input of a normalization layer: mean and variance of each channel, (C,)."""

    mean: Tensor
    variance: Tensor


class Layer(NamedTuple):
    """A call that normalizes x (1, C, H, W) by statistics of x itself, over each of `groups` of channels."""

    x: Tensor
    groups: int
    weight: Tensor | None
    bias: Tensor | None
    eps: float

    def normalize(self, moments: Moments | None = None) -> Tensor:
        """The layer's result with these statistics; None is mean 0 and variance 1."""
        if moments is None:
            channels = self.x.shape[1]
            moments = Moments(torch.zeros(channels), torch.ones(channels))
        dtype = torch.promote_types(self.x.dtype, torch.float32)
        mean, variance = (value.to(self.x.device, dtype) for value in moments)
        return F.batch_norm(self.x, mean, variance, self.weight, self.bias, training=False, eps=self.eps)


def layer_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Layer | None:
    """The call as a layer, if it is a normalization that depends on the whole image."""
    if function not in (F.group_norm, F.instance_norm, F.batch_norm):
        return None
    bound = signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments
    # Instance norm and batch norm with running statistics are local already.
    if not given.get("use_input_stats", True) or not given.get("training", True):
        return None
    groups = given.get("num_groups", given["input"].shape[1])
    return Layer(given["input"], groups, given["weight"], given["bias"], given["eps"])


class Replaced(TorchFunctionMode):
    """Inside it, layers give the result of a function instead of their own."""

    def __init__(self, replacement: Callable[[Layer], Tensor]) -> None:
        super().__init__()
        self._replacement = replacement

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        layer = layer_of(func, args, kwargs or {})
        return func(*args, **(kwargs or {})) if layer is None else self._replacement(layer)


def has_statistics(net: Callable[[Tensor], Tensor], x: Tensor) -> bool:
    """Whether a network normalizes x (1, C, H, W) by statistics of all its pixels; it is run once."""
    found: list[Layer] = []

    def note(layer: Layer) -> Tensor:
        found.append(layer)
        return layer.normalize()

    with Replaced(note):
        getattr(net, "forward", net)(x)  # code that was compiled in place bypasses function modes
    return bool(found)


def without_statistics() -> TorchFunctionMode:
    """Inside it, normalization depends on no other pixels, so that the remaining receptive field shows."""
    return Replaced(Layer.normalize)


class Sums:
    """The statistics of a layer of the whole image, from parts of its input (1, C, h, w)."""

    def __init__(self) -> None:
        self._sums, self._count = torch.zeros(()), 0

    def add(self, part: Tensor, groups: int) -> None:
        """Count a part; all parts cover each point of the map once."""
        # Sums of squares in float64, which MPS and some XPUs lack.
        dtype = torch.float64 if part.device.type in ("cpu", "cuda") else torch.float32
        own = part.to(dtype).reshape(groups, -1)
        self._sums = self._sums + torch.stack([own.sum(-1), own.square().sum(-1)]).cpu()
        self._count += own.shape[-1]

    def moments(self, channels: int) -> Moments:
        """Of each of the channels."""
        mean, square = self._sums / self._count
        moments = torch.stack([mean, (square - mean.square()).clamp(min=0)])
        return Moments(*moments.repeat_interleave(channels // len(mean), dim=-1).unbind())
