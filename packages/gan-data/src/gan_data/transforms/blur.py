"""Blurring a batch of images, each with its own kernel."""

import torch
from torch import Tensor
from torch.nn import functional as F


def blur(images: Tensor, kernels: Tensor) -> Tensor:
    """Filter each image of a batch with its own kernel; the border is reflected without its own pixel.

    Args:
        images: (N, C, H, W), floating point in any range.
        kernels: (N, K, K), K odd, whose sum is 1 where the mean is to stay. The value at row i and column j
            weights the pixel i - K // 2 rows below and j - K // 2 columns to the right (a correlation).

    Returns:
        (N, C, H, W), at least float32, on the same device.

    Raises:
        ValueError: the shapes do not fit.

    Examples:
        >>> images = torch.zeros(1, 1, 5, 5)
        >>> images[0, 0, 2, 2] = 1
        >>> blurred = blur(images, gaussian_kernel(3, sigma=1.0).unsqueeze(0))
        >>> round(blurred.sum().item(), 4)  # spread, not changed
        1.0
    """
    side = kernels.shape[-1]
    if images.ndim != 4 or kernels.shape != (len(images), side, side) or side % 2 == 0:
        raise ValueError(
            "blur expects images (N, C, H, W) and kernels (N, K, K) with an odd K; "
            f"got {tuple(images.shape)} and {tuple(kernels.shape)}"
        )
    dtype = torch.promote_types(images.dtype, torch.float32)
    # A CPU computes with denormal numbers, such as the tails of narrow Gaussians, many times slower.
    kernels = kernels.where(kernels.abs() > 1e-12, 0).to(dtype).to(images.device, non_blocking=True)
    padded = _padded(images.to(dtype), side // 2)
    planes = padded.reshape(1, -1, *padded.shape[-2:])  # each plane of each image is a group
    weights = kernels.repeat_interleave(images.shape[1], 0).unsqueeze(1)
    with torch.autocast(images.device.type, enabled=False):
        return F.conv2d(planes, weights, groups=len(weights)).view(images.shape)


def _padded(images: Tensor, margin: int) -> Tensor:
    if margin < min(images.shape[-2:]):
        return F.pad(images, (margin,) * 4, mode="reflect")
    for axis in (-2, -1):  # F.pad reflects only once
        positions = reflected_positions(images.shape[axis], margin)
        images = images.index_select(axis, positions.to(images.device, non_blocking=True))
    return images


def reflected_positions(length: int, margin: int) -> Tensor:
    """The positions -margin to length + margin - 1, reflected into 0 to length - 1 as often as needed."""
    period = max(2 * length - 2, 1)
    positions = torch.arange(-margin, length + margin).remainder(period)
    return torch.minimum(positions, period - positions)
