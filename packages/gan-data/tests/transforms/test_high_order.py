import pickle
from collections import Counter
from dataclasses import replace
from math import pi
from random import Random

import pytest
import torch
from gan_data import (
    REAL_ESRGAN,
    DegradationStage,
    HighOrderDegradation,
    batched_jpeg,
    blur,
    from_uint8,
    sinc_kernel,
    to_uint8,
)
from torch.nn import functional as F

COARSE = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8
IMAGES = F.interpolate(COARSE, (48, 64), mode="bilinear")
SEEDS = (11, 12, 13, 14)

# Nothing but what a test turns on: no blur, the size kept, no noise, the best JPEG.
NO_SINC = replace(REAL_ESRGAN.final_sinc, probability=0.0, sizes=(1,))
WIDE = replace(REAL_ESRGAN.first.kernels, sizes=(21,), sinc=NO_SINC, sigma=(3, 3))
QUIET = DegradationStage(
    blur=0.0,
    kernels=WIDE,
    resize=(0, 0, 1),
    factor=(1, 1),
    gaussian=1.0,
    sigma=(0, 0),
    scale=(0, 0),
    gray=0.0,
    quality=(95, 95),
)
NOTHING = HighOrderDegradation(scale=1, first=QUIET, second=QUIET, final_sinc=NO_SINC, jpeg_last=1.0)


def levels(images, others):
    return (images - others).abs().mean().item() * 127.5


