"""The size at which images enter the feature network."""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

Resize: TypeAlias = Literal["paper", "official"] | int

PRETRAINED = 224  # pixels: the size at which the feature networks were trained
SMALLEST = 128  # pixels: 4x4 at stride 32, the window of the heads


def check_rule(resize: Resize) -> None:
    """Raise ValueError unless `resize` is one of the rules or a size that is large enough."""
    if resize in ("paper", "official") or (isinstance(resize, int) and resize >= SMALLEST):
        return
    raise ValueError(
        f'expected resize "paper", "official" or a size of at least {SMALLEST} pixels, the smallest for the '
        f"heads; got {resize!r}; use a larger size"
    )


def resized(images: Tensor, resize: Resize) -> Tensor:
    """The images (N, C, H, W), resized by a rule, bilinear, corners not aligned.

    "paper" resizes all images to 224x224, "official" only those with a side below 224, as in the official
    code; a number resizes to that size. Downsampling averages over all pixels, so that each gets a gradient.
    """
    if resize == "official" and min(images.shape[-2:]) >= PRETRAINED:
        return images
    size = PRETRAINED if isinstance(resize, str) else resize
    if images.shape[-2:] == (size, size):
        return images
    downsamples = max(images.shape[-2:]) > size
    # The CPU cannot downsample half precision.
    wide = images.to(torch.promote_types(images.dtype, torch.float32))
    result = F.interpolate(wide, (size, size), mode="bilinear", align_corners=False, antialias=downsamples)
    return result.to(images.dtype)
