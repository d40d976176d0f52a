import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from gan_metrics import PSNRY, psnr_y, ssim_y
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import structural_similarity


@pytest.fixture
def pair():
    """Three images in steps of 1/255, and predictions with increasing errors."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 6, 8, generator=generator)
    target = torch.nn.functional.interpolate(coarse, size=(24, 37), mode="bilinear")
    noise = torch.randn(target.shape, generator=generator)
    prediction = (target + torch.tensor([0.01, 0.05, 0.2]).reshape(3, 1, 1, 1) * noise).clamp(0, 1)
    return [image.double().mul(255).round() / 127.5 - 1 for image in (prediction, target)]


def luma(image):
    """(3, H, W) in [-1, 1] to (H, W) float64 by scikit-image, rounded to bytes as in MATLAB."""
    rgb = ((image.double() + 1) * 127.5).round().permute(1, 2, 0).numpy().astype(np.uint8)
    return np.floor(rgb2ycbcr(rgb)[..., 0] + 0.5)


@pytest.mark.parametrize("border", [0, 4])
def test_agrees_with_scikit_image(pair, border):
    inner = np.s_[border : 24 - border, border : 37 - border]
    for prediction, target in zip(*pair, strict=True):
        ours, theirs = luma(prediction)[inner], luma(target)[inner]
        decibels = 10 * math.log10(255**2 / ((ours - theirs) ** 2).mean())
        similarity = structural_similarity(
            ours, theirs, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        batch = prediction[None], target[None]
        assert psnr_y(*batch, border=border).item() == pytest.approx(decibels, abs=1e-5)
        assert ssim_y(*batch, border=border).item() == pytest.approx(similarity, abs=1e-12)


def test_golden_value():
    """White is 235 and black 16; mid gray of 128 is 16 + 219 * 128 / 255 = 125.93, so 126."""
    white = torch.ones(1, 3, 9, 9, dtype=torch.float64)
    gray = torch.full_like(white, 128 / 127.5 - 1)
    assert psnr_y(white, -white).item() == pytest.approx(20 * math.log10(255 / (235 - 16)), abs=1e-6)
    assert psnr_y(white, gray).item() == pytest.approx(20 * math.log10(255 / (235 - 126)), abs=1e-6)


def test_images_that_round_to_the_same_bytes_are_equal(pair):
    prediction, target = pair
    assert psnr_y(target + 0.4 / 127.5, target) == 100
    assert torch.equal(psnr_y(prediction + 0.4 / 127.5, target), psnr_y(prediction, target))


def test_colors_of_equal_luma_are_equal():
    """Pure red and the gray of its luma: 0.299 of white's 255 is 76."""
    red = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 12, 12)
    assert psnr_y(red, torch.full_like(red, 76 / 127.5 - 1)) == 100


def test_gray_images_are_compared_directly():
    """An error of 51 of 255: 20 log10(5). As RGB it would be 219/255 of it, 44."""
    black = torch.full((1, 1, 9, 9), -1.0, dtype=torch.float64)
    gray = torch.full_like(black, 51 / 127.5 - 1)
    assert psnr_y(gray, black).item() == pytest.approx(20 * math.log10(5), abs=1e-6)
    as_rgb = psnr_y(gray.expand(1, 3, 9, 9), black.expand(1, 3, 9, 9)).item()
    assert as_rgb == pytest.approx(20 * math.log10(255 / 44), abs=1e-6)


@pytest.mark.parametrize("function", [psnr_y, ssim_y])
def test_the_border_has_no_effect(function, pair):
    prediction, target = pair
    spoiled = prediction.clone()
    spoiled[..., :4, :], spoiled[..., -4:, :], spoiled[..., :4], spoiled[..., -4:] = 1, -1, 1, -1
    assert torch.equal(function(spoiled, target), function(prediction, target))
    assert function(spoiled, target, border=3) < function(prediction, target, border=3)


@pytest.mark.parametrize(("function", "smallest"), [(psnr_y, 1), (ssim_y, 11)])
def test_bad_input_is_named(function, smallest, pair):
    prediction, target = pair
    name = function.__name__
    with pytest.raises(ValueError, match=rf"{name} expects RGB .* got \(3, 2, 24, 37\); convert"):
        function(prediction[:, :2], target[:, :2])
    with pytest.raises(ValueError, match=rf"{smallest}x{smallest} pixels inside a border of 12; got 24x37"):
        function(prediction, target, border=12)
    with pytest.raises(ValueError, match=r"the same shape; got"):
        function(prediction, target[..., :-1])
    with pytest.raises(ValueError, match=r"for 8-bit values pass images / 127.5 - 1"):
        function(prediction.byte(), target.byte())
    with pytest.raises(ValueError, match="expected reduction"):
        function(prediction, target, reduction="sum")


def test_metrics_with_different_borders_are_not_merged(pair):
    from torchmetrics import MetricCollection

    scores = MetricCollection({"wide": PSNRY(border=8), "narrow": PSNRY(border=0)})
    scores.update(*pair)
    assert scores.compute() == {
        "wide": psnr_y(*pair, border=8).float(),
        "narrow": psnr_y(*pair, border=0).float(),
    }


@pytest.mark.parametrize(
    ("name", "decibels", "similarity"), [("Set5", 28.42, 0.8104), ("Set14", 25.99, 0.7027)]
)
def test_the_published_values_of_bicubic_upsampling(name, decibels, similarity):
    """The sets are not in this repository. The last digit of SSIM depends on intermediate rounding."""
    beside = Path(__file__).resolve().parent / "../../../../shared/data"
    folder = Path(os.environ.get("GAN_DATA_DIR", beside)) / "sr" / name
    if not folder.is_dir():
        pytest.skip(f"{name} not found: set GAN_DATA_DIR to a folder with sr/{name}/HR and sr/{name}/LRx4")
    scores = []
    for path in sorted((folder / "HR").iterdir()):
        high = Image.open(path)
        upsampled = Image.open(folder / "LRx4" / path.name).resize(high.size, Image.Resampling.BICUBIC)
        scores.append([f(as_batch(upsampled), as_batch(high)).item() for f in (psnr_y, ssim_y)])
    means = np.mean(scores, axis=0)
    assert means[0] == pytest.approx(decibels, abs=0.005)
    assert means[1] == pytest.approx(similarity, abs=5e-4)


def as_batch(file):
    """(1, 3, H, W), or (1, 1, H, W) if it is gray, in [-1, 1]."""
    pixels = torch.from_numpy(np.atleast_3d(np.array(file)))
    return pixels.permute(2, 0, 1)[None] / 127.5 - 1
