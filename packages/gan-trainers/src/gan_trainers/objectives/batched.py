"""Several batches through one network in one forward, where that gives the same results."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.spectral_norm import SpectralNorm


def batched(network: Callable[[Tensor], Any]) -> Callable[..., list[Any]]:
    """A function that applies `network` to several batches, in one forward where that is exact.

    It is exact for a module without batch norm, dropout and spectral norm, and for batches of images of the
    same size. Another layer that mixes the images of a batch, such as a minibatch standard deviation, is
    not recognized: pass a function around its network, `batched(lambda x: d(x))`, which is called for each
    batch.

    Args:
        network: from (N, C, H, W) to a tensor with N rows or a list of such tensors.

    Returns:
        A function of any number of batches (N, C, H, W) or None; it returns one result for each, None for
        None.

    Examples:
        >>> net = torch.nn.Conv2d(3, 1, 1)
        >>> real, fake = batched(net)(torch.zeros(2, 3, 8, 8), torch.zeros(4, 3, 8, 8))  # one forward
        >>> real.shape, fake.shape
        (torch.Size([2, 1, 8, 8]), torch.Size([4, 1, 8, 8]))
    """
    exact = _treats_images_separately(network)

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
    """One tensor, or list of scales, for each batch."""
    if isinstance(result, Tensor):
        return list(result.split(lengths))
    return [list(scales) for scales in zip(*(scale.split(lengths) for scale in result), strict=True)]


def _treats_images_separately(network: Callable[[Tensor], Any]) -> bool:
    """Whether it is a module without torch's layers that mix images, are random or change in a call."""
    if not isinstance(network, nn.Module):
        return False
    return not any(_mixes_or_changes(layer) or _drops_out(layer) for layer in network.modules())


def _mixes_or_changes(layer: nn.Module) -> bool:
    if isinstance(layer, _BatchNorm) or getattr(layer, "track_running_stats", False):
        return True
    # Spectral norm, as a parametrization or as the older hook, updates its estimate in each call.
    return is_parametrized(layer) or any(
        isinstance(h, SpectralNorm) for h in layer._forward_pre_hooks.values()
    )


def _drops_out(layer: nn.Module) -> bool:
    if isinstance(layer, _DropoutNd):
        return layer.p > 0
    # A module that calls F.dropout has, by convention, its probability in the attribute `dropout`.
    probability = getattr(layer, "dropout", 0.0)
    return isinstance(probability, float) and probability > 0
