import math

import pytest
import torch
from gan_augment import ADA, ADADraws, ADAStrengths, Color, Geometry, amplify_bands, blank
from gan_augment._ada_draws import ADADrawer
from torch.testing import assert_close

GEOMETRIC = {
    "xflip": "x_flip",
    "rotate90": "quarter_turns",
    "xint": "integer_translation",
    "scale": "scale",
    "rotate": "rotation_before",
    "aniso": "stretch",
    "xfrac": "fractional_translation",
}
COLORS = {
    "brightness": "brightness",
    "contrast": "contrast",
    "lumaflip": "luma_flip",
    "hue": "hue",
    "saturation": "saturation",
}


def at_quantile(q, count):
    """What each transform draws there in the stored runs, which take erf's inverse for the normal one's."""
    normal = torch.erfinv(torch.tensor(2 * q - 1, dtype=torch.float64)).item()
    values = {
        "x_flip": math.floor(2 * q),
        "quarter_turns": math.floor(4 * q),
        "integer_translation": 0.125 * (2 * q - 1),
        "scale": 2 ** (0.2 * normal),
        "rotation_before": math.pi * (2 * q - 1),
        "stretch": 2 ** (0.2 * normal),
        "fractional_translation": 0.125 * normal,
        "brightness": 0.2 * normal,
        "contrast": 2 ** (0.5 * normal),
        "luma_flip": math.floor(2 * q),
        "hue": math.pi * (2 * q - 1),
        "saturation": 2**normal,
    }
    shapes = {name: (count, 2) if "translation" in name else (count,) for name in values}
    return {name: torch.full(shapes[name], float(value)) for name, value in values.items()}


class AtQuantile:
    """Dice for two images that always fall alike."""

    def __init__(self, q):
        self.count, self.device, self.q = 2, torch.device("cpu"), q

    def happens(self, _probability):
        return torch.ones(2, dtype=torch.bool)

    def normal(self):
        return torch.erfinv(torch.full((2,), 2 * self.q - 1))


