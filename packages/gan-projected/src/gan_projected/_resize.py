"""The size at which a picture meets the feature network."""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

Resize: TypeAlias = Literal["paper", "official"] | int

PRETRAINED = 224  # pixels: what the feature networks learned from
LEAST = 128  # pixels, of which a 32nd is 4: the window of the heads


def check_rule(resize: Resize) -> None:
    """Raise ValueError unless it is one of the rules or a size that works."""
    if resize in ("paper", "official") or (isinstance(resize, int) and resize >= LEAST):
        return
    raise ValueError(
        f'expected resize "paper", "official" or a size of at least {LEAST} pixels, below which the heads '
        f"have no 4x4 left to judge; got {resize!r}"
    )


def resized(image: Tensor, resize: Resize) -> Tensor:
    """The picture (N, C, H, W) at the size that the rule gives, bilinear, corners not aligned.

    "paper" makes every picture 224x224 and "official" those with a side below 224, as the official code does;
    a number makes it that size. Shrinking averages over all pixels, so that each of them gets a gradient.
    """
    if resize == "official" and min(image.shape[-2:]) >= PRETRAINED:
        return image
    size = PRETRAINED if isinstance(resize, str) else resize
    if image.shape[-2:] == (size, size):
        return image
    shrinks = max(image.shape[-2:]) > size
    wide = image.to(torch.promote_types(image.dtype, torch.float32))  # the CPU shrinks no half precision
    small = F.interpolate(wide, (size, size), mode="bilinear", align_corners=False, antialias=shrinks)
    return small.to(image.dtype)
