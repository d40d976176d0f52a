"""Images that were not scaled to [-1, 1] are refused, with the formula."""

import pytest
import torch
from gan_metrics import (
    PSNR,
    colorfulness,
    feature_distance,
    grid_strength,
    image_features,
    psnr,
    psnr_y,
    ssim,
    ssim_y,
)

METRICS = {
    "psnr": psnr,
    "ssim": ssim,
    "psnr_y": psnr_y,
    "ssim_y": ssim_y,
    "colorfulness": lambda a, _: colorfulness(a),
    "grid_strength": lambda a, _: grid_strength(a, period=2),
    "image_features": lambda a, _: image_features(lambda x: x, a),
    "feature_distance": lambda a, b: feature_distance(lambda x: [x], a, b),
}


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 2, 3, 40, 40, generator=generator).unbind()


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("largest", "formula"), [(255, "images / 127.5 - 1"), (65_535, "images / 32767.5 - 1")]
)
def test_integers_as_floats_are_refused(pair, name, largest, formula):
    a, b = (image * largest for image in pair)
    with pytest.raises(
        ValueError, match=rf"{name} expects images in \[-1, 1\]; got values from .*pass {formula}"
    ):
        METRICS[name](a, b)


def test_either_of_a_pair_is_refused(pair):
    a, b = pair
    for given in ((a, b * 255), (a * 255, b)):
        with pytest.raises(ValueError, match=r"for values of 0 to 255 pass images / 127\.5 - 1"):
            PSNR().update(*given)


def test_values_on_both_sides_have_another_remedy(pair):
    a, b = pair
    with pytest.raises(
        ValueError, match=r"got values from -.* to .*; scale them, or check whether training div"
    ):
        psnr(a * 1000 - 500, b)


@pytest.mark.parametrize("name", METRICS)
def test_what_an_untrained_network_overshoots_is_clamped(pair, name):
    a, b = (image * 16 - 8 for image in pair)
    torch.testing.assert_close(METRICS[name](a, b), METRICS[name](a, b))
    if name != "grid_strength":
        torch.testing.assert_close(METRICS[name](a, b), METRICS[name](a.clamp(-1, 1), b.clamp(-1, 1)))
