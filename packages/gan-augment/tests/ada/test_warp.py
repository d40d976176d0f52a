"""The resampling, against its definition step by step and against images known as functions."""

import math

import pytest
import torch
import torch.nn.functional as F
from gan_augment import warp
from gan_augment.ada._wavelet import SYM6
from torch.testing import assert_close


def maps(*rows):
    return torch.tensor(rows, dtype=torch.float64).view(1, 2, 3)


@pytest.fixture
def plain_warp(mirrored, convolve):
    """Pad, insert zeros, filter, sample, filter, subsample: one after the other, as in the paper."""

    def warp(images, matrix, margin=60):
        height, width = images.shape[-2:]
        taps = SYM6 / SYM6.sum()
        padded = mirrored(images, margin)
        fine = torch.zeros(*padded.shape[:2], 2 * padded.shape[2], 2 * padded.shape[3], dtype=images.dtype)
        fine[..., ::2, ::2] = padded
        fine = convolve(F.pad(fine, (6, 5, 6, 5)), 2 * taps.flip(0))
        inverse = torch.linalg.inv(torch.cat([matrix, torch.eye(3, dtype=images.dtype)[None, 2:]], 1))
        x = torch.arange(2 * width + 10, dtype=images.dtype) - 5 - (width - 1)
        y = torch.arange(2 * height + 10, dtype=images.dtype) - 5 - (height - 1)
        from_center = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        source = from_center @ inverse[0, :2, :2].T + 2 * inverse[0, :2, 2]
        source = source + torch.tensor([width - 1, height - 1]) + 2 * margin  # in rows of `fine`
        grid = (2 * source + 1) / torch.tensor([fine.shape[-1], fine.shape[-2]]) - 1
        sampled = F.grid_sample(fine, grid.expand(len(images), -1, -1, -1), align_corners=False)
        return convolve(sampled, taps)[..., ::2, ::2]

    return warp


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
def test_equals_its_definition(size, matrix, plain_warp):
    images = torch.rand(2, 2, *size, dtype=torch.float64)
    assert_close(warp(images, matrix.expand(2, -1, -1)), plain_warp(images, matrix), rtol=0, atol=1e-11)


def test_each_image_has_its_own_map(images):
    matrices = torch.eye(2, 3).repeat(3, 1, 1)
    matrices[1, 0, 2] = 2
    moved = warp(images, matrices)
    assert_close(moved[::2], images[::2], rtol=0, atol=2e-6)
    assert_close(moved[1, :, :, 2:], images[1, :, :, :-2], rtol=0, atol=2e-6)


def test_groups_of_images_equal_the_whole_batch(images, monkeypatch):
    matrices = torch.randn(3, 2, 3)
    expected = warp(images, matrices)
    monkeypatch.setattr("gan_augment.ada.warp.CPU_VALUES", 1)
    assert_close(warp(images, matrices), expected)


def test_a_rotated_wave_equals_the_rotated_function():
    def wave(x, y):
        return torch.sin(0.35 * x + 0.2 * y)

    position = torch.arange(64) - 31.5
    y, x = torch.meshgrid(position, position, indexing="ij")
    cos, sin = math.cos(0.4), math.sin(0.4)
    rotated = warp(wave(x, y).view(1, 1, 64, 64), maps(cos, -sin, 3.3, sin, cos, -1.6).float())
    back_x, back_y = cos * (x - 3.3) + sin * (y + 1.6), -sin * (x - 3.3) + cos * (y + 1.6)
    center = slice(18, 46)
    assert_close(rotated[0, 0, center, center], wave(back_x, back_y)[center, center], rtol=0, atol=0.02)


def test_shrinking_does_not_alias():
    stripes = torch.ones(1, 1, 32, 32)
    stripes[..., ::2] = -1  # the highest frequency
    half = warp(stripes, maps(0.6, 0, 0, 0, 0.6, 0).float())
    assert half[..., 10:22, 10:22].abs().max() < 0.5  # plain sampling keeps their amplitude
    grid = F.affine_grid(maps(1 / 0.6, 0, 0, 0, 1 / 0.6, 0).float(), [1, 1, 32, 32], align_corners=False)
    assert F.grid_sample(stripes, grid, align_corners=False).max() > 0.9


def test_gradients_of_both_orders():
    images = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    matrix = torch.randn(1, 2, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: warp(x, matrix), images)
    assert torch.autograd.gradgradcheck(lambda x: warp(x, matrix), images)
