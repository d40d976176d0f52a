"""The receptive field of any network, measured."""

import copy

import torch
from torch import Tensor, nn

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
        ValueError: the output depends on the whole image, as with the statistics of instance norm, or the
            radius is beyond 2000 pixels (or 30 times the network's size_multiple).
    """
    copied = copy.deepcopy(net).to("cpu", torch.float32)
    multiple = int(getattr(net, "size_multiple", 1))
    return max(_radius(copied, channels, multiple, transposed) for transposed in (False, True))


@torch.no_grad()
def _radius(net: nn.Module, channels: int, multiple: int, transposed: bool) -> int:
    """Radius along columns (transposed: rows) in input pixels; the larger of the two sides."""
    short = -(-SHORT_SIDE // multiple) * multiple
    for length in LENGTHS:
        length = max(length // multiple, length // LENGTHS[0]) * multiple
        middle = length // multiple // 2 * multiple
        strip = torch.zeros(1, channels, short, length)
        strip[..., middle : middle + multiple] = torch.nan
        affected, scale = _affected(net, strip, transposed)
        first, last = int(affected.min()), int(affected.max())
        if first > 0 and last < scale * length - 1:
            before, after = scale * middle - first, last + 1 - scale * (middle + multiple)
            return -(-max(before, after, 0) // scale)
    raise ValueError(
        f"expected a network whose output depends on nearby pixels only; got {type(net).__name__}, whose "
        f"output depends on the whole image, as with instance norm, batch statistics or training mode; "
        f"give an overlap and a blend to accept tiles that differ"
    )


def _affected(net: nn.Module, strip: Tensor, transposed: bool) -> tuple[Tensor, int]:
    """The output's columns that contain NaN, and the scale of the output."""
    with torch.autocast("cpu", enabled=False):
        # Not net(...): a network compiled in place would be compiled again for each strip.
        y = net.forward(strip.mT if transposed else strip)
    y = y.mT if transposed else y
    return y.isnan().any(2).any(1)[0].nonzero(), y.shape[-1] // strip.shape[-1]
