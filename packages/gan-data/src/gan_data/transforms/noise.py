"""The JPEG artifacts of illustrations from the web, as waifu2x is trained to remove them."""

from typing import Literal, get_args

import torch
from torch import Tensor

from gan_data.transforms.degrade import jpeg

NoiseLevel = Literal[0, 1, 2, 3]
"""Of waifu2x, 0 for the weakest noise."""
SINGLE = {0: (85, 95), 1: (65, 85), 2: (27, 70), 3: (27, 70)}  # least and highest quality, compressed once
SPARED = 0.35  # part of the images of levels 0 to 2 that stays clean, so that details are not taken for noise


def jpeg_noise(image: Tensor, level: NoiseLevel) -> Tensor:
    """An image with JPEG artifacts of a random strength, as in waifu2x's training for illustrations.

    Of levels 2 and 3 an image may have been compressed two or three times, each time with a lower quality.
    Chroma is stored at half the resolution in half of the cases. Levels 0 to 2 leave about a third of the
    images as they are. The random numbers are from torch's global generator.

    The qualities are those of nagadomi/waifu2x (style "art"; its `-nr_rate` 0.65, and 1 for level 3).

    Args:
        image: (3, H, W) RGB or (1, H, W) gray, floating point in [-1, 1], clipped.
        level: 0 for the weakest noise to 3 for the strongest.

    Returns:
        The same shape and range, float32.

    Raises:
        ValueError: the level is unknown, or as in `jpeg`.

    Examples:
        >>> jpeg_noise(torch.zeros(3, 32, 32), level=3).shape
        torch.Size([3, 32, 32])
    """
    require_level(level)
    if level < 3 and torch.rand(()) < SPARED:
        return image
    for quality in _qualities(level):
        image = jpeg(image, quality, full_chroma=bool(torch.rand(()) < 0.5))
    return image


def require_level(level: int) -> None:
    """Raises ValueError unless there is such a level."""
    if level not in get_args(NoiseLevel):
        raise ValueError(f"expected a noise level from 0 to 3; got {level!r}")


def _qualities(level: NoiseLevel) -> tuple[int, ...]:
    """One, two or three qualities, in the order of compression."""
    kind = torch.rand(()).item() if level >= 2 else 1.0
    if kind > 0.4:
        return (_integer(*SINGLE[level]),)
    if kind > 0.1:
        first = _integer(37, 70)
        return first, first - _integer(5, 10)
    first = _integer(52, 70)
    return first, first - _integer(5, 15), first - _integer(15, 25)


def _integer(least: int, most: int) -> int:
    return int(torch.randint(least, most + 1, ()))
