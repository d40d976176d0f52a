"""Sizes and channels of ProGAN and what came after it (Karras et al. 2018 to 2020)."""

import math

from gan_nets.layers.checks import check_positive
from gan_nets.layers.latents import check_power_of_two


def sizes_and_channels(
    size: int, base_channels: int, most_channels: int, *, network: str
) -> tuple[list[int], list[int]]:
    """The sizes 4, 8, ..., `size`, and the channels at each.

    Raises:
        ValueError: the size is no power of 2 from 8 to 1024, or a number of channels is not positive.
    """
    check_power_of_two(size, least=8, most=1024, network=network)
    check_positive(base_channels=base_channels, most_channels=most_channels)
    sizes = [2**power for power in range(2, int(math.log2(size)) + 1)]
    return sizes, [max(1, min(most_channels, base_channels // each)) for each in sizes]


def check_level(sizes: list[int], size: int | None, fade: float, *, network: str) -> int:
    """The position of a size, the last one if none is given.

    Raises:
        ValueError: the size is not one of `sizes`, or fade is not in [0, 1].
    """
    if size is not None and size not in sizes:
        raise ValueError(f"{network} expected one of the sizes {sizes}; got {size}")
    if not 0 <= fade <= 1:
        raise ValueError(f"{network} expected fade to be in [0, 1]; got {fade}")
    return len(sizes) - 1 if size is None else sizes.index(size)
