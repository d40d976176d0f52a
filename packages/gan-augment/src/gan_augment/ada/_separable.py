"""Separable filters, with any change of resolution, as matrix products over overlapping blocks of rows.

A convolution with one channel leaves most multipliers of a CPU or a GPU idle. As a product of a small banded
matrix and blocks of rows it is several times faster, and can be differentiated any number of times. Rows are
addressed by index, so that reflected borders are never copied.
"""

from typing import Any

import torch
from torch import Tensor

BLOCK = 32  # rows of a block, at the low resolution: long blocks share borders, short ones have fewer zeros


def filter_rows(images: Tensor, source: Tensor, weights: Tensor, count: int) -> Tensor:
    """Weighted sums of rows: row R b + r is the sum over k of weights[r, k] * images[source[b, k]].

    Args:
        images: (N, C, H, W).
        source: (blocks, K) the rows that each block reads.
        weights: (R, K), or (N, 1, 1, R, K) for separate weights of each image.
        count: rows to return, at most blocks * R.

    Returns:
        (N, C, count, W).
    """
    windows = images.index_select(-2, source.flatten()).unflatten(-2, source.shape)  # (N, C, blocks, K, W)
    return _Product.apply(windows, weights).flatten(-3, -2)[..., :count, :]


def taps_at(taps: Tensor, positions: Tensor) -> Tensor:
    """(..., *positions.shape): the filter's taps (..., T) at integer positions, zero beyond its ends."""
    last = taps.shape[-1] - 1
    return torch.where((positions >= 0) & (positions <= last), taps[..., positions.clamp(0, last)], 0)


def reflect(positions: Tensor, size: int) -> Tensor:
    """Any integer positions, reflected into [0, size) at the centers of the outermost pixels."""
    last = size - 1
    return last - (positions.remainder(2 * last) - last).abs()


def block_starts(count: int, device: torch.device) -> Tensor:
    """(blocks, 1): the first row of every block, for `count` rows."""
    return torch.arange(0, count, BLOCK, device=device).unsqueeze(1)


class _Product(torch.autograd.Function):
    """weights @ x in full precision, also where only the backward pass runs under autocast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(weights)
        with torch.autocast(x.device.type, enabled=False):
            return weights @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        return _Product.apply(gradients[0], weights.mT), None
