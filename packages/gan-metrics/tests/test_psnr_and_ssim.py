import pytest
import torch
from gan_metrics import psnr, ssim
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def test_psnr_agrees_with_scikit_image(pair, as_arrays):
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


def test_psnr_of_equal_images_is_100_db(pair):
    prediction, target = pair
    prediction[2] = target[2]
    values = psnr(prediction, target, reduction="none")
    assert values[2] == 100
    assert psnr(prediction, target) == pytest.approx(values.mean().item())
    assert psnr(torch.full((1, 1, 4, 4), 1e-5), torch.zeros(1, 1, 4, 4)) == 100  # it would be 106 dB


def test_the_gradient_of_equal_images_is_zero(pair):
    prediction, target = (images.clone() for images in pair)
    prediction[0] = target[0]
    prediction.requires_grad_()
    psnr(prediction, target).backward()
    assert (prediction.grad[0] == 0).all()
    assert prediction.grad[1].isfinite().all()
    assert prediction.grad[1].any()


def test_ssim_agrees_with_scikit_image(pair, as_arrays):
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


def test_both_agree_with_torchmetrics(pair):
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio as reference_psnr,
    )
    from torchmetrics.functional.image import (
        structural_similarity_index_measure as reference_ssim,
    )

    rgb01 = [(image + 1) / 2 for image in pair]
    expected = reference_psnr(*rgb01, data_range=1.0, reduction="none", dim=(1, 2, 3))
    assert torch.equal(psnr(*pair, reduction="none"), expected)
    _, local = reference_ssim(*rgb01, data_range=1.0, return_full_image=True, reduction="none")
    expected = local[..., 5:-5, 5:-5].mean((1, 2, 3))  # without the padding
    torch.testing.assert_close(ssim(*pair, reduction="none"), expected, atol=4e-7, rtol=0)


def test_ssim_golden_values():
    black, white = torch.full((1, 1, 11, 11), -1.0), torch.full((1, 1, 11, 11), 1.0)
    assert ssim(white, white).item() == pytest.approx(1, abs=1e-6)
    # No variance, means 0 and 1: SSIM = C1 / (1 + C1) with C1 = 0.01^2.
    assert ssim(black, white).item() == pytest.approx(1e-4 / 1.0001, rel=1e-3)


@pytest.mark.parametrize("function", [psnr, ssim])
class TestPSNRAndSSIM:
    def test_mean_is_the_mean_over_images(self, function, pair):
        values = function(*pair, reduction="none")
        assert values.shape == (4,)
        assert values[0] > values[-1]
        torch.testing.assert_close(function(*pair), values.mean())

    def test_values_out_of_range_are_clamped(self, function, pair):
        prediction, target = pair
        beyond = prediction * 2
        assert not torch.equal(beyond, beyond.clamp(-1, 1))
        assert torch.equal(function(beyond, target), function(beyond.clamp(-1, 1), target))
        assert torch.equal(function(target, beyond), function(target, beyond.clamp(-1, 1)))

    def test_half_precision_is_computed_in_float32(self, function, pair):
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
        with pytest.raises(ValueError, match=r"the same shape; got \(4, 3, 24, 37\) and \(4, 3, 24, 36\)"):
            function(prediction, target[..., :-1])
        with pytest.raises(ValueError, match=rf"{function.__name__} expects a batch .* got \(3, 24, 37\)"):
            function(prediction[0], target[0])
        with pytest.raises(ValueError, match=r"got torch\.uint8; for 8-bit values"):
            function(prediction, target.to(torch.uint8))
        with pytest.raises(ValueError, match=r"expected reduction .* got 'sum'"):
            function(prediction, target, reduction="sum")


def test_images_smaller_than_the_window_are_named(pair):
    prediction, target = (image[..., :10, :] for image in pair)
    with pytest.raises(ValueError, match=r"at least 11x11 pixels.* got \(4, 3, 10, 37\)"):
        ssim(prediction, target)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="TF32 exists on CUDA only")
def test_tf32_does_not_lower_the_precision(pair, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    expected = ssim(*pair, reduction="none")
    on_device = ssim(*[image.cuda() for image in pair], reduction="none")
    torch.testing.assert_close(on_device.cpu(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", [-0.9, -0.3, 0.1, 0.7])
def test_ssim_of_equal_flat_images_is_exactly_one(level):
    """Their variances are 0 up to rounding, which differs between images of other levels."""
    flat = torch.full((2, 3, 24, 24), level)
    assert ssim(flat, flat).item() == 1
    assert ssim(flat, flat + 0.2).item() < 1
