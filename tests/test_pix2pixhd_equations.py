"""pix2pixHD's terms against its equations, written out by hand, one network call at a time."""

import pytest
import torch
from gan_trainers import total
from torch import nn


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pixhd")


class Scales(nn.Module):
    """Two discriminators of two layers and logits each; the second's input has half of the size."""

    def __init__(self):
        super().__init__()
        self.nets = nn.ModuleList(
            nn.ModuleList([nn.Conv2d(5, 4, 3), nn.Conv2d(4, 6, 3), nn.Conv2d(6, 1, 1)]) for _ in range(2)
        )

    def forward(self, x):
        outputs = []
        for index, layers in enumerate(self.nets):
            y, features = nn.functional.avg_pool2d(x, 2) if index else x, []
            for layer in layers:
                y = torch.tanh(layer(y))
                features.append(y)
            outputs.append(features)
        return outputs


@pytest.fixture
def parts():
    """Generator, discriminators, condition and photo."""
    torch.manual_seed(0)
    g, d = nn.Conv2d(2, 3, 3, padding=1).double(), Scales().double()
    condition, photo = torch.randn(2, 2, 12, 12).double(), torch.rand(2, 3, 12, 12).double() * 2 - 1
    return g, d, condition, photo


def squared(fake, photo):
    return (fake - photo).square().mean()


def gradients(net, loss):
    return torch.autograd.grad(loss, list(net.parameters()), retain_graph=True)


@pytest.mark.parametrize(("matching_weight", "perceptual_weight"), [(10.0, 10.0), (3.0, 0.5)])
def test_the_generators_terms_equal_their_equation(recipe, parts, matching_weight, perceptual_weight):
    g, d, condition, photo = parts
    image = g(condition)
    real = d(torch.cat([condition, photo], 1))
    fake = d(torch.cat([condition, image], 1))
    # Least squares summed over the scales; 4 / layers for each layer but the logits, 1 / scales.
    adversarial = sum((features[-1] - 1).square().mean() for features in fake)
    matching = sum(
        (4 / 2) * (1 / 2) * (f - r.detach()).abs().mean()
        for of_real, of_fake in zip(real, fake, strict=True)
        for r, f in zip(of_real[:-1], of_fake[:-1], strict=True)
    )
    expected = adversarial + matching_weight * matching + perceptual_weight * squared(image, photo)
    options = recipe.Options(
        feature_matching_weight=matching_weight, perceptual_weight=perceptual_weight, perceptual="torchvision"
    )
    terms = recipe.generator_terms(real, fake, image, photo, squared, options)
    assert terms.keys() == {"adversarial", "feature_matching", "perceptual"}
    torch.testing.assert_close(terms["adversarial"], adversarial, rtol=1e-12, atol=0)
    torch.testing.assert_close(total(terms), expected, rtol=1e-12, atol=0)
    for got, other in zip(gradients(g, total(terms)), gradients(g, expected), strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)


def test_the_papers_weights_are_the_defaults(recipe):
    options = recipe.Options()
    assert (options.feature_matching_weight, options.perceptual_weight, options.perceptual) == (10, 10, None)


def test_the_discriminators_loss_equals_its_equation_and_reaches_them_alone(recipe, parts):
    g, d, condition, photo = parts
    image = g(condition)
    real = d(torch.cat([condition, photo], 1))
    fake = d(torch.cat([condition, image.detach()], 1))
    expected = 0.5 * sum(
        (of_real[-1] - 1).square().mean() + of_fake[-1].square().mean()
        for of_real, of_fake in zip(real, fake, strict=True)
    )
    loss = recipe.discriminator_loss(real, fake)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    for got, other in zip(gradients(d, loss), gradients(d, expected), strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)
    assert torch.autograd.grad(loss, list(g.parameters()), allow_unused=True) == (None, None)


def test_terms_of_weight_0_are_neither_computed_nor_named(recipe, parts):
    g, d, condition, photo = parts

    def never(*_):
        raise AssertionError("computed in vain")

    image = g(condition)
    real, fake = (d(torch.cat([condition, each], 1)) for each in (photo, image))
    options = recipe.Options(feature_matching_weight=0, perceptual="torchvision", perceptual_weight=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "feature_matching_loss", never)
        assert recipe.generator_terms(real, fake, image, photo, never, options).keys() == {"adversarial"}


def test_without_a_perceptual_loss_its_weight_counts_for_nothing(recipe, parts):
    g, d, condition, photo = parts
    image = g(condition)
    real, fake = (d(torch.cat([condition, each], 1)) for each in (photo, image))
    terms = recipe.generator_terms(real, fake, image, photo, None, recipe.Options())
    assert terms.keys() == {"adversarial", "feature_matching"}


@pytest.mark.parametrize("name", ["perceptual_weight", "feature_matching_weight"])
def test_a_negative_weight_is_refused(recipe, name):
    option = f"--{name.replace('_', '-')}"
    with pytest.raises(ValueError, match=f"{option} must be a number of at least 0; got -1"):
        recipe.Options(**{name: -1})
