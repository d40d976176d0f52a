"""Separable filters (rows, then columns) as two matrix products."""

from collections.abc import Callable
from functools import lru_cache, partial, reduce
from typing import Literal, NamedTuple

import torch
from torch import Tensor


def filter_rows_and_columns(image: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Apply `down` (H', H) to every column of (..., H, W) and `across` (W', W) to every row.

    A uint8 image is rounded to bytes after each of the two, as in programs that compute with bytes; others
    are computed in at least float32, also under autocast, and are neither rounded nor clipped.
    """
    dtype = torch.promote_types(image.dtype, torch.float32)
    down, across = (matrix.to(image.device, dtype) for matrix in (down, across))
    with torch.autocast(image.device.type, enabled=False):
        if image.dtype != torch.uint8:
            return (down @ image.to(dtype) @ across.mT).to(image.dtype)
        return _to_bytes(_to_bytes(down @ image.to(dtype)).to(dtype) @ across.mT)


def _to_bytes(values: Tensor) -> Tensor:
    return values.add(0.5).floor().clamp(0, 255).to(torch.uint8)


class Filter(NamedTuple):
    """How a new pixel is computed from the old ones around its center."""

    weight: Callable[[Tensor], Tensor]  # of an old pixel at a distance
    reach: float  # distance beyond which the weight is 0
    widened: bool  # whether downscaling widens it, against aliasing
    border: Literal["mirrored", "repeated", "dropped"]  # what is assumed beyond the image


def keys(x: Tensor, a: float) -> Tensor:
    """Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, equation 8."""
    x = x.abs()
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))


def lanczos(x: Tensor) -> Tensor:
    """Duchon, "Lanczos Filtering in One and Two Dimensions", 1979, with three lobes."""
    return torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x))


def box(x: Tensor) -> Tensor:
    """1 within a distance of 1/2."""
    return (x.abs() <= 0.5).to(x.dtype)


FILTERS = {
    "matlab-bicubic": Filter(partial(keys, a=-0.5), 2, widened=True, border="mirrored"),  # imresize
    "plain-bicubic": Filter(partial(keys, a=-0.75), 2, widened=False, border="repeated"),  # OpenCV, torch
    "lanczos": Filter(lanczos, 3, widened=True, border="dropped"),  # Pillow
    "area": Filter(box, 0.5, widened=True, border="dropped"),  # OpenCV; Pillow's BOX
}


@lru_cache(maxsize=8)  # the images of a set mostly have the same size
def resize_matrix(length: int, new_length: int, kernel: str) -> Tensor:
    """(new_length, length) float64: one of `FILTERS` along one axis, with pixel centers at half-integers."""
    weight, reach, widened, border = FILTERS[kernel]
    scale = new_length / length
    sharpness = min(scale, 1.0) if widened else 1.0
    centers = (torch.arange(new_length, dtype=torch.float64) + 0.5) / scale - 0.5
    farthest = int(reach / sharpness) + 2
    taps = centers.floor().long().unsqueeze(1) + torch.arange(-farthest, farthest + 1)
    weights = weight(sharpness * (taps - centers.unsqueeze(1)))
    if border == "dropped":
        weights = weights * ((taps >= 0) & (taps < length))
    weights = weights / weights.sum(1, keepdim=True)
    if border == "mirrored":  # with period 2n: 0 .. n-1, n-1 .. 0
        taps = taps.remainder(2 * length)
        taps = torch.minimum(taps, 2 * length - 1 - taps)
    taps = taps.clamp(0, length - 1)
    return torch.zeros(new_length, length, dtype=torch.float64).scatter_add_(1, taps, weights)


@lru_cache(maxsize=8)
def blur_matrix(length: int, radius: float, passes: int = 3) -> Tensor:
    """(length, length) float64: Pillow's GaussianBlur along one axis, without its rounding.

    Three box filters of fractional width whose variances sum to radius squared; the border pixel is
    repeated. Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering",
    2011, equations 13 and 14.
    """
    variance = radius**2 / passes
    whole = int(((12 * variance + 1) ** 0.5 - 1) / 2)  # pixels to each side with weight 1
    width = 2 * whole + 1
    edge = width * (variance - whole * (whole + 1) / 3) / (2 * ((whole + 1) ** 2 - variance))  # of the next
    offsets = torch.arange(-whole - 1, whole + 2)
    weights = torch.ones(len(offsets), dtype=torch.float64)
    weights[0] = weights[-1] = edge
    taps = (torch.arange(length).unsqueeze(1) + offsets).clamp(0, length - 1)
    box = torch.zeros(length, length, dtype=torch.float64)
    box.scatter_add_(1, taps, (weights / weights.sum()).expand(length, -1))
    return reduce(torch.matmul, [box] * passes)
