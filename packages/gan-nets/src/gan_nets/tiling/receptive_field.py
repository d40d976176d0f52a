"""The receptive field of any network, measured."""

import copy
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_nets.tiling._spans import is_scaled
from gan_nets.tiling._statistics import Layer, Replaced

SHORT_SIDE = 8  # minimum height of the test strips, for padding by reflection
LENGTHS = (64, 256, 1024, 4096)  # of the strips, or as many multiples of the network's size_multiple


def receptive_radius(net: nn.Module, channels: int = 3) -> int:
    """Distance from a cut, in input pixels, beyond which the output is unaffected by the cut.

    It is measured rather than added up from the layers: a few columns of a strip are set to NaN, and so is
    every output that depends on them. The same is done with rows. A copy is measured on the CPU, where
    convolutions are plain sums (one computed by a transform could only enlarge the radius); `net` is not
    changed. Cuts are assumed at multiples of the network's `size_multiple`, if it has one.

    Args:
        net: from (1, channels, H, W) to (1, C', s * H, s * W), in evaluation mode.
        channels: of the input.

    Returns:
        The radius in input pixels; 4 for a 9x9 convolution.

    Raises:
        ValueError: the output depends on the whole image, as with the statistics of instance norm, or on
            where a pixel is, as with attention in windows; or the radius is beyond 2000 pixels (or 30 times
            the network's size_multiple).

    Examples:
        >>> receptive_radius(torch.nn.Conv2d(3, 3, 9, padding=4))
        4
    """
    return _larger_radius(net, channels, fresh=False)


def radius_between_norms(net: nn.Module, channels: int = 3) -> int:
    """As `receptive_radius`, of what is computed between two normalizations by the whole image's statistics.

    It is the largest distance at which a layer's input, or the output, depends on the network's input or on
    another layer's result, in whole multiples of the network's `size_multiple`: tiles are cut between points
    of all maps. A layer whose map has a size that does not follow the image's is passed through.

    Raises:
        ValueError: as for `receptive_radius`, for other reasons than these statistics.
    """
    multiple = int(getattr(net, "size_multiple", 1))
    return -(-_larger_radius(net, channels, fresh=True) // multiple) * multiple


def _larger_radius(net: nn.Module, channels: int, *, fresh: bool) -> int:
    if getattr(net, "tiles_differ", False):
        raise ValueError(
            f"expected a network whose tiles can equal the whole image; got {type(net).__name__}"
        )
    copied = copy.deepcopy(net).to("cpu", torch.float32)
    multiple = int(getattr(net, "size_multiple", 1))
    return max(_radius(copied, channels, multiple, transposed, fresh) for transposed in (False, True))


@torch.no_grad()
def _radius(net: nn.Module, channels: int, multiple: int, transposed: bool, fresh: bool) -> int:
    """Radius along columns (transposed: rows) in input pixels; the larger of the two sides."""
    short = -(-SHORT_SIDE // multiple) * multiple
    for length in LENGTHS:
        strip = _Strip(short, max(length // multiple, length // LENGTHS[0]) * multiple, multiple, transposed)
        reaches = _reaches(net, channels, strip, fresh)
        known = [reach for reach in reaches if reach is not None]
        if len(known) < len(reaches):
            continue
        if _reaches(net, channels, strip._replace(shift=1), fresh) != reaches:
            raise ValueError(
                f"expected a network that computes the same at any multiple of {multiple} pixels; got "
                f"{type(net).__name__}, whose output depends on where a pixel is, as with attention in "
                "windows; give an overlap and a blend to accept tiles that differ"
            )
        return max(max(reach) for reach in known)
    raise ValueError(
        f"expected a network whose output depends on nearby pixels only; got {type(net).__name__}, whose "
        f"output depends on the whole image, as with instance norm, batch statistics or training mode; "
        f"give an overlap and a blend to accept tiles that differ"
    )


def _reaches(net: nn.Module, channels: int, strip: "_Strip", fresh: bool) -> "list[_Reach | None]":
    """The reach of the output; if the input of normalization layers is `fresh`, theirs before it."""
    reached: list[_Reach | None] = []

    def renewed(layer: Layer) -> Tensor:
        if not strip.is_scaled(layer.x):
            return layer.normalize()
        reached.append(strip.reach(layer.x))
        return strip.marked(layer.x)

    size = (strip.length, strip.short) if strip.transposed else (strip.short, strip.length)
    x = strip.marked(torch.empty(1, channels, *size))
    with torch.autocast("cpu", enabled=False), Replaced(renewed) if fresh else nullcontext():
        # Not net(...): a network compiled in place would be compiled again for each strip.
        reached.append(strip.reach(net.forward(x)))
    return reached


class _Reach(NamedTuple):
    """How many input pixels what is marked reaches beyond the middle of a strip."""

    before: int
    after: int


class _Strip(NamedTuple):
    """A strip of an image, `length` pixels wide (transposed: high), whose middle columns (rows) are NaN.

    The middle is shifted by some multiples.
    """

    short: int
    length: int
    multiple: int
    transposed: bool
    shift: int = 0

    @property
    def _middle(self) -> int:
        return (self.length // self.multiple // 2 + self.shift) * self.multiple

    def is_scaled(self, y: Tensor) -> bool:
        """Whether a map's size is that of the strip, multiplied or divided."""
        sides = zip((y.mT if self.transposed else y).shape[-2:], (self.short, self.length), strict=True)
        return all(is_scaled(side, length, self.multiple) for side, length in sides)

    def marked(self, y: Tensor) -> Tensor:
        """A map like this one, of zeros, with NaN in the middle."""
        marked = torch.zeros_like(y)
        columns = marked.mT if self.transposed else marked
        first, end = (
            each * columns.shape[-1] // self.length for each in (self._middle, self._middle + self.multiple)
        )
        columns[..., first:end] = torch.nan
        return marked

    def reach(self, y: Tensor) -> _Reach | None:
        """How many input pixels the NaN of a map reach beyond the middle; None if up to an end."""
        columns = (y.mT if self.transposed else y).isnan().any(2).any(1)[0]
        affected, side = columns.nonzero(), len(columns)
        if not len(affected):
            return _Reach(0, 0)
        first, end = int(affected.min()), int(affected.max()) + 1
        if first == 0 or end == side:
            return None
        before = self._middle * side - first * self.length  # in pixels, times the side
        after = end * self.length - (self._middle + self.multiple) * side
        return _Reach(-(-max(before, 0) // side), -(-max(after, 0) // side))
