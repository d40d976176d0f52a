import math

import pytest
import torch
from gan_augment import (
    DiffAugment,
    DiffAugmentParameters,
    adjust_brightness,
    adjust_color,
    adjust_contrast,
    adjust_saturation,
    cutout,
    set_probability,
    translate,
)
from torch.testing import assert_close

# The stored samples are uniform in [0, 1); each operation converts them to its own parameters.
OPERATIONS = {
    "brightness": lambda x, u: adjust_brightness(x, u - 0.5),
    "saturation": lambda x, u: adjust_saturation(x, 2 * u),
    "contrast": lambda x, u: adjust_contrast(x, u + 0.5),
    "translation": translate,
    "cutout": cutout,
    "policy": lambda x, b, s, c, *spatial: DiffAugment()(
        x, DiffAugmentParameters((b - 0.5, 2 * s, c + 0.5), spatial[:2], spatial[2:])
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_parity(parity, name):
    inputs, expected = parity(f"diffaugment_{name}")
    samples = [inputs[f"draw_{index}"] for index in range(len(inputs) - 2)]
    x = inputs["x"].requires_grad_()
    out = OPERATIONS[name](x, *samples)
    assert_close(out, expected["out"], rtol=0, atol=1e-6)
    (gradient,) = torch.autograd.grad(out, x, inputs["upstream"])
    assert_close(gradient, expected["grad_x"], rtol=0, atol=2e-6)


def test_parameters_fill_their_ranges(seeded):
    parameters = DiffAugment("flip,color,translation,cutout").sample(
        torch.empty(4000, 3, 16, 20), generator=seeded()
    )
    for values, low, high in zip(parameters.color, (-0.5, 0, 0.5), (0.5, 2, 1.5), strict=True):
        assert low <= values.min() < low + 0.01
        assert high - 0.01 < values.max() < high
        assert values.mean().item() == pytest.approx((low + high) / 2, abs=0.03)
    shifts = [values.unique().tolist() for values in parameters.translation]
    assert shifts == [list(range(-2, 3)), list(range(-3, 4))]  # an eighth of 16 and of 20, a half rounded up
    centers = [values.unique().tolist() for values in parameters.cutout]
    assert centers == [list(range(17)), list(range(21))]  # even rectangles: any line, both borders included
    assert parameters.flip.float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_an_odd_cutout_is_centered_on_a_pixel(seeded):
    parameters = DiffAugment("cutout", cutout=0.2).sample(torch.empty(1000, 3, 16, 16), generator=seeded())
    assert parameters.cutout[0].max() == 15


def test_strengths_scale_the_parameters(seeded):
    weak = DiffAugment("color,translation", brightness=0.1, saturation=0.2, contrast=0.3, translation=0.0)
    parameters = weak.sample(torch.empty(1000, 3, 16, 16), generator=seeded())
    largest = [
        (values - neutral).abs().max().item()
        for values, neutral in zip(parameters.color, (0, 1, 1), strict=True)
    ]
    assert largest == pytest.approx([0.1, 0.2, 0.3], rel=0.02)
    assert parameters.translation[0].abs().max() == 0


def test_steps_follow_the_order_of_the_policy(images, seeded):
    a, b = DiffAugment("translation,color"), DiffAugment("color,translation")
    parameters = a.sample(images, generator=seeded())
    translated = translate(images, *parameters.translation)
    assert_close(a(images, parameters), adjust_color(translated, *parameters.color))
    assert not torch.allclose(a(images, parameters), b(images, parameters))  # zeros change contrast's mean


def test_no_steps_change_nothing(images):
    assert torch.equal(DiffAugment("")(images), images)


def test_each_step_is_applied_to_each_image_with_p(seeded):
    augment = DiffAugment("flip,color,translation,cutout", p=0.25, always="translation")
    parameters = augment.sample(torch.empty(4000, 3, 16, 16), generator=seeded())
    assert (parameters.color[0] != 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert ((parameters.color[0] != 0) == (parameters.color[2] != 1)).all()  # the three colors together
    assert (parameters.cutout[0] >= 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert parameters.flip.float().mean().item() == pytest.approx(0.125, abs=0.02)
    assert (parameters.translation[0] != 0).float().mean().item() == pytest.approx(
        0.8, abs=0.03
    )  # 0 is one of five


def test_probability_0_changes_nothing(images):
    assert torch.equal(DiffAugment("flip,translation,cutout", p=0.0)(images), images)
    assert_close(DiffAugment("color", p=0.0)(images), images)


def test_unknown_and_repeated_steps_and_wrong_probabilities_are_named():
    with pytest.raises(ValueError, match=r"expected steps of the policy among .*; got 'hue'"):
        DiffAugment("hue,cutout")
    with pytest.raises(ValueError, match="got 'cutout' twice"):
        DiffAugment("cutout,cutout")
    with pytest.raises(ValueError, match="expected steps that are always applied among cutout; got 'flip'"):
        DiffAugment("cutout", always="flip")
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]; got"):
            DiffAugment(p=wrong)
        with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]; got"):
            set_probability(DiffAugment(), wrong)


def test_wrong_fractions_are_named():
    with pytest.raises(ValueError, match=r"expected cutout as a fraction of the side in \[0, 1\]; got 16"):
        DiffAugment(cutout=16)
    with pytest.raises(ValueError, match=r"expected translation as a fraction .* in \[0, 1\]; got -1"):
        DiffAugment(translation=-1)


@pytest.mark.parametrize("strength", ["brightness", "saturation", "contrast"])
@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_wrong_strengths_are_named(strength, wrong):
    with pytest.raises(ValueError, match=f"expected {strength} .* of at least 0; got {wrong}"):
        DiffAugment(**{strength: wrong})


def test_wrong_images_are_named():
    augment = DiffAugment()
    with pytest.raises(ValueError, match=r"expected images of shape \(N, C, H, W\); got \(3, 8, 8\)"):
        augment(torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match=r"got torch\.uint8; for 8-bit values"):
        augment(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match="expected one number for each of 2 images"):
        augment(torch.zeros(2, 3, 8, 8), augment.sample(torch.zeros(3, 3, 8, 8)))
