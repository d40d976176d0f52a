"""The mean of a network's results for several views of a picture."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

SIZES = (2 / 3, 1.0, 4 / 3)  # of a colorizer's views, by its working size


def mean_of_turns(net: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The mean over eight views of x (N, C, H, W), flipped and turned, each result turned back.

    The geometric self-ensemble of EDSR (Lim et al. 2017).
    """
    mean = torch.zeros(())
    for turns in range(4):
        view = x.rot90(turns, (-2, -1))
        mean = mean + _of_both_sides(net, view).rot90(-turns, (-2, -1)) / 4
    return mean


def mean_of_sizes(net: Callable[[Tensor], Tensor], x: Tensor, side: int) -> Tensor:
    """The mean over six views of x (1, C, H, W), around a shorter side in pixels, each one also mirrored."""
    size, mean = at_size(x, side).shape[-2:], torch.zeros(())
    for scale in SIZES:
        view = at_size(x, max(1, round(scale * side)))
        mean = mean + _scaled(_of_both_sides(net, view), size) / len(SIZES)
    return mean


def _of_both_sides(net: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The mean of the results for x and its mirror image."""
    return (net(x) + net(x.flip(-1)).flip(-1)) / 2


def at_size(x: Tensor, side: int) -> Tensor:
    """Resize x (N, C, H, W) in [-1, 1] to a shorter side of so many pixels."""
    shorter = min(x.shape[-2:])
    height, width = (max(1, round(length * side / shorter)) for length in x.shape[-2:])
    return _scaled(x, (height, width)).clamp(-1, 1)


def _scaled(x: Tensor, size: tuple[int, ...]) -> Tensor:
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bicubic", align_corners=False, antialias=True)
