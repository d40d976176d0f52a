"""How far a picture's pixels reach through a network: measured, whatever the network is made of."""

import copy

import torch
from torch import Tensor, nn

SHORT_SIDE = 8  # least height of the strips that are sent through; paddings by reflection need some room
LENGTHS = (64, 256, 1024, 4096)  # of the strips, or as many multiples of what a network asks for


def receptive_radius(net: nn.Module, channels: int = 3) -> int:
    """Input pixels beside a cut beyond which a network's output is as if nothing had been cut off.

    It is measured and not added up from the layers: a few columns of a strip become not-a-number, which
    every sum that they take part in then is too. The same is done with rows. A copy is measured on the CPU,
    where convolutions are plain sums (one that went by way of a transform could only make the radius larger);
    `net` stays as it is. Cuts are taken to lie at multiples of the net's `size_multiple`, if it has one.

    Args:
        net: from (1, channels, H, W) to (1, C', s * H, s * W), in evaluation mode.
        channels: of the input.

    Returns:
        The radius in input pixels; 4 for a 9x9 convolution.

    Raises:
        ValueError: the output depends on the whole picture, as with the statistics of instance norm, or the
            radius is beyond 2000 pixels (or 30 times the net's size_multiple).
    """
    copied = copy.deepcopy(net).to("cpu", torch.float32)
    multiple = int(getattr(net, "size_multiple", 1))
    return max(_reach(copied, channels, multiple, turned) for turned in (False, True))


@torch.no_grad()
def _reach(net: nn.Module, channels: int, multiple: int, turned: bool) -> int:
    """How far columns (turned: rows) reach, in input pixels, to the farther of the two sides."""
    short = -(-SHORT_SIDE // multiple) * multiple
    for length in LENGTHS:
        length = max(length // multiple, length // LENGTHS[0]) * multiple
        middle = length // multiple // 2 * multiple
        strip = torch.zeros(1, channels, short, length)
        strip[..., middle : middle + multiple] = torch.nan
        spoilt, scale = _spoilt(net, strip, turned)
        first, last = int(spoilt.min()), int(spoilt.max())
        if first > 0 and last < scale * length - 1:
            before, after = scale * middle - first, last + 1 - scale * (middle + multiple)
            return -(-max(before, after, 0) // scale)
    raise ValueError(
        f"the output of {type(net).__name__} depends on the whole picture: expected a network in evaluation "
        f"mode without instance norm or batch statistics, which look at all pixels; "
        f"give an overlap and a blend to put up with tiles that differ"
    )


def _spoilt(net: nn.Module, strip: Tensor, turned: bool) -> tuple[Tensor, int]:
    """The output's columns with something that is not a number, and how much larger the output is."""
    with torch.autocast("cpu", enabled=False):
        # Not net(...): a network that was compiled in place would be compiled again for each strip.
        y = net.forward(strip.mT if turned else strip)
    y = y.mT if turned else y
    return y.isnan().any(2).any(1)[0].nonzero(), y.shape[-1] // strip.shape[-1]
