"""The resampling, against its definition written out and against pictures that are known everywhere."""

import math

import pytest
import torch
import torch.nn.functional as F
from gan_augment import amplify_bands, warp
from gan_augment._bands import BANDS
from gan_augment._wavelet import SYM2, SYM6
from torch.testing import assert_close


def maps(*rows):
    return torch.tensor(rows, dtype=torch.float64).view(1, 2, 3)


def mirrored(images, margin):
    """Reflected at the middle of its outermost pixels, again and again."""
    for axis in (-2, -1):
        size = images.shape[axis]
        ring = torch.cat([torch.arange(size), torch.arange(size - 2, 0, -1)])
        images = images.index_select(axis, ring[torch.arange(-margin, size + margin) % len(ring)])
    return images


def plain_warp(images, matrix, margin=60):
    """Pad, put zeros between, filter, look up, filter, halve: one after the other, as the paper does."""
    height, width = images.shape[-2:]
    taps = SYM6 / SYM6.sum()
    padded = mirrored(images, margin)
    fine = torch.zeros(*padded.shape[:2], 2 * padded.shape[2], 2 * padded.shape[3], dtype=images.dtype)
    fine[..., ::2, ::2] = padded
    fine = convolve(F.pad(fine, (6, 5, 6, 5)), 2 * taps.flip(0))
    inverse = torch.linalg.inv(torch.cat([matrix, torch.eye(3, dtype=images.dtype)[None, 2:]], 1))
    x = torch.arange(2 * width + 10, dtype=images.dtype) - 5 - (width - 1)
    y = torch.arange(2 * height + 10, dtype=images.dtype) - 5 - (height - 1)
    from_middle = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    there = from_middle @ inverse[0, :2, :2].T + 2 * inverse[0, :2, 2]
    there = there + torch.tensor([width - 1, height - 1]) + 2 * margin  # counted in rows of `fine`
    grid = (2 * there + 1) / torch.tensor([fine.shape[-1], fine.shape[-2]]) - 1
    looked_up = F.grid_sample(fine, grid.expand(len(images), -1, -1, -1), align_corners=False)
    return convolve(looked_up, taps)[..., ::2, ::2]


def convolve(images, taps):
    planes = images.flatten(0, 1).unsqueeze(1)
    planes = F.conv2d(F.conv2d(planes, taps.view(1, 1, 1, -1)), taps.view(1, 1, -1, 1))
    return planes.view(*images.shape[:2], *planes.shape[2:])


@pytest.mark.parametrize("size", [(9, 14), (40, 33)])
@pytest.mark.parametrize(
    "matrix",
    [
        maps(1, 0, 0, 0, 1, 0),
        maps(-1, 0, 3, 0, 1, -2),
        maps(0, 1.3, 0.25, -0.8, 0, 1.5),
        maps(0.9, -0.5, -1.25, 0.6, 1.1, 0.3),
    ],
)
def test_equals_its_definition(size, matrix):
    images = torch.rand(2, 2, *size, dtype=torch.float64)
    assert_close(warp(images, matrix.expand(2, -1, -1)), plain_warp(images, matrix), rtol=0, atol=1e-11)


def test_each_image_has_a_map_of_its_own(images):
    matrices = torch.eye(2, 3).repeat(3, 1, 1)
    matrices[1, 0, 2] = 2
    moved = warp(images, matrices)
    assert_close(moved[::2], images[::2], rtol=0, atol=2e-6)
    assert_close(moved[1, :, :, 2:], images[1, :, :, :-2], rtol=0, atol=2e-6)


def test_many_images_are_worked_on_in_parts(images, monkeypatch):
    matrices = torch.randn(3, 2, 3)
    expected = warp(images, matrices)
    monkeypatch.setattr("gan_augment._warp.CPU_VALUES", 1)
    assert_close(warp(images, matrices), expected)


def test_turns_a_wave_as_a_wave_is_turned():
    def wave(x, y):
        return torch.sin(0.35 * x + 0.2 * y)

    place = torch.arange(64) - 31.5
    y, x = torch.meshgrid(place, place, indexing="ij")
    cos, sin = math.cos(0.4), math.sin(0.4)
    turned = warp(wave(x, y).view(1, 1, 64, 64), maps(cos, -sin, 3.3, sin, cos, -1.6).float())
    back_x, back_y = cos * (x - 3.3) + sin * (y + 1.6), -sin * (x - 3.3) + cos * (y + 1.6)
    middle = slice(18, 46)
    assert_close(turned[0, 0, middle, middle], wave(back_x, back_y)[middle, middle], rtol=0, atol=0.02)


def test_shrinking_does_not_alias():
    stripes = torch.ones(1, 1, 32, 32)
    stripes[..., ::2] = -1  # the highest frequency there is
    half = warp(stripes, maps(0.6, 0, 0, 0, 0.6, 0).float())
    assert half[..., 10:22, 10:22].abs().max() < 0.5  # a plain lookup keeps their height
    grid = F.affine_grid(maps(1 / 0.6, 0, 0, 0, 1 / 0.6, 0).float(), [1, 1, 32, 32], align_corners=False)
    assert F.grid_sample(stripes, grid, align_corners=False).max() > 0.9


def test_gradients_of_both_orders():
    images = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    matrix = torch.randn(1, 2, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: warp(x, matrix), images)
    assert torch.autograd.gradgradcheck(lambda x: warp(x, matrix), images)


def test_wavelets_are_orthonormal_and_flat():
    for taps, moments in ((SYM6, 6), (SYM2, 2)):
        shifted = torch.stack([torch.roll(F.pad(taps, (0, len(taps))), 2 * k) for k in range(len(taps) // 2)])
        assert_close(shifted @ shifted.T, torch.eye(len(shifted), dtype=torch.float64), rtol=0, atol=1e-10)
        places = torch.arange(len(taps), dtype=torch.float64)
        signs = (-1.0) ** places
        for power in range(moments):  # the high-pass filter does not see polynomials
            assert (signs * places**power * taps).sum().abs() < 1e-6 * 11**power


def test_bands_add_up_and_keep_to_their_octave():
    assert_close(BANDS.sum(0), torch.eye(43, dtype=torch.float64)[21], rtol=0, atol=1e-12)
    assert_close(BANDS, BANDS.flip(1))
    place = torch.arange(43, dtype=torch.float64) - 21
    for octave, frequency in enumerate([1 / 16, 3 / 16, 3 / 8, 3 / 4]):  # the octaves' middles
        response = (BANDS * torch.cos(math.pi * frequency * place)).sum(1)
        assert response.argmax() == octave
        assert response[octave] > 0.6


@pytest.mark.parametrize("size", [(7, 9), (50, 70)])
def test_amplified_bands_equal_a_plain_convolution(size):
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    gains = torch.rand(2, 4, dtype=torch.float64)
    padded = mirrored(images, 21)
    expected = torch.cat([convolve(padded[i : i + 1], gains[i] @ BANDS) for i in range(2)])
    assert_close(amplify_bands(images, gains), expected, rtol=0, atol=1e-12)
