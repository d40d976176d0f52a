import torch
import torch.nn.functional as F
from gan_augment.ada._wavelet import SYM2, SYM6
from torch.testing import assert_close


def test_wavelets_are_orthonormal_with_vanishing_moments():
    for taps, moments in ((SYM6, 6), (SYM2, 2)):
        shifted = torch.stack([torch.roll(F.pad(taps, (0, len(taps))), 2 * k) for k in range(len(taps) // 2)])
        assert_close(shifted @ shifted.T, torch.eye(len(shifted), dtype=torch.float64), rtol=0, atol=1e-10)
        positions = torch.arange(len(taps), dtype=torch.float64)
        signs = (-1.0) ** positions
        for power in range(moments):  # the high-pass filter does not respond to polynomials
            assert (signs * positions**power * taps).sum().abs() < 1e-6 * 11**power
