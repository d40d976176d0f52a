"""The low-pass filters of two orthogonal wavelets, and filter banks made of them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Daubechies' least asymmetric wavelet with 6 vanishing moments (Ten Lectures on Wavelets, 1992, table 6.3).
# float64 on the CPU, as all constants here: each operation converts them to its images' dtype and device.
SYM6 = torch.tensor(
    [
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
        0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
        -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
    ],
    dtype=torch.float64,
)  # fmt: skip

# With 2 vanishing moments: the shortest of Daubechies' filters after Haar's, which has a closed form.
_ROOT = math.sqrt(3)
SYM2 = torch.tensor([1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT], dtype=torch.float64) / math.sqrt(32)


def divide_spectrum(wavelet: Tensor, bands: int) -> Tensor:
    """Filters for `bands` octaves, the lowest first, that add up to an impulse.

    Each level splits the remainder of the level above with the wavelet's half-band filter H(z) H(1/z) / 2,
    dilated by powers of two (the "a trous" algorithm, Holschneider et al. 1989).

    Args:
        wavelet: (T,) an orthogonal low-pass filter whose taps sum to the square root of 2.
        bands: number of octaves, 2 or more.

    Returns:
        (bands, (2 T - 2) (2^(bands - 1) - 1) + 1), symmetric filters.
    """
    low = _convolve(wavelet, wavelet.flip(0)) / 2
    high = -low
    high[len(low) // 2] += 1
    remainder, filters = torch.ones(1, dtype=wavelet.dtype), []
    for level in range(bands - 1):
        filters.append(_convolve(remainder, _dilate(high, 2**level)))
        remainder = _convolve(remainder, _dilate(low, 2**level))
    filters.append(remainder)
    margins = [(len(remainder) - len(taps)) // 2 for taps in filters]
    return torch.stack([F.pad(taps, (m, m)) for taps, m in zip(filters, margins, strict=True)]).flip(0)


def _convolve(a: Tensor, b: Tensor) -> Tensor:
    return F.conv1d(a.view(1, 1, -1), b.flip(0).view(1, 1, -1), padding=len(b) - 1).flatten()


def _dilate(taps: Tensor, step: int) -> Tensor:
    dilated = taps.new_zeros((len(taps) - 1) * step + 1)
    dilated[::step] = taps
    return dilated
