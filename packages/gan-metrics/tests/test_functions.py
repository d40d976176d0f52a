import math

import gan_metrics
import numpy as np
import pytest
import torch
from gan_metrics import colorfulness, psnr, ssim
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


@pytest.fixture
def pair():
    """Four images and predictions of growing error, all within [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(4, 3, 6, 8, generator=generator)
    target = torch.nn.functional.interpolate(coarse, size=(24, 37), mode="bilinear") * 1.6 - 0.8
    noise = torch.randn(target.shape, generator=generator)
    prediction = target + torch.tensor([0.01, 0.05, 0.1, 0.3]).reshape(4, 1, 1, 1) * noise
    return prediction.clamp(-1, 1), target


def as_arrays(images):
    """Each image as scikit-image takes it: (H, W, C), float64 in [0, 1]."""
    return [(image.double().permute(1, 2, 0).numpy() + 1) / 2 for image in images]


def test_public_names():
    classes = ["FID", "KID", "PSNR", "PSNRY", "SSIM", "SSIMY", "Colorfulness", "DensityCoverage"]
    classes += [
        "FeatureDistance",
        "FrechetDistance",
        "Gaussian",
        "GridStrength",
        "Inception",
        "KernelDistance",
    ]
    classes += ["Patience", "PrecisionRecall", "Source", "Statistics"]
    functions = ["colorfulness", "density_coverage", "feature_distance", "fingerprint", "frechet_distance"]
    functions += [
        "grid_strength",
        "image_features",
        "kernel_distance",
        "measure_statistics",
        "nearest",
        "precision_recall",
    ]
    functions += ["psnr", "psnr_y", "ssim", "ssim_y"]
    assert gan_metrics.__all__ == [*classes, *functions]


def test_psnr_agrees_with_scikit_image(pair):
    expected = [
        peak_signal_noise_ratio(target, prediction, data_range=1.0)
        for prediction, target in zip(*map(as_arrays, pair), strict=True)
    ]
    torch.testing.assert_close(
        psnr(*pair, reduction="none"), torch.tensor(expected).float(), atol=1e-4, rtol=0
    )


def test_psnr_golden_value():
    # An error of 0.2 everywhere: 10 log10(2^2 / 0.2^2) = 20 dB.
    assert psnr(torch.full((1, 1, 4, 4), 0.2), torch.zeros(1, 1, 4, 4)).item() == pytest.approx(20, abs=1e-5)


def test_psnr_is_the_mean_of_decibels_not_of_errors():
    prediction = torch.tensor([0.2, 0.02]).reshape(2, 1, 1, 1)  # 20 and 40 dB
    assert psnr(prediction, torch.zeros_like(prediction)).item() == pytest.approx(30, abs=1e-5)


def test_psnr_of_equal_images_is_infinite(pair):
    prediction, target = pair
    prediction[2] = target[2]
    values = psnr(prediction, target, reduction="none")
    assert values[2] == math.inf
    assert values[[0, 1, 3]].isfinite().all()
    assert psnr(prediction, target) == math.inf


def test_ssim_agrees_with_scikit_image(pair):
    expected = [
        structural_similarity(
            target,
            prediction,
            data_range=1.0,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for prediction, target in zip(*map(as_arrays, pair), strict=True)
    ]
    torch.testing.assert_close(
        ssim(*pair, reduction="none"), torch.tensor(expected).float(), atol=1e-5, rtol=0
    )
    wide = [image.double() for image in pair]
    torch.testing.assert_close(
        ssim(*wide, reduction="none"), torch.tensor(expected).double(), atol=1e-12, rtol=0
    )


def test_ssim_golden_values():
    black, white = torch.full((1, 1, 11, 11), -1.0), torch.full((1, 1, 11, 11), 1.0)
    assert ssim(white, white).item() == pytest.approx(1, abs=1e-6)
    # No variance, means 0 and 1: SSIM = C1 / (1 + C1) with C1 = 0.01^2.
    assert ssim(black, white).item() == pytest.approx(1e-4 / 1.0001, rel=1e-3)


def test_colorfulness_agrees_with_numpy(pair):
    expected = []
    for image in as_arrays(pair[0]):
        red, green, blue = np.moveaxis(image * 255, -1, 0)
        rg, yb = red - green, 0.5 * (red + green) - blue
        expected.append(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
    torch.testing.assert_close(
        colorfulness(pair[0], reduction="none"), torch.tensor(expected).float(), atol=1e-4, rtol=0
    )


def test_colorfulness_golden_values():
    gray = torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4).expand(1, 3, 4, 4)
    assert colorfulness(gray).item() == pytest.approx(0, abs=1e-4)
    red = torch.tensor([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    # rg = 255 and yb = 127.5 all over, so no deviation: 0.3 * 255 * sqrt(1.25).
    assert colorfulness(red).item() == pytest.approx(0.3 * 255 * math.sqrt(1.25), rel=1e-6)
    # Half red, half cyan: rg = +-255, yb = +-127.5, so no mean: 255 * sqrt(1.25).
    assert colorfulness(torch.cat([red, -red], dim=-1)).item() == pytest.approx(
        255 * math.sqrt(1.25), rel=1e-6
    )


@pytest.mark.parametrize("function", [psnr, ssim])
class TestOfPairs:
    def test_mean_is_the_mean_over_images(self, function, pair):
        values = function(*pair, reduction="none")
        assert values.shape == (4,)
        assert values[0] > values[-1]
        torch.testing.assert_close(function(*pair), values.mean())

    def test_values_out_of_range_count_as_shown(self, function, pair):
        prediction, target = pair
        beyond = prediction * 2
        assert not torch.equal(beyond, beyond.clamp(-1, 1))
        assert torch.equal(function(beyond, target), function(beyond.clamp(-1, 1), target))
        assert torch.equal(function(target, beyond), function(target, beyond.clamp(-1, 1)))

    def test_half_precision_is_measured_in_float32(self, function, pair):
        half = [image.bfloat16() for image in pair]
        with torch.autocast("cpu", torch.bfloat16):
            values = function(*half, reduction="none")
        assert values.dtype == torch.float32
        assert torch.equal(values, function(*[image.float() for image in half], reduction="none"))

    def test_differentiable(self, function, pair):
        prediction, target = pair
        prediction.requires_grad_()
        function(prediction, target).backward()
        assert prediction.grad is not None
        with torch.no_grad():
            better = function(prediction + 1e-3 * prediction.grad.sign(), target)
        assert better > function(prediction, target)

    def test_any_number_of_planes(self, function, pair):
        planes = torch.stack([function(p, t) for p, t in zip(*[i.split(1, 1) for i in pair], strict=True)])
        assert planes.isfinite().all()
        assert planes.unique().numel() == 3

    def test_bad_input_is_named(self, function, pair):
        prediction, target = pair
        with pytest.raises(ValueError, match=r"one shape; got \(4, 3, 24, 37\) and \(4, 3, 24, 36\)"):
            function(prediction, target[..., :-1])
        with pytest.raises(ValueError, match=rf"{function.__name__} expects a batch .* got \(3, 24, 37\)"):
            function(prediction[0], target[0])
        with pytest.raises(ValueError, match=r"got torch\.uint8; for 8-bit values"):
            function(prediction, target.to(torch.uint8))
        with pytest.raises(
            ValueError, match='expected reduction "mean" or "none"; got "sum"'.replace('"sum"', "'sum'")
        ):
            function(prediction, target, reduction="sum")


def test_ssim_needs_room_for_its_window(pair):
    prediction, target = (image[..., :10, :] for image in pair)
    with pytest.raises(ValueError, match=r"at least 11x11 pixels.* got \(4, 3, 10, 37\)"):
        ssim(prediction, target)


def test_colorfulness_of_odd_images(pair):
    images = pair[0]
    assert torch.equal(colorfulness(images * 3), colorfulness((images * 3).clamp(-1, 1)))
    half = images.bfloat16()
    assert torch.equal(colorfulness(half), colorfulness(half.float()))
    with pytest.raises(ValueError, match=r"RGB of shape \(N, 3, H, W\); got \(4, 1, 24, 37\)"):
        colorfulness(images[:, :1])
    with pytest.raises(ValueError, match=r"expects a batch .* got \(3, 24, 37\)"):
        colorfulness(images[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="TF32 exists on CUDA only")
def test_tf32_costs_nothing(pair, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    expected = ssim(*pair, reduction="none")
    on_device = ssim(*[image.cuda() for image in pair], reduction="none")
    torch.testing.assert_close(on_device.cpu(), expected, atol=1e-5, rtol=0)
