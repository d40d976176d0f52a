"""Translations without a network: the rows that a trained one must beat."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

BINS = 16  # of each color channel in `ColorTable`


def untouched(images: Tensor) -> Tensor:
    """The input."""
    return images


def blurred(images: Tensor) -> Tensor:
    """The input, blurred by 2 pixels: what measures that compare pixels reward."""
    return gaussian_blur(images, [13, 13], [2.0, 2.0])


def zoomed_and_blurred(images: Tensor) -> Tensor:
    """The input, enlarged by 6 % and blurred by 2 pixels."""
    size = images.shape[-1]
    border = round(size * 0.03)
    inner = images[..., border : size - border, border : size - border]
    return blurred(F.interpolate(inner, size=(size, size), mode="bilinear", antialias=True))


def mean_image(targets: Tensor) -> Callable[[Tensor], Tensor]:
    """The mean of the other domain's training images (M, 3, H, W), whatever the input."""
    mean = targets.mean(0)
    return lambda images: mean.expand_as(images)


class ColorTable:
    """The mean output for each input color, learned from pairs: 16 colors a channel, no neighborhood.

    Args:
        sources: (M, 3, H, W) in [-1, 1].
        targets: their counterparts, the same shape.
    """

    def __init__(self, sources: Tensor, targets: Tensor) -> None:
        index = _color_index(sources).flatten()
        values = targets.movedim(1, -1).reshape(-1, 3)
        counts = torch.bincount(index, minlength=BINS**3)
        sums = torch.zeros(BINS**3, 3).index_add_(0, index, values)
        sums[counts == 0] = values.mean(0)  # a color that no pair has
        self._means = sums / counts.clamp(min=1)[:, None]

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W): the table's color for each pixel."""
        return self._means[_color_index(images)].movedim(-1, 1)


class NearestPair:
    """The training target whose source is nearest to the input, pixel by pixel: a copy of the data.

    Args:
        sources: (M, 3, H, W) in [-1, 1].
        targets: their counterparts, the same shape.
    """

    def __init__(self, sources: Tensor, targets: Tensor) -> None:
        self._sources, self._targets = sources.flatten(1), targets

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W): a training image for each input."""
        return self._targets[torch.cdist(images.flatten(1), self._sources).argmin(1)]


def _color_index(images: Tensor) -> Tensor:
    """(N, H, W) int64: the bin of each pixel's color, 0 to 16^3 - 1."""
    red, green, blue = ((images + 1) * (BINS / 2)).long().clamp(0, BINS - 1).unbind(1)
    return (red * BINS + green) * BINS + blue
