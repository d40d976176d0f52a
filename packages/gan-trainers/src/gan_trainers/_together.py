"""Several batches through one network in one forward, where that changes nothing."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.spectral_norm import SpectralNorm

Together = Callable[..., list[Any]]


def together(network: Callable[[Tensor], Any]) -> Together:
    """`network` for several batches: one result for each, None for None, in one forward if that is exact."""
    exact = _takes_each_image_alone(network)

    def apply(*batches: Tensor | None) -> list[Any]:
        given = [batch for batch in batches if batch is not None]
        if exact and len(given) > 1 and len({batch.shape[1:] for batch in given}) == 1:
            results = _split(network(torch.cat(given)), [len(batch) for batch in given])
        else:
            results = [network(batch) for batch in given]
        in_order = iter(results)
        return [None if batch is None else next(in_order) for batch in batches]

    return apply


def _split(result: Tensor | list[Tensor], lengths: list[int]) -> list[Any]:
    """One tensor, or list of all scales, for each batch."""
    if isinstance(result, Tensor):
        return list(result.split(lengths))
    return [list(scales) for scales in zip(*(scale.split(lengths) for scale in result), strict=True)]


def _takes_each_image_alone(network: Callable[[Tensor], Any]) -> bool:
    """Whether it is a module without torch's layers that mix images, draw numbers or change in a call.

    A layer of one's own that mixes images can't be told; a function around its network is never taken whole.
    """
    if not isinstance(network, nn.Module):
        return False
    return not any(_mixes_or_changes(layer) or _drops_out(layer) for layer in network.modules())


def _mixes_or_changes(layer: nn.Module) -> bool:
    if isinstance(layer, _BatchNorm) or getattr(layer, "track_running_stats", False):
        return True
    # Spectral norm, as a parametrisation or as the hook that it was before, advances its estimate each time.
    return is_parametrized(layer) or any(
        isinstance(h, SpectralNorm) for h in layer._forward_pre_hooks.values()
    )


def _drops_out(layer: nn.Module) -> bool:
    if isinstance(layer, _DropoutNd):
        return layer.p > 0
    # Dropout as a function hides in its module, which by convention calls the probability `dropout`.
    probability = getattr(layer, "dropout", 0.0)
    return isinstance(probability, float) and probability > 0