def drawn(q, count, geometric=(), colors=()):
    values = at_quantile(q, count)
    geometry = Geometry.neutral(count)._replace(**{name: values[name] for name in geometric})
    color = Color.neutral(count)._replace(**{name: values[name] for name in colors})
    return ADADraws(geometry if geometric else None, color if colors else None)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_each_transform(parity, q):
    inputs, expected = parity("ada_pipe")
    draws = {name: drawn(q, 2, geometric=[field]) for name, field in GEOMETRIC.items()}
    draws |= {name: drawn(q, 2, colors=[field]) for name, field in COLORS.items()}
    out = {name: ADA()(inputs["x"], drawn) for name, drawn in draws.items()}
    assert_close(out, {name: expected[f"{name}@{q}"] for name in out}, rtol=0, atol=1e-5)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_bgc_and_its_gradient(parity, q):
    inputs, expected = parity("ada_pipe")
    draws = drawn(q, 2, GEOMETRIC.values(), COLORS.values())
    x = inputs["x"].requires_grad_()
    out = ADA("bgc")(x, draws)
    assert_close(out, expected[f"bgc@{q}"], rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad(out, x, inputs["upstream"])
    # The stored gradient reaches 6.3, and is float32's 3.5e-5 away from ours in float64.
    assert_close(gradient, expected[f"bgc_grad_x@{q}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_the_rest(parity, q):
    inputs, expected = parity("ada_pipe")
    gray = ADA()(inputs["gray"], drawn(q, 2, colors=COLORS.values()))
    assert_close(gray, expected[f"gray_colour@{q}"], rtol=0, atol=1e-6)
    middle = torch.full((2, 2), q)
    assert_close(ADA()(inputs["x"], ADADraws(cutout=middle)), expected[f"cutout@{q}"], rtol=0, atol=0)

    gains = ADADrawer(AtQuantile(q), torch.tensor(1.0), {"filter": 1.0}, ADAStrengths()).gains()
    out = ADA()(inputs["x"], ADADraws(gains=gains))
    assert_close(out, expected[f"imgfilter@{q}"], rtol=0, atol=1e-6)


def test_a_turn_is_the_sum_of_its_parts(images):
    square = images[..., :10, :]
    angle = torch.full((3,), 0.3)
    twice = Geometry.neutral(3)._replace(rotation_before=angle, rotation_after=angle)
    once = Geometry.neutral(3)._replace(rotation_after=2 * angle)
    assert_close(ADA()(square, ADADraws(twice)), ADA()(square, ADADraws(once)), rtol=0, atol=1e-5)


def test_directions_of_the_transforms():
    x = torch.zeros(1, 1, 16, 16)
    x[..., 4:7, 9:14] = 1  # in the upper right
    field = {
        "quarter_turns": torch.ones(1),
        "x_flip": torch.ones(1),
        "integer_translation": torch.tensor([[0.25, 0.5]]),
    }
    turned, mirrored, moved = (
        ADA()(x, ADADraws(Geometry.neutral(1)._replace(**{name: value}))) for name, value in field.items()
    )
    # Not to the last digit: the filter is no mirror image of itself.
    assert_close(turned, x.rot90(1, (2, 3)), rtol=0, atol=0.3)  # counter-clockwise
    assert_close(mirrored, x.flip(-1), rtol=0, atol=0.3)
    assert_close(moved[..., 12:15, 13:], torch.ones(1, 1, 3, 3), rtol=0, atol=1e-5)  # right by 4, down by 8


def test_autocast_moves_nothing():
    turned = Geometry.neutral(1)._replace(rotation_after=torch.ones(1), scale=torch.full((1,), 1.1))
    moved = turned._replace(fractional_translation=torch.full((1, 2), 0.3))
    with torch.autocast("cpu", torch.bfloat16):
        matrix = moved.matrix(256, 256)
    assert torch.equal(matrix, moved.matrix(256, 256))


def test_colors_by_hand():
    pixel = torch.tensor([0.6, 0.0, 0.0]).view(1, 3, 1, 1)  # 0.2 on the luma axis
    neutral = Color.neutral(1)

    def after(**fields):
        values = {name: torch.tensor([value]) for name, value in fields.items()}
        return ADA()(pixel, ADADraws(color=neutral._replace(**values))).flatten()

    assert_close(after(luma_flip=1.0), torch.tensor([0.2, -0.4, -0.4]))
    assert_close(after(saturation=0.5), torch.tensor([0.4, 0.1, 0.1]))
    assert_close(after(hue=2 * math.pi / 3), torch.tensor([0.0, 0.6, 0.0]), rtol=0, atol=1e-6)  # red to green
    assert_close(after(brightness=0.1, contrast=2.0), torch.tensor([1.4, 0.2, 0.2]))  # in this order


def test_cutout_by_hand():
    out = blank(torch.ones(1, 1, 4, 4), torch.tensor([[0.0, 0.5]]), 0.5)
    assert out[0, 0].tolist() == [[1, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]


def test_gains_keep_the_expected_power():
    draws = ADA("filter", p=1.0).draw(torch.empty(500, 3, 8, 8))
    power = (torch.tensor([10.0, 1, 1, 1]) / 13 * draws.gains.square()).sum(1)
    # Each of four steps keeps the power of an image that has had none before.
    assert draws.gains.std(0).min() > 0.1
    assert power.log().mean().abs() < 0.3
    one = ADA("filter", p=0.0).draw(torch.empty(5, 3, 8, 8)).gains
    assert_close(one, torch.ones(5, 4))


def test_draws_have_the_papers_distributions(seeded):
    draws = ADA("bgcfnc", p=1.0).draw(torch.empty(4000, 3, 4, 4), generator=seeded())
    geometry, color = draws.geometry, draws.color
    near = 0.05
    assert geometry.x_flip.mean().item() == pytest.approx(0.5, abs=near)
    assert geometry.quarter_turns.unique().tolist() == [0, 1, 2, 3]
    assert geometry.integer_translation.abs().max().item() == pytest.approx(0.125, rel=near)
    assert geometry.fractional_translation.std().item() == pytest.approx(0.125, rel=near)
    for angle in (geometry.rotation_before, geometry.rotation_after, color.hue):
        assert angle.abs().max().item() == pytest.approx(math.pi, rel=near)
        assert angle.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=near)
    for factor, deviation in (
        (geometry.scale, 0.2),
        (geometry.stretch, 0.2),
        (color.contrast, 0.5),
        (color.saturation, 1.0),
    ):
        assert factor.log2().std().item() == pytest.approx(deviation, rel=near)
    assert color.brightness.std().item() == pytest.approx(0.2, rel=near)
    assert color.luma_flip.mean().item() == pytest.approx(0.5, abs=near)
    # A half-normal deviation of 0.1 gives a variance of 0.01 over all.
    assert draws.noise.std().item() == pytest.approx(0.1, rel=2 * near)
    assert draws.cutout.mean().item() == pytest.approx(0.5, abs=near)


def test_each_transform_happens_with_p_times_its_multiplier(seeded):
    ada = ADA("bgc", p=0.5, multipliers={"hue": 0.2, "scale": 0})
    draws = ada.draw(torch.empty(4000, 3, 4, 4), generator=seeded())
    geometry, color = draws.geometry, draws.color
    assert (color.brightness != 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert (color.hue != 0).float().mean().item() == pytest.approx(0.1, abs=0.03)
    assert (geometry.scale == 1).all()
    # Half of those to which it happens are mirrored.
    assert (geometry.x_flip != 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    turned = (geometry.rotation_before != 0) | (geometry.rotation_after != 0)
    assert turned.float().mean().item() == pytest.approx(0.5, abs=0.03)  # one or both


def test_only_what_is_named_is_drawn(images):
    draws = ADA("hue,noise", p=1.0).draw(images)
    assert draws.geometry is draws.gains is draws.cutout is None
    assert (draws.color.hue != 0).all()
    assert (draws.color.brightness == 0).all()
    assert draws.noise.shape == images.shape


def test_a_preset_is_the_groups_that_it_stands_for(images, seeded):
    names = ADA("blit,geometry,color,filter,noise,cutout", p=1.0)
    assert torch.equal(names(images, generator=seeded()), ADA("bgcfnc", p=1.0)(images, generator=seeded()))


def test_probability_0_gives_the_images(images):
    assert_close(ADA("bgcfnc")(images), images, rtol=0, atol=2e-6)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"expected transforms among blit, geometry, .*; got 'bgcx'"):
        ADA("bgcx")
    with pytest.raises(ValueError, match=r"expected finite multipliers from 0 on .*; got 'noise': 1"):
        ADA("bgc", multipliers={"noise": 1})
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"got 'hue': {wrong}"):
            ADA("bgc", multipliers={"hue": wrong})
        with pytest.raises(ValueError, match=f"expected noise .* of at least 0; got {wrong}"):
            ADAStrengths(noise=wrong)
    with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]"):
        ADA(p=2.0)
    with pytest.raises(ValueError, match=r"expected RGB or grey images, .*; got \(1, 4, 8, 8\)"):
        ADA("bgc")(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match=r"expected images of at least 2x2 pixels; got \(8, 1\)"):
        ADA("bgc")(torch.zeros(1, 3, 8, 1))
    with pytest.raises(ValueError, match=r"expected matrices of shape \(2, 2, 3\), one for each image"):
        ADA()(torch.zeros(2, 3, 8, 8), ADADraws(Geometry.neutral(3)))
    with pytest.raises(ValueError, match=r"expected matrices of shape \(2, 3, 4\), one for each image"):
        ADA()(torch.zeros(2, 3, 8, 8), ADADraws(color=Color.neutral(3)))
    for wrong in (torch.zeros(1, 3, 8, 8), torch.zeros(2, 1, 8, 8)):
        with pytest.raises(ValueError, match=r"expected noise of shape \(2, 3, 8, 8\)"):
            ADA()(torch.zeros(2, 3, 8, 8), ADADraws(noise=wrong))
    for wrong in (torch.zeros(1, 2), torch.zeros(2, 3), torch.zeros(2)):
        with pytest.raises(ValueError, match=r"expected middles of shape \(2, 2\)"):
            blank(torch.zeros(2, 3, 8, 8), wrong, 0.5)
    with pytest.raises(ValueError, match=r"expected gains of shape \(2, 4\)"):
        amplify_bands(torch.zeros(2, 3, 8, 8), torch.ones(2, 3))
