"""Filters that work on rows and columns one after the other, written as two matrix products."""

from functools import lru_cache, reduce

import torch
from torch import Tensor


def filter_rows_and_columns(image: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Apply `down` (H', H) to every column of (..., H, W) and `across` (W', W) to every row.

    A uint8 picture is rounded to bytes after each of the two, as programs that work on bytes do; others are
    computed in at least float32, also under autocast, and are neither rounded nor clipped.
    """
    dtype = torch.promote_types(image.dtype, torch.float32)
    down, across = (matrix.to(image.device, dtype) for matrix in (down, across))
    with torch.autocast(image.device.type, enabled=False):
        if image.dtype != torch.uint8:
            return (down @ image.to(dtype) @ across.mT).to(image.dtype)
        return _to_bytes(_to_bytes(down @ image.to(dtype)).to(dtype) @ across.mT)


def _to_bytes(values: Tensor) -> Tensor:
    return values.add(0.5).floor().clamp(0, 255).to(torch.uint8)


@lru_cache(maxsize=8)  # the pictures of a set mostly have one size
def bicubic_matrix(length: int, new_length: int) -> Tensor:
    """(new_length, length) float64: MATLAB's imresize along one axis.

    Keys' cubic kernel with a = -1/2, pixel centres at half-integers, widened when it reduces so that it
    does not alias, the picture mirrored at its borders. Keys, "Cubic Convolution Interpolation for Digital
    Image Processing", 1981, equation 15.
    """
    scale = new_length / length
    sharpness = min(scale, 1.0)
    centers = (torch.arange(new_length, dtype=torch.float64) + 0.5) / scale - 0.5
    reach = int(2 / sharpness) + 2
    taps = centers.floor().long().unsqueeze(1) + torch.arange(-reach, reach + 1)
    weights = _keys(sharpness * (taps - centers.unsqueeze(1)))
    weights = weights / weights.sum(1, keepdim=True)
    taps = taps.remainder(2 * length)  # a mirrored picture repeats after twice its length: 0 .. n-1, n-1 .. 0
    taps = torch.minimum(taps, 2 * length - 1 - taps)
    return torch.zeros(new_length, length, dtype=torch.float64).scatter_add_(1, taps, weights)


def _keys(x: Tensor) -> Tensor:
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))


@lru_cache(maxsize=8)
def blur_matrix(length: int, radius: float, passes: int = 3) -> Tensor:
    """(length, length) float64: Pillow's GaussianBlur along one axis, less its rounding.

    Three box filters of fractional width whose variances sum to radius squared; the border pixel is
    repeated. Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering",
    2011, equations 13 and 14.
    """
    variance = radius**2 / passes
    whole = int(((12 * variance + 1) ** 0.5 - 1) / 2)  # pixels to each side that count in full
    width = 2 * whole + 1
    edge = width * (variance - whole * (whole + 1) / 3) / (2 * ((whole + 1) ** 2 - variance))  # the next one
    offsets = torch.arange(-whole - 1, whole + 2)
    weights = torch.ones(len(offsets), dtype=torch.float64)
    weights[0] = weights[-1] = edge
    taps = (torch.arange(length).unsqueeze(1) + offsets).clamp(0, length - 1)
    box = torch.zeros(length, length, dtype=torch.float64)
    box.scatter_add_(1, taps, (weights / weights.sum()).expand(length, -1))
    return reduce(torch.matmul, [box] * passes)
