"""Upsampling by sub-pixel convolutions (Shi et al. 2016, arXiv 1609.05158, section 3.2)."""

from collections.abc import Collection

import torch.nn.functional as F
from torch import Tensor, nn

FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}  # the factors whose product is each scale


class SubpixelConv(nn.Module):
    """A 3x3 convolution to factor**2 times the channels, then a pixel shuffle.

    If smooth, a fixed mean of factor x factor pixels follows. Each pixel is then the mean of all phases of
    the shuffle, which have weights of their own and otherwise leave a grid (Kinoshita and Kiya 2020, arXiv
    2002.02117, "Fixed smooth convolutional layer for avoiding checkerboard artifacts in CNNs").
    """

    def __init__(self, channels: int, factor: int, *, smooth: bool = False) -> None:
        super().__init__()
        self.factor, self.smooth = factor, smooth
        self.conv = nn.Conv2d(channels, channels * factor**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, factor * H, factor * W)."""
        y = F.pixel_shuffle(self.conv(x), self.factor)
        if not self.smooth:
            return y
        before = self.factor - 1  # the mean of a pixel and those above and to the left of it
        return F.avg_pool2d(F.pad(y, (before, 0, before, 0), mode="replicate"), self.factor, stride=1)


def subpixel_convs(channels: int, scale: int, *, smooth: bool = False) -> nn.ModuleList:
    """Layers that upsample feature maps `scale` times; 4 and 8 in steps of 2.

    Raises:
        ValueError: the scale is not 2, 3, 4 or 8.
    """
    check_scale(scale, FACTORS)
    return nn.ModuleList(SubpixelConv(channels, factor, smooth=smooth) for factor in FACTORS[scale])


def check_scale(scale: int, known: Collection[int]) -> None:
    """Raise ValueError unless `scale` is among the known ones."""
    if scale not in known:
        *others, last = map(str, known)
        raise ValueError(
            f"expected scale {', '.join(others)} or {last}; got {scale!r}; "
            f"take the next larger one and resize the result"
        )
