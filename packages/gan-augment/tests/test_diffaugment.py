import math

import pytest
import torch
from gan_augment import (
    DiffAugment,
    DiffAugmentDraws,
    adaptive_diffaugment,
    adjust_brightness,
    adjust_color,
    adjust_contrast,
    adjust_saturation,
    cutout,
    flip,
    projected_gan_diffaugment,
    set_probability,
    translate,
)
from torch.testing import assert_close

# The stored draws are uniform in [0, 1); these make of them what the operations take.
OPERATIONS = {
    "brightness": lambda x, u: adjust_brightness(x, u - 0.5),
    "saturation": lambda x, u: adjust_saturation(x, 2 * u),
    "contrast": lambda x, u: adjust_contrast(x, u + 0.5),
    "translation": translate,
    "cutout": cutout,
    "policy": lambda x, b, s, c, *spatial: DiffAugment()(
        x, DiffAugmentDraws((b - 0.5, 2 * s, c + 0.5), spatial[:2], spatial[2:])
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_parity(parity, name):
    inputs, expected = parity(f"diffaugment_{name}")
    draws = [inputs[f"draw_{index}"] for index in range(len(inputs) - 2)]
    x = inputs["x"].requires_grad_()
    out = OPERATIONS[name](x, *draws)
    assert_close(out, expected["out"], rtol=0, atol=1e-6)
    (gradient,) = torch.autograd.grad(out, x, inputs["upstream"])
    assert_close(gradient, expected["grad_x"], rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "shape", [(5, 1, 6, 7), (5, 3, 6, 7), (5, 4, 6, 7), (3, 3, 600, 500), (0, 3, 4, 4), (2, 0, 4, 4)]
)
def test_all_colors_at_once_are_the_three_steps(shape):
    x = (torch.rand(shape, dtype=torch.float64) * 2 - 1).requires_grad_()
    b, s, c = torch.rand(3, len(x), dtype=torch.float64)
    expected = adjust_contrast(adjust_saturation(adjust_brightness(x, b), s), c)
    at_once = adjust_color(x, b, s, c)
    assert_close(at_once, expected, rtol=0, atol=1e-14)
    upstream = torch.randn_like(x)
    gradients = (torch.autograd.grad(out, x, upstream)[0] for out in (at_once, expected))
    assert_close(*gradients, rtol=0, atol=1e-14)


def test_colors_by_hand():
    pixel = torch.tensor([0.0, 0.3, 0.6]).view(1, 3, 1, 1)  # the mean is 0.3
    half = torch.tensor([0.5])
    assert_close(adjust_brightness(pixel, half).flatten(), torch.tensor([0.5, 0.8, 1.1]))  # not clipped
    assert_close(adjust_saturation(pixel, half).flatten(), torch.tensor([0.15, 0.3, 0.45]))
    assert_close(adjust_contrast(pixel, 1 + half).flatten(), torch.tensor([-0.15, 0.3, 0.75]))


def test_translation_by_hand():
    x = torch.arange(1.0, 7.0).view(1, 1, 2, 3)  # 1 2 3 / 4 5 6
    assert translate(x, torch.tensor([1]), torch.tensor([-1])).tolist() == [[[[0, 4, 5], [0, 0, 0]]]]
    assert translate(x, torch.tensor([2]), torch.tensor([0])).abs().sum() == 0  # all of it is outside


def test_cutout_by_hand():
    x = torch.ones(1, 1, 4, 5)
    # Half of 5 and half a pixel is 3: the middle column and its neighbours; of 4 it is 2.
    assert cutout(x, torch.tensor([2]), torch.tensor([0])).tolist()[0][0] == [
        [1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [1, 1, 1, 1, 1],
    ]
    assert torch.equal(cutout(x, torch.tensor([-4]), torch.tensor([2])), x)
    assert torch.equal(cutout(x, torch.tensor([2]), torch.tensor([2]), ratio=0.0), x)


def test_flip_mirrors_those_that_it_should(images):
    flipped = flip(images, torch.tensor([True, False, True]))
    assert torch.equal(flipped[1], images[1])
    assert torch.equal(flipped[::2], images[::2].flip(-1))


def test_draws_fill_their_ranges(seeded):
    draws = DiffAugment("flip,color,translation,cutout").draw(
        torch.empty(4000, 3, 16, 20), generator=seeded()
    )
    for values, low, high in zip(draws.color, (-0.5, 0, 0.5), (0.5, 2, 1.5), strict=True):
        assert low <= values.min() < low + 0.01
        assert high - 0.01 < values.max() < high
        assert values.mean().item() == pytest.approx((low + high) / 2, abs=0.03)
    shifts = [values.unique().tolist() for values in draws.translation]
    assert shifts == [list(range(-2, 3)), list(range(-3, 4))]  # an eighth of 16, and of 20 with a half up
    middles = [values.unique().tolist() for values in draws.cutout]
    assert middles == [list(range(17)), list(range(21))]  # even rectangles: any line, both borders included
    assert draws.flip.float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_an_odd_cutout_has_its_middle_on_a_pixel(seeded):
    draws = DiffAugment("cutout", cutout=0.2).draw(torch.empty(1000, 3, 16, 16), generator=seeded())
    assert draws.cutout[0].max() == 15


def test_strengths_scale_the_draws(seeded):
    weak = DiffAugment("color,translation", brightness=0.1, saturation=0.2, contrast=0.3, translation=0.0)
    draws = weak.draw(torch.empty(1000, 3, 16, 16), generator=seeded())
    largest = [
        (values - middle).abs().max().item() for values, middle in zip(draws.color, (0, 1, 1), strict=True)
    ]
    assert largest == pytest.approx([0.1, 0.2, 0.3], rel=0.02)
    assert draws.translation[0].abs().max() == 0


def test_steps_come_in_the_order_of_the_policy(images, seeded):
    a, b = DiffAugment("translation,color"), DiffAugment("color,translation")
    draws = a.draw(images, generator=seeded())
    assert_close(a(images, draws), adjust_color(translate(images, *draws.translation), *draws.color))
    assert not torch.allclose(a(images, draws), b(images, draws))  # the zeros move the mean of contrast


def test_no_steps_is_no_change(images):
    assert torch.equal(DiffAugment("")(images), images)


def test_probability_gates_each_image_and_step(seeded):
    augment = DiffAugment("flip,color,translation,cutout", p=0.25, always="translation")
    draws = augment.draw(torch.empty(4000, 3, 16, 16), generator=seeded())
    assert (draws.color[0] != 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert ((draws.color[0] != 0) == (draws.color[2] != 1)).all()  # the three colours together
    assert (draws.cutout[0] >= 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert draws.flip.float().mean().item() == pytest.approx(0.125, abs=0.02)
    # 0 is one of five.
    assert (draws.translation[0] != 0).float().mean().item() == pytest.approx(0.8, abs=0.03)


def test_probability_0_changes_nothing(images):
    assert torch.equal(DiffAugment("flip,translation,cutout", p=0.0)(images), images)
    assert_close(DiffAugment("color", p=0.0)(images), images)


def test_presets(images, seeded):
    projected = projected_gan_diffaugment()
    assert_close(
        projected(images, generator=seeded()),
        DiffAugment("color,translation,cutout", cutout=0.2)(images, generator=seeded()),
    )
    adaptive = adaptive_diffaugment()
    draws = adaptive.draw(torch.empty(1000, 3, 16, 16), generator=seeded())
    assert draws.color[0].abs().max() == 0
    assert draws.cutout[0].max() < 0
    assert draws.translation[0].abs().max() == 2
    assert draws.flip.float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_unknown_and_doubled_steps_and_wrong_probabilities_are_named():
    with pytest.raises(ValueError, match=r"expected steps of the policy among .*; got 'colour'"):
        DiffAugment("colour,cutout")
    with pytest.raises(ValueError, match="got 'cutout' twice"):
        DiffAugment("cutout,cutout")
    with pytest.raises(ValueError, match="expected steps that always happen among cutout; got 'flip'"):
        DiffAugment("cutout", always="flip")
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]; got"):
            DiffAugment(p=wrong)
        with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]; got"):
            set_probability(DiffAugment(), wrong)


def test_wrong_shares_are_named():
    with pytest.raises(ValueError, match=r"expected cutout as a share of the side in \[0, 1\]; got 16"):
        DiffAugment(cutout=16)
    with pytest.raises(ValueError, match=r"expected translation as a share of the side in \[0, 1\]; got -1"):
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
        augment(torch.zeros(2, 3, 8, 8), augment.draw(torch.zeros(3, 3, 8, 8)))
