"""Filtering, with any change of resolution, as small matrix products over overlapping blocks of rows.

A convolution with one channel keeps neither a CPU's nor a GPU's multipliers busy. As a product of a small
banded matrix with blocks of rows it runs several times faster, can be differentiated any number of times, and
finds its rows by number, so that an image's reflected borders are never written out.
"""

from typing import Any

import torch
from torch import Tensor

BLOCK = 32  # rows of the low resolution a block: long enough to share borders, short enough to be mostly taps


def filter_rows(images: Tensor, source: Tensor, weights: Tensor, count: int) -> Tensor:
    """Weighted sums of rows: row R b + r is the sum over k of weights[r, k] * images[source[b, k]].

    Args:
        images: (N, C, H, W).
        source: (blocks, K) the rows that each block looks at.
        weights: (R, K), or (N, 1, 1, R, K) for weights of each image's own.
        count: rows wanted, at most blocks * R.

    Returns:
        (N, C, count, W).
    """
    windows = images.index_select(-2, source.flatten()).unflatten(-2, source.shape)  # (N, C, blocks, K, W)
    return _Product.apply(windows, weights).flatten(-3, -2)[..., :count, :]


def taps_at(taps: Tensor, places: Tensor) -> Tensor:
    """(..., *places.shape): the filter's taps (..., T) at integer places, zero beyond its ends."""
    last = taps.shape[-1] - 1
    return torch.where((places >= 0) & (places <= last), taps[..., places.clamp(0, last)], 0)


def reflect(places: Tensor, size: int) -> Tensor:
    """Integer places anywhere, folded into [0, size) as in a mirror at the middle of the outermost pixels."""
    last = size - 1
    return last - (places.remainder(2 * last) - last).abs()


def blocks_of(count: int, device: torch.device, block: int = BLOCK) -> Tensor:
    """(blocks, 1): the first row of every block that it takes for `count` rows."""
    return torch.arange(0, count, block, device=device).unsqueeze(1)


class _Product(torch.autograd.Function):
    """weights @ x in full precision, also where only the gradient is taken under autocast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(weights)
        with torch.autocast(x.device.type, enabled=False):
            return weights @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        return _Product.apply(gradients[0], weights.mT), None
