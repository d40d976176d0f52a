"""Colorization without a network: the rows that a trained one must beat."""

import torch
import torch.nn.functional as F
from gan_colorspace import merge, rgb_to_ycrcb, split, ycrcb_to_rgb
from torch import Tensor

BINS = 64  # of luma in `LumaTable`
SIDE = 16  # pixels at which `NearestByLuma` compares
NEIGHBORS = 5


def gray(luma: Tensor) -> Tensor:
    """The input (N, 1, H, W) as RGB."""
    return luma.expand(-1, 3, -1, -1)


class ConstantColor:
    """The mean Cr and Cb of the training photos, at every pixel.

    Args:
        photos: (M, 3, H, W) RGB in [-1, 1].
    """

    def __init__(self, photos: Tensor) -> None:
        _, chroma = split(rgb_to_ycrcb(photos))
        self._mean = chroma.mean((0, 2, 3))

    def __call__(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) to (N, 3, H, W) RGB."""
        return _join(luma, self._mean[None, :, None, None].expand(len(luma), -1, *luma.shape[-2:]))


class LumaTable:
    """The mean Cr and Cb that pixels of each luma have in the training photos.

    Args:
        photos: (M, 3, H, W) RGB in [-1, 1].
    """

    def __init__(self, photos: Tensor) -> None:
        luma, chroma = split(rgb_to_ycrcb(photos))
        index, values = _bins(luma).flatten(), chroma.movedim(1, -1).reshape(-1, 2)
        counts = torch.bincount(index, minlength=BINS)
        sums = torch.zeros(BINS, 2).index_add_(0, index, values)
        sums[counts == 0] = values.mean(0)  # a luma that no pixel has
        self._means = sums / counts.clamp(min=1)[:, None]

    def __call__(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) to (N, 3, H, W) RGB."""
        return _join(luma, self._means[_bins(luma)].movedim(-1, 1))


class NearestByLuma:
    """The mean Cr and Cb of the five training photos whose luma, reduced to 16x16, is nearest.

    Args:
        photos: (M, 3, H, W) RGB in [-1, 1], at least five.
    """

    def __init__(self, photos: Tensor) -> None:
        luma, self._chroma = split(F.adaptive_avg_pool2d(rgb_to_ycrcb(photos), SIDE))
        self._luma = luma.flatten(1)

    def __call__(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) to (N, 3, H, W) RGB."""
        distances = torch.cdist(F.adaptive_avg_pool2d(luma, SIDE).flatten(1), self._luma)
        chroma = self._chroma[distances.topk(NEIGHBORS, largest=False).indices].mean(1)
        return _join(luma, F.interpolate(chroma, size=luma.shape[-2:], mode="bilinear"))


def _bins(luma: Tensor) -> Tensor:
    """(N, H, W) int64, 0 to 63, of (N, 1, H, W)."""
    return ((luma[:, 0] + 1) * (BINS / 2)).long().clamp(0, BINS - 1)


def _join(luma: Tensor, chroma: Tensor) -> Tensor:
    return ycrcb_to_rgb(merge(luma, chroma)).clamp(-1, 1)
