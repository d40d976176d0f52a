"""Blur kernels of the degradation model of Real-ESRGAN: Gaussian, generalized, plateau, and sinc.

Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data",
sections 3.1 and 3.3.
"""

from math import cos, pi, sin

import torch
from torch import Tensor

from gan_data.transforms._ranges import require_kernel_sizes


def gaussian_kernel(
    size: int, sigma: float | tuple[float, float], rotation: float = 0.0, beta: float = 1.0
) -> Tensor:
    """A generalized Gaussian blur kernel: exp(-(x^T S^-1 x)^beta / 2), with a sum of 1.

    Wang et al. 2021 (Real-ESRGAN), section 3.1. With beta = 1 it is the Gaussian; a smaller beta makes it
    more peaked, a larger one flatter in the middle.

    Args:
        size: of the kernel, an odd number of pixels.
        sigma: standard deviation in pixels, above 0, or one along each of the two axes, before rotation.
        rotation: of the axes, in radians, from x (to the right) to y (down).
        beta: the exponent, above 0.

    Returns:
        (size, size) float64; rows are y, columns x.

    Raises:
        ValueError: an argument is out of range.

    Examples:
        >>> kernel = gaussian_kernel(5, sigma=(2.0, 0.5), rotation=torch.pi / 4)
        >>> kernel.shape, round(kernel.sum().item(), 6)
        (torch.Size([5, 5]), 1.0)
    """
    return _normalized((-0.5 * _quadratic(size, sigma, rotation, beta)).exp())


def plateau_kernel(
    size: int, sigma: float | tuple[float, float], rotation: float = 0.0, beta: float = 1.0
) -> Tensor:
    """A plateau-shaped blur kernel: 1 / (1 + (x^T S^-1 x)^beta), with a sum of 1.

    Wang et al. 2021 (Real-ESRGAN), section 3.1.

    Args:
        size: as in `gaussian_kernel`.
        sigma: as in `gaussian_kernel`, the distance at which the kernel has fallen to half.
        rotation: as in `gaussian_kernel`.
        beta: the exponent, above 0; the larger, the flatter the middle and the steeper the edge.

    Returns:
        (size, size) float64; rows are y, columns x.

    Raises:
        ValueError: an argument is out of range.

    Examples:
        >>> kernel = plateau_kernel(5, sigma=1.5, beta=2.0)
        >>> kernel.shape, round(kernel.sum().item(), 6)
        (torch.Size([5, 5]), 1.0)
    """
    return _normalized(1 / (1 + _quadratic(size, sigma, rotation, beta)))


def sinc_kernel(size: int, cutoff: float) -> Tensor:
    """The ideal circular low-pass filter: cutoff / (2 pi r) * J1(cutoff * r), with a sum of 1.

    It imitates ringing and overshoot at edges. Wang et al. 2021 (Real-ESRGAN), section 3.3. Its
    limit at r = 0 is cutoff^2 / (4 pi).

    Args:
        size: of the kernel, an odd number of pixels.
        cutoff: the frequency above which nothing passes, in radians per pixel, above 0 and at most pi.

    Returns:
        (size, size) float64.

    Raises:
        ValueError: an argument is out of range.

    Examples:
        >>> kernel = sinc_kernel(7, cutoff=torch.pi / 2)
        >>> kernel.shape, round(kernel.sum().item(), 6)
        (torch.Size([7, 7]), 1.0)
    """
    if not 0 < cutoff <= pi:
        raise ValueError(f"expected a cutoff above 0 and at most pi radians per pixel; got {cutoff}")
    y, x = _offsets(size)
    radius = torch.hypot(x, y)
    kernel = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * pi * radius)
    kernel[size // 2, size // 2] = cutoff**2 / (4 * pi)
    return _normalized(kernel)


def _quadratic(size: int, sigma: float | tuple[float, float], rotation: float, beta: float) -> Tensor:
    """(x^T S^-1 x)^beta, where S has the standard deviations `sigma` along the rotated axes."""
    along, across = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    if min(along, across, beta) <= 0:
        raise ValueError(f"expected sigma and beta above 0; got {sigma} and {beta}")
    y, x = _offsets(size)
    u = cos(rotation) * x + sin(rotation) * y
    v = cos(rotation) * y - sin(rotation) * x
    return ((u / along) ** 2 + (v / across) ** 2) ** beta


def _offsets(size: int) -> tuple[Tensor, Tensor]:
    """Rows and columns, in pixels from the center."""
    require_kernel_sizes("the kernel's size", [size])
    positions = torch.arange(size, dtype=torch.float64) - size // 2
    y, x = torch.meshgrid(positions, positions, indexing="ij")
    return y, x


def _normalized(kernel: Tensor) -> Tensor:
    return kernel / kernel.sum()
