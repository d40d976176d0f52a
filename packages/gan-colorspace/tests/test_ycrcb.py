from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gan_colorspace import gray_to_rgb, rgb_to_gray, rgb_to_ycrcb, ycrcb_to_rgb
from safetensors.torch import load_file

PARITY = load_file(Path(__file__).parent / "parity" / "color.safetensors")

# BT.601 as a matrix on zero-centered planes in [-1, 1], computed from Kr = 0.299 and Kb = 0.114.
MATRIX = torch.tensor(
    [
        [0.299, 0.587, 0.114],
        [0.5, -0.587 / 1.402, -0.114 / 1.402],
        [-0.299 / 1.772, -0.587 / 1.772, 0.5],
    ],
    dtype=torch.float64,
)


@pytest.fixture
def rgb():
    return torch.rand(2, 3, 33, 21, generator=torch.Generator().manual_seed(0)) * 2 - 1


def grid():
    """Every corner, edge and face of the RGB cube: 33 steps along each side."""
    side = torch.linspace(-1, 1, 33)
    return torch.stack(torch.meshgrid(side, side, side, indexing="ij")).reshape(3, 33, -1)


def test_golden_values_of_the_primary_colors():
    colors = {  # RGB -> (Y, Cr, Cb), worked out by hand in thousandths
        (1, 1, 1): (1.0, 0.0, 0.0),
        (-1, -1, -1): (-1.0, 0.0, 0.0),
        (0, 0, 0): (0.0, 0.0, 0.0),
        (1, -1, -1): (-0.402, 1.0, -0.299 / 0.886),  # red: Y = 2 * 0.299 - 1
        (-1, 1, -1): (0.174, -0.587 / 0.701, -0.587 / 0.886),
        (-1, -1, 1): (-0.772, -0.114 / 0.701, 1.0),
    }
    rgb = torch.tensor(list(colors), dtype=torch.float32).reshape(-1, 3, 1, 1)
    expected = torch.tensor(list(colors.values())).reshape(-1, 3, 1, 1)
    torch.testing.assert_close(rgb_to_ycrcb(rgb), expected, atol=2e-7, rtol=0)


def test_is_the_1x1_convolution_with_the_bt601_matrix(rgb):
    rgb = rgb.double()
    torch.testing.assert_close(rgb_to_ycrcb(rgb), F.conv2d(rgb, MATRIX[..., None, None]), atol=1e-15, rtol=0)


def test_inverse_is_the_convolution_with_the_inverse_matrix(rgb):
    inverse = torch.from_numpy(np.linalg.inv(MATRIX.numpy()))
    expected = F.conv2d(rgb.double(), inverse[..., None, None])
    torch.testing.assert_close(ycrcb_to_rgb(rgb.double()), expected, atol=2e-15, rtol=1e-14)


def test_parity_with_bt601_full_range():
    ycbcr = PARITY["output/ycbcr_bt601_full"]  # Y, Cb, Cr in 0..1
    expected = 2 * ycbcr[:, [0, 2, 1]] - 1
    torch.testing.assert_close(rgb_to_ycrcb(2 * PARITY["input/rgb"] - 1), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("pair", [(rgb_to_ycrcb, ycrcb_to_rgb), (ycrcb_to_rgb, rgb_to_ycrcb)])
def test_round_trip_within_1e_6_in_float32(pair):
    convert, invert = pair
    image = grid()
    assert (invert(convert(image)) - image).abs().max() < 1e-6


def test_planes_fill_the_range():
    planes = rgb_to_ycrcb(grid())
    torch.testing.assert_close(planes.amin((1, 2)), -torch.ones(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(planes.amax((1, 2)), torch.ones(3), atol=1e-6, rtol=0)


def test_not_clipped():
    saturated = torch.tensor([1.0, 1.0, 0.0]).reshape(3, 1, 1)  # white with full Cr is not an RGB color
    assert ycrcb_to_rgb(saturated)[0].item() == pytest.approx(1 + 1.402)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_loses_nothing_under_autocast(rgb, dtype):
    image = rgb.to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        ycrcb = rgb_to_ycrcb(image)
        back = ycrcb_to_rgb(ycrcb)
    assert ycrcb.dtype == back.dtype == torch.float32
    assert (back - image.float()).abs().max() < 1e-6


def test_backward_under_autocast_is_float32_too(rgb):
    def gradient(image):
        image = image.clone().requires_grad_()
        ycrcb_to_rgb(image).square().sum().backward()
        return image.grad

    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = gradient(rgb)
    assert torch.equal(under_autocast, gradient(rgb))


def test_float64_stays_float64(rgb):
    image = rgb.double()
    back = ycrcb_to_rgb(rgb_to_ycrcb(image))
    assert back.dtype == torch.float64
    assert (back - image).abs().max() < 1e-15


@pytest.mark.parametrize("function", [rgb_to_ycrcb, ycrcb_to_rgb, rgb_to_gray])
def test_gradcheck(function):
    image = torch.rand(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, image)


@pytest.mark.parametrize("function", [rgb_to_ycrcb, ycrcb_to_rgb, rgb_to_gray])
def test_single_image_channels_last_and_compiled_agree(function, rgb):
    expected = function(rgb)
    torch.testing.assert_close(function(rgb[0]), expected[0], atol=0, rtol=0)
    assert torch.equal(function(rgb.contiguous(memory_format=torch.channels_last)), expected)
    compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(compiled(rgb), expected, atol=1e-7, rtol=0)


def test_gray_is_the_luma_plane(rgb):
    gray = rgb_to_gray(rgb)
    assert gray.shape == (2, 1, 33, 21)
    assert torch.equal(gray, rgb_to_ycrcb(rgb)[:, :1])
    torch.testing.assert_close(
        rgb_to_gray(2 * PARITY["input/rgb"] - 1), 2 * PARITY["output/kornia_gray"] - 1, atol=1e-6, rtol=0
    )


def test_gray_to_rgb_and_back(rgb):
    gray = rgb_to_gray(rgb)
    as_rgb = gray_to_rgb(gray)
    assert as_rgb.shape == rgb.shape
    torch.testing.assert_close(rgb_to_gray(as_rgb), gray, atol=2e-7, rtol=0)
    assert rgb_to_ycrcb(as_rgb)[:, 1:].abs().max() < 2e-7
    assert gray_to_rgb(gray[0]).shape == rgb[0].shape


@pytest.mark.parametrize("function", [rgb_to_ycrcb, ycrcb_to_rgb, rgb_to_gray])
def test_bad_input_is_named(function):
    with pytest.raises(ValueError, match=rf"{function.__name__} expects shape .* got \(1, 4, 8, 8\)"):
        function(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match=r"got \(8, 8, 3\)"):
        function(torch.zeros(8, 8, 3))
    with pytest.raises(ValueError, match=r"got torch\.uint8; for 8-bit values"):
        function(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))


def test_gray_to_rgb_expects_one_plane():
    with pytest.raises(ValueError, match=r"gray_to_rgb expects shape \(N, 1, H, W\)"):
        gray_to_rgb(torch.zeros(1, 3, 8, 8))
