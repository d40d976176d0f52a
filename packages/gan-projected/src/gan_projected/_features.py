"""A feature network, and what a backbone has to know of it."""

from typing import NamedTuple

from torch import nn


class Features(NamedTuple):
    """A frozen network that returns a list of maps, and their description."""

    network: nn.Module  # its batch norms are folded into the convolutions
    taps: tuple[int, ...]  # positions of the maps with strides 4, 8, 16 and 32
    channels: tuple[int, ...]  # of these four
    mean: tuple[float, ...]  # of the images of its training, on the scale 0 to 1
    std: tuple[float, ...]  # likewise
    is_nhwc: bool = False  # whether its maps are (N, H, W, C), as in Swin transformers
    fixed_size: tuple[int, int] | None = None  # height and width of its images; None: any
