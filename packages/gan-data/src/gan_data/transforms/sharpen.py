"""The sharpening of the ground truth of Real-ESRGAN."""

from functools import lru_cache

import torch
from torch import Tensor

from gan_data.decoding.tensors import require_range_on_cpu
from gan_data.transforms._separable import filter_rows_and_columns
from gan_data.transforms.blur import reflected_positions


def sharpen(images: Tensor, *, weight: float = 0.5, radius: int = 50, threshold: float = 10.0) -> Tensor:
    """Sharpen images by an unsharp mask that leaves flat regions as they are.

    Wang et al. 2021 (Real-ESRGAN), section 4.1, train Real-ESRGAN+ towards ground truth that is sharpened.
    What a Gaussian blur removes is added once more, by `weight`, where it exceeds `threshold`; the same blur
    makes the border of these regions soft. The defaults are the published values. The Gaussian has OpenCV's
    standard deviation for its size: 8 pixels for a radius of 50.

    Args:
        images: (..., C, H, W), floating point in [-1, 1].
        weight: of what is added.
        radius: size of the Gaussian in pixels, made odd by adding 1 where it is even.
        threshold: in levels of 255.

    Returns:
        The same shape and range, at least float32.

    Raises:
        ValueError: radius, weight or threshold is out of range, the images are not floating point, or on a
            CPU values are far outside [-1, 1].

    Examples:
        >>> gray = torch.zeros(1, 3, 64, 64)
        >>> torch.allclose(sharpen(gray), gray, atol=1e-5)  # flat regions stay
        True
    """
    if radius < 1 or weight < 0 or threshold < 0:
        raise ValueError(
            f"expected radius >= 1, weight >= 0 and threshold >= 0; got {radius}, {weight} and {threshold}"
        )
    if not images.is_floating_point() or images.ndim < 3:
        raise ValueError(
            f"sharpen expects (..., C, H, W) of floating point; got {tuple(images.shape)} {images.dtype}"
        )
    require_range_on_cpu("sharpen", images)
    images = images.to(torch.promote_types(images.dtype, torch.float32))
    down, across = (_gaussian_matrix(side, radius | 1) for side in images.shape[-2:])
    detail = images - filter_rows_and_columns(images, down, across)
    marked = (detail.abs() * 127.5 > threshold).to(images.dtype)
    soft = filter_rows_and_columns(marked, down, across)
    sharp = (images + weight * detail).clamp(-1, 1)
    return torch.lerp(images, sharp, soft)


@lru_cache(maxsize=8)  # the crops of a set have the same size
def _gaussian_matrix(length: int, size: int) -> Tensor:
    """(length, length) float64: a Gaussian of `size` pixels along one axis, reflected at the border."""
    sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8  # OpenCV's, where only the size is given
    offsets = torch.arange(size, dtype=torch.float64) - size // 2
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    taps = reflected_positions(length, size // 2).unfold(0, size, 1)
    matrix = torch.zeros(length, length, dtype=torch.float64)
    return matrix.scatter_add_(1, taps, (weights / weights.sum()).expand(length, -1))
