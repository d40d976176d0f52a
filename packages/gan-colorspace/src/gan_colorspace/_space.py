"""Color spaces as values, which can be options of a recipe."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from gan_colorspace._lab import lab_to_rgb, rgb_to_lab
from gan_colorspace._ycrcb import rgb_to_ycrcb, ycrcb_to_rgb


class ColorSpace(NamedTuple):
    """A name and two conversions; your own color space needs no more than these three.

    Attributes:
        name: in lower case, as in a file's or an option's name.
        from_rgb: (N, 3, H, W) RGB in [-1, 1] to this space.
        to_rgb: its inverse.

    Examples:
        >>> inverse = ColorSpace("inverse", from_rgb=torch.neg, to_rgb=torch.neg)  # your own
        >>> inverse.to_rgb(inverse.from_rgb(torch.tensor([-1.0, 0.0, 1.0])))
        tensor([-1.,  0.,  1.])
        >>> YCRCB.from_rgb(torch.ones(1, 3, 4, 4)).shape
        torch.Size([1, 3, 4, 4])
    """

    name: str
    from_rgb: Callable[[Tensor], Tensor]
    to_rgb: Callable[[Tensor], Tensor]


def _same(image: Tensor) -> Tensor:
    return image


RGB = ColorSpace("rgb", _same, _same)
"""RGB, unchanged."""
YCRCB = ColorSpace("ycrcb", rgb_to_ycrcb, ycrcb_to_rgb)
"""Luma and two planes of chroma, as in `rgb_to_ycrcb`."""
LAB = ColorSpace("lab", rgb_to_lab, lab_to_rgb)
"""CIE L*a*b*, as in `rgb_to_lab`."""
