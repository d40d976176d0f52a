"""Samples that are pairs of images."""

from torch import Tensor

TensorPair = tuple[Tensor, Tensor]


def split_planes(planes: Tensor) -> TensorPair:
    """(6, H, W) as two images (3, H, W)."""
    return planes[:3].contiguous(), planes[3:].contiguous()
