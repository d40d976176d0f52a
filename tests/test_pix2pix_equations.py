"""pix2pix's terms by hand: a discriminator whose logit is the mean of its input."""

import math

import pytest
import torch


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pix")


def softplus(x):
    return math.log1p(math.exp(x))


def mean_logit(image):
    return image.mean((1, 2, 3), keepdim=True)


def two_scales(image):
    return [mean_logit(image), mean_logit(image)]


@pytest.fixture
def images():
    """Source, target and fake of 1, 3 and 3 channels, constant so that every mean is known."""
    planes = [torch.full((2, channels, 4, 4), value) for channels, value in ((1, 0.5), (3, 0.2), (3, -0.4))]
    planes[2].requires_grad_()
    return planes


# The means of the discriminator's input: of source and image, or of the image alone.
CASES = [("conditional", (0.5 + 3 * 0.2) / 4, (0.5 - 3 * 0.4) / 4), ("unconditional", 0.2, -0.4)]


@pytest.mark.parametrize(("kind", "fake"), [(kind, fake) for kind, _, fake in CASES])
@pytest.mark.parametrize("l1_weight", [100.0, 10.0])
def test_the_generators_terms(recipe, images, kind, fake, l1_weight):
    options = recipe.Options(discriminator=kind, l1_weight=l1_weight)
    terms = recipe.generator_terms(mean_logit, *images, options)
    assert terms.keys() == {"adversarial", "pixel"}
    assert terms["adversarial"].item() == pytest.approx(softplus(-fake), rel=1e-6)
    assert terms["pixel"].item() == pytest.approx(l1_weight * 0.6, rel=1e-6)


def test_either_term_can_be_left_out(recipe, images):
    without_l1 = recipe.generator_terms(mean_logit, *images, recipe.Options(l1_weight=0.0))
    assert without_l1.keys() == {"adversarial"}
    alone = recipe.generator_terms(None, *images, recipe.Options(discriminator="none"))
    assert {name: term.item() for name, term in alone.items()} == {"pixel": pytest.approx(60, rel=1e-6)}


@pytest.mark.parametrize(("kind", "real", "fake"), CASES)
def test_the_discriminators_loss(recipe, images, kind, real, fake):
    loss = recipe.discriminator_loss(mean_logit, *images, recipe.Options(discriminator=kind))
    assert loss.item() == pytest.approx(0.5 * (softplus(-real) + softplus(fake)), rel=1e-6)


def test_the_papers_weight_is_the_default(recipe):
    assert recipe.Options().l1_weight == 100
    assert recipe.Options().discriminator == "conditional"


def test_no_gradient_of_the_discriminators_loss_reaches_the_generator(recipe, images):
    assert not recipe.discriminator_loss(mean_logit, *images, recipe.Options()).requires_grad
    for name, term in recipe.generator_terms(mean_logit, *images, recipe.Options()).items():
        assert torch.autograd.grad(term, images[2])[0].abs().min() > 0, name


def test_scales_are_summed(recipe, images):
    one = recipe.generator_terms(mean_logit, *images, recipe.Options())
    two = recipe.generator_terms(two_scales, *images, recipe.Options())
    assert two["adversarial"].item() == pytest.approx(2 * one["adversarial"].item(), rel=1e-6)
    one, two = (recipe.discriminator_loss(d, *images, recipe.Options()) for d in (mean_logit, two_scales))
    assert two.item() == pytest.approx(2 * one.item(), rel=1e-6)


def test_a_negative_weight_is_refused(recipe):
    with pytest.raises(ValueError, match="--l1-weight must be a number of at least 0; got -1"):
        recipe.Options(l1_weight=-1)
