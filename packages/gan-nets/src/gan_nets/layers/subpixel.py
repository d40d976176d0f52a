"""Upsampling by sub-pixel convolutions (Shi et al. 2016, arXiv 1609.05158, section 3.2)."""

from collections.abc import Collection

import torch.nn.functional as F
from torch import Tensor, nn

FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}  # the factors whose product is each scale


class SubpixelConv(nn.Module):
    """A 3x3 convolution to factor**2 times the channels, then a pixel shuffle."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv2d(channels, channels * factor**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, factor * H, factor * W)."""
        return F.pixel_shuffle(self.conv(x), self.factor)


def subpixel_convs(channels: int, scale: int) -> nn.ModuleList:
    """Layers that upsample feature maps `scale` times; 4 and 8 in steps of 2.

    Raises:
        ValueError: the scale is not 2, 3, 4 or 8.
    """
    check_scale(scale, FACTORS)
    return nn.ModuleList(SubpixelConv(channels, factor) for factor in FACTORS[scale])


def check_scale(scale: int, known: Collection[int]) -> None:
    """Raise ValueError unless `scale` is among the known ones."""
    if scale not in known:
        *others, last = map(str, known)
        raise ValueError(
            f"expected scale {', '.join(others)} or {last}; got {scale!r}; "
            f"take the next larger one and resize the result"
        )
