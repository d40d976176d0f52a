import math

import pytest
import torch
from gan_augment import ADA, ADAParameters, ADAStrengths, Color, Geometry
from gan_augment.ada._sampling import ADASampler
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
    """Every transform's parameters at one quantile; the stored runs, too, use erfinv for normal ones."""
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


class SamplerAtQuantile:
    """A sampler for two images that always returns the same quantile."""

    def __init__(self, q):
        self.count, self.device, self.q = 2, torch.device("cpu"), q

    def bernoulli(self, _probability):
        return torch.ones(2, dtype=torch.bool)

    def normal(self):
        return torch.erfinv(torch.full((2,), 2 * self.q - 1))


def parameters_at(q, count, geometric=(), colors=()):
    values = at_quantile(q, count)
    geometry = Geometry.neutral(count)._replace(**{name: values[name] for name in geometric})
    color = Color.neutral(count)._replace(**{name: values[name] for name in colors})
    return ADAParameters(geometry if geometric else None, color if colors else None)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_each_transform(parity, q):
    inputs, expected = parity("ada_pipe")
    parameters = {name: parameters_at(q, 2, geometric=[field]) for name, field in GEOMETRIC.items()}
    parameters |= {name: parameters_at(q, 2, colors=[field]) for name, field in COLORS.items()}
    out = {name: ADA()(inputs["x"], own) for name, own in parameters.items()}
    assert_close(out, {name: expected[f"{name}@{q}"] for name in out}, rtol=0, atol=1e-5)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_bgc_and_its_gradient(parity, q):
    inputs, expected = parity("ada_pipe")
    x = inputs["x"].requires_grad_()
    out = ADA("bgc")(x, parameters_at(q, 2, GEOMETRIC.values(), COLORS.values()))
    assert_close(out, expected[f"bgc@{q}"], rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad(out, x, inputs["upstream"])
    # The stored gradient reaches 6.3, and its float32 error is 3.5e-5 against ours in float64.
    assert_close(gradient, expected[f"bgc_grad_x@{q}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("q", [0.3, 0.8])
def test_parity_of_the_rest(parity, q):
    inputs, expected = parity("ada_pipe")
    gray = ADA()(inputs["gray"], parameters_at(q, 2, colors=COLORS.values()))
    assert_close(gray, expected[f"gray_colour@{q}"], rtol=0, atol=1e-6)
    center = torch.full((2, 2), q)
    assert_close(ADA()(inputs["x"], ADAParameters(cutout=center)), expected[f"cutout@{q}"], rtol=0, atol=0)

    sampler = ADASampler(SamplerAtQuantile(q), torch.tensor(1.0), {"filter": 1.0}, ADAStrengths())
    out = ADA()(inputs["x"], ADAParameters(gains=sampler.gains()))
    assert_close(out, expected[f"imgfilter@{q}"], rtol=0, atol=1e-6)


def test_only_named_transforms_are_sampled(images):
    parameters = ADA("hue,noise", p=1.0).sample(images)
    assert parameters.geometry is parameters.gains is parameters.cutout is None
    assert (parameters.color.hue != 0).all()
    assert (parameters.color.brightness == 0).all()
    assert parameters.noise.shape == images.shape


def test_a_preset_equals_its_groups(images, seeded):
    names = ADA("blit,geometry,color,filter,noise,cutout", p=1.0)
    assert torch.equal(names(images, generator=seeded()), ADA("bgcfnc", p=1.0)(images, generator=seeded()))


def test_probability_0_returns_the_images(images):
    assert_close(ADA("bgcfnc")(images), images, rtol=0, atol=2e-6)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"expected transforms among blit, geometry, .*; got 'bgcx'"):
        ADA("bgcx")
    with pytest.raises(ValueError, match=r"expected finite multipliers of at least 0 .*; got 'noise': 1"):
        ADA("bgc", multipliers={"noise": 1})
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"got 'hue': {wrong}"):
            ADA("bgc", multipliers={"hue": wrong})
        with pytest.raises(ValueError, match=f"expected noise .* of at least 0; got {wrong}"):
            ADAStrengths(noise=wrong)
    with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]"):
        ADA(p=2.0)


def test_bad_images_are_named():
    with pytest.raises(ValueError, match=r"expected RGB or gray images, .*; got \(1, 4, 8, 8\)"):
        ADA("bgc")(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match=r"expected images of at least 2x2 pixels; got \(8, 1\)"):
        ADA("bgc")(torch.zeros(1, 3, 8, 1))


def test_parameters_of_another_batch_are_named():
    images = torch.zeros(2, 3, 8, 8)
    with pytest.raises(ValueError, match=r"expected matrices of shape \(2, 2, 3\), one for each image"):
        ADA()(images, ADAParameters(Geometry.neutral(3)))
    with pytest.raises(ValueError, match=r"expected matrices of shape \(2, 3, 4\), one for each image"):
        ADA()(images, ADAParameters(color=Color.neutral(3)))
    for wrong in (torch.zeros(1, 3, 8, 8), torch.zeros(2, 1, 8, 8)):
        with pytest.raises(ValueError, match=r"expected noise of shape \(2, 3, 8, 8\)"):
            ADA()(images, ADAParameters(noise=wrong))