def test_the_published_values():
    first, second = REAL_ESRGAN.first, REAL_ESRGAN.second
    for stage in (first, second):
        kernels = stage.kernels
        assert kernels.sizes == tuple(range(7, 22, 2))
        assert kernels.shapes == (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)
        assert (kernels.sinc.probability, kernels.rotation) == (0.1, (-pi, pi))
        assert (kernels.generalized_beta, kernels.plateau_beta) == ((0.5, 4), (1, 2))
        assert (kernels.sinc.cutoff, kernels.sinc.wide_cutoff) == ((pi / 3, pi), (pi / 5, pi))
        assert (stage.gaussian, stage.gray, stage.quality) == (0.5, 0.4, (30, 95))
    assert (first.blur, first.kernels.sigma) == (1.0, (0.2, 3))
    assert (first.resize, first.factor) == ((0.2, 0.7, 0.1), (0.15, 1.5))
    assert (first.sigma, first.scale) == ((1, 30), (0.05, 3))
    assert (second.blur, second.kernels.sigma) == (0.8, (0.2, 1.5))
    assert (second.resize, second.factor) == ((0.3, 0.4, 0.3), (0.3, 1.2))
    assert (second.sigma, second.scale) == ((1, 25), (0.05, 2.5))
    last = REAL_ESRGAN.final_sinc
    assert (last.probability, last.sizes) == (0.8, tuple(range(7, 22, 2)))
    assert (last.cutoff, last.wide_cutoff) == ((pi / 3, pi), (pi / 3, pi))
    assert (REAL_ESRGAN.scale, REAL_ESRGAN.jpeg_last) == (4, 0.5)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_the_result_is_smaller_by_the_scale_and_holds_8_bit_levels(scale):
    degrade = replace(REAL_ESRGAN, scale=scale)
    for seed in range(8):
        result = degrade(IMAGES[..., :60].half(), range(seed, seed + 4))
        assert result.shape == (4, 3, 48 // scale, 60 // scale)
        assert result.dtype == torch.float32
        assert torch.allclose(from_uint8(to_uint8(result)), result, atol=1e-6)


def test_on_average_the_image_stays_in_its_place():
    """Blur, noise and JPEG cancel out in the middle of a gradient; another place or brightness does not."""
    gradient = torch.linspace(-0.8, 0.8, 128).expand(1, 3, 128, 128)
    images = torch.cat([gradient, gradient.mT])
    small = F.interpolate(images, scale_factor=0.25, mode="area")
    results = torch.stack([REAL_ESRGAN(images, (seed, seed + 1)) for seed in range(0, 120, 2)])
    assert levels(results.mean(0)[..., 8:-8, 8:-8], small[..., 8:-8, 8:-8]) < 2
    assert levels(results, small.expand_as(results)) > 4


def test_the_seeds_determine_the_result_and_the_global_random_numbers_stay():
    state = torch.get_rng_state()
    first = REAL_ESRGAN(IMAGES, SEEDS)
    assert torch.equal(REAL_ESRGAN(IMAGES, SEEDS), first)
    assert not torch.equal(REAL_ESRGAN(IMAGES, [seed + 100 for seed in SEEDS]), first)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("leader", range(6))
def test_an_image_with_its_seed_is_degraded_alike_in_any_batch_with_the_same_first_seed(leader):
    seeds = (leader, *SEEDS[1:])
    whole = REAL_ESRGAN(IMAGES, seeds)
    order = [0, 3, 1]
    part = REAL_ESRGAN(IMAGES[order], [seeds[i] for i in order])
    # The convolutions of another number of images may round differently, which JPEG may enlarge.
    assert levels(part, whole[order]) < 0.05
    assert levels(part[1:], whole[order[:0:-1]]) > 1


def test_images_of_a_batch_have_kernels_noise_and_qualities_of_their_own():
    same = IMAGES[:1].expand(4, -1, -1, -1)
    result = REAL_ESRGAN(same, SEEDS)
    assert all(levels(result[i], result[j]) > 1 for i in range(4) for j in range(i))
    alike = REAL_ESRGAN(same, [5] * 4)
    assert levels(alike, alike[:1].expand_as(alike)) < 0.05


def test_choices_of_a_batch_have_the_published_probabilities():
    draws = [REAL_ESRGAN.first.draw_for_batch(Random(seed)) for seed in range(3000)]
    factors = [draw.factor for draw in draws]
    share = lambda found: sum(found) / len(draws)  # noqa: E731
    assert share(factor > 1 for factor in factors) == pytest.approx(0.2, abs=0.025)
    assert share(factor < 1 for factor in factors) == pytest.approx(0.7, abs=0.03)
    assert 0.15 <= min(factors) < 0.16
    assert 1.49 < max(factors) <= 1.5
    assert share(draw.gaussian for draw in draws) == pytest.approx(0.5, abs=0.03)
    assert all(draw.blurred for draw in draws)
    modes = Counter(draw.mode for draw in draws)
    assert modes.keys() == {"area", "bilinear", "bicubic"}
    assert all(count / len(draws) == pytest.approx(1 / 3, abs=0.03) for count in modes.values())
    second = [REAL_ESRGAN.second.draw_for_batch(Random(seed)).blurred for seed in range(3000)]
    assert share(second) == pytest.approx(0.8, abs=0.03)


def test_choices_of_an_image_are_in_the_published_ranges():
    draws = [REAL_ESRGAN.first.draw_for_sample(Random(seed)) for seed in range(1500)]
    for values, least, most in (
        ([draw.sigma for draw in draws], 1, 30),
        ([draw.scale for draw in draws], 0.05, 3),
        ([draw.quality for draw in draws], 30, 95),
    ):
        assert least <= min(values) < least + 0.02 * most
        assert 0.98 * most < max(values) <= most
        assert sum(values) / len(values) == pytest.approx((least + most) / 2, rel=0.05)
    assert sum(draw.gray for draw in draws) / len(draws) == pytest.approx(0.4, abs=0.04)
    assert len({draw.noise_seed for draw in draws}) == len(draws)


def test_with_everything_turned_off_two_jpegs_remain():
    expected = batched_jpeg(batched_jpeg(IMAGES, [95] * 4), [95] * 4)
    assert torch.equal(NOTHING(IMAGES, SEEDS), expected)


@pytest.mark.parametrize("jpeg_last", [0.0, 1.0])
def test_the_last_filter_is_before_or_after_jpeg(jpeg_last):
    last = replace(NOTHING.final_sinc, probability=1.0, sizes=(9,), cutoff=(1.2, 1.2))
    degrade = replace(NOTHING, final_sinc=last, jpeg_last=jpeg_last, second=replace(QUIET, quality=(30, 30)))
    images, kernels = batched_jpeg(IMAGES, [95] * 4), sinc_kernel(9, 1.2).expand(4, -1, -1)
    if jpeg_last:
        expected = batched_jpeg(blur(images, kernels), [30] * 4)
    else:
        expected = blur(batched_jpeg(images, [30] * 4), kernels)
    assert levels(degrade(IMAGES, SEEDS), expected) < (0.02 if jpeg_last else 0.3)  # rounded to 8 bits


def test_each_part_of_a_stage_is_applied():
    """Which of the two stages has it does not matter."""
    for change, least in (
        ({"blur": 1.0}, 1),
        ({"resize": (0, 1, 0), "factor": (0.1, 1)}, 1),
        ({"sigma": (20, 20)}, 8),
        ({"gaussian": 0.0, "scale": (2, 2)}, 8),
        ({"quality": (10, 10)}, 1),
    ):
        stage = replace(QUIET, **change)
        for degrade in (replace(NOTHING, first=stage), replace(NOTHING, second=stage)):
            assert levels(degrade(IMAGES, SEEDS), NOTHING(IMAGES, SEEDS)) > least, change


def test_the_second_factor_refers_to_the_size_of_the_result():
    """With a factor of 1 its noise is of the result's own pixels: the last resizing does not average it."""
    second = replace(QUIET, sigma=(20, 20), gray=1.0)  # JPEG keeps the noise of luma only
    degrade, flat = replace(NOTHING, scale=4, second=second), torch.zeros(1, 3, 128, 128)
    for seed in range(8):
        assert degrade(flat, [seed])[:, 1].std().item() * 127.5 == pytest.approx(20, rel=0.15)


@pytest.mark.parametrize("stage", ["first", "second"])
def test_images_are_resized_in_one_of_three_modes(stage):
    best = [95] * 4
    shrinks = replace(QUIET, resize=(0, 1, 0), factor=(0.25, 1))
    degrade, found = replace(NOTHING, **{stage: shrinks}), set()
    for seed in range(12):
        batch = degrade._draw_for_batch(seed)
        drawn = getattr(batch, stage)
        size = (int(48 * drawn.factor), int(64 * drawn.factor))
        images = batched_jpeg(IMAGES, best) if stage == "second" else IMAGES
        small = F.interpolate(images, size, mode=drawn.mode)
        small = batched_jpeg(small, best) if stage == "first" else small
        next_mode = batch.second.mode if stage == "first" else batch.mode
        expected = batched_jpeg(F.interpolate(small, (48, 64), mode=next_mode), best)
        assert torch.equal(degrade(IMAGES, [seed] * 4), expected)
        found.add(drawn.mode)
    assert found == {"area", "bilinear", "bicubic"}


def test_tiny_images_are_degraded():
    for seed in range(20):
        assert REAL_ESRGAN(IMAGES[:1, :, :4, :8], [seed]).shape == (1, 3, 1, 2)


def test_there_is_no_gradient_and_no_autocast():
    images = IMAGES.clone().requires_grad_()
    expected = REAL_ESRGAN(images, SEEDS)
    assert not expected.requires_grad
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(REAL_ESRGAN(images, SEEDS), expected)


def test_it_can_be_compared_and_pickled():
    assert pickle.loads(pickle.dumps(REAL_ESRGAN)) == REAL_ESRGAN
    assert replace(REAL_ESRGAN, scale=2) != REAL_ESRGAN


def test_mistakes_in_the_settings():
    for change, message in (
        ({"blur": 1.1}, "blur as a probability from 0 to 1; got 1.1"),
        ({"gaussian": -1}, "gaussian as a probability"),
        ({"gray": float("nan")}, "gray as a probability"),
        ({"resize": (0.5, 0.5)}, r"resize as 3 probabilities with a sum of 1; got \(0.5, 0.5\)"),
        ({"resize": (0.2, 0.2, 0.2)}, "resize as 3 probabilities"),
        ({"factor": (1.1, 1.5)}, r"factor as \(least, most\) with 0 < least <= 1 <= most; got \(1.1, 1.5\)"),
        ({"factor": (0, 1.5)}, "factor"),
        ({"sigma": (30, 1)}, r"sigma as \(least, most\) within 0 to 255; got \(30, 1\)"),
        ({"scale": (-1, 1)}, "scale as"),
        ({"quality": (30, 96)}, r"quality as \(least, most\) within 1 to 95; got \(30, 96\)"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(QUIET, **change)
    with pytest.raises(ValueError, match="scale as an integer of 1 or more, such as 4; got 0"):
        replace(REAL_ESRGAN, scale=0)
    with pytest.raises(ValueError, match=r"scale as an integer of 1 or more, such as 4; got 1\.5"):
        replace(REAL_ESRGAN, scale=1.5)
    with pytest.raises(ValueError, match="jpeg_last as a probability from 0 to 1; got 2"):
        replace(REAL_ESRGAN, jpeg_last=2)


def test_mistakes_in_the_images():
    with pytest.raises(ValueError, match="multiples of scale=4; got 46x64; crop the images first"):
        REAL_ESRGAN(IMAGES[..., :46, :], SEEDS)
    with pytest.raises(ValueError, match="one of the seeds for each of 4 images; got 3"):
        REAL_ESRGAN(IMAGES, SEEDS[:3])
    for images in (IMAGES[0], IMAGES[:, :1], IMAGES[:0], to_uint8(IMAGES)):
        with pytest.raises(
            ValueError, match=r"at least one image, \(N, 3, H, W\) of floating point in \[-1, 1\]"
        ):
            REAL_ESRGAN(images, SEEDS[: len(images)])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_it_never_waits_for_the_device():
    images = IMAGES.cuda()
    REAL_ESRGAN(images, SEEDS)  # the transforms of JPEG are sent once
    torch.cuda.set_sync_debug_mode("error")
    try:
        for seed in range(8):
            assert REAL_ESRGAN(images, range(seed, seed + 4)).is_cuda
    finally:
        torch.cuda.set_sync_debug_mode("default")
