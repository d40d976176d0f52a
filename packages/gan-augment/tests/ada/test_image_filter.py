"""The filter bank of ADA's image-space filtering, and its application."""

import math

import pytest
import torch
from gan_augment import amplify_bands
from gan_augment.ada.image_filter import BANDS
from torch.testing import assert_close


def test_bands_add_up_and_each_responds_to_its_octave():
    assert_close(BANDS.sum(0), torch.eye(43, dtype=torch.float64)[21], rtol=0, atol=1e-12)
    assert_close(BANDS, BANDS.flip(1))
    position = torch.arange(43, dtype=torch.float64) - 21
    for octave, frequency in enumerate([1 / 16, 3 / 16, 3 / 8, 3 / 4]):  # the octaves' centers
        response = (BANDS * torch.cos(math.pi * frequency * position)).sum(1)
        assert response.argmax() == octave
        assert response[octave] > 0.6


@pytest.mark.parametrize("size", [(7, 9), (50, 70)])
def test_amplified_bands_equal_a_plain_convolution(size, mirrored, convolve):
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    gains = torch.rand(2, 4, dtype=torch.float64)
    padded = mirrored(images, 21)
    expected = torch.cat([convolve(padded[i : i + 1], gains[i] @ BANDS) for i in range(2)])
    assert_close(amplify_bands(images, gains), expected, rtol=0, atol=1e-12)


def test_gains_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"expected gains of shape \(2, 4\)"):
        amplify_bands(torch.zeros(2, 3, 8, 8), torch.ones(2, 3))
