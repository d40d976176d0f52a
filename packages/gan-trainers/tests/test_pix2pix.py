"""The objective of pix2pix by hand: a discriminator whose logit is the mean of what it sees."""

import math

import pytest
import torch
from gan_losses import LEAST_SQUARES, RELATIVISTIC_PAIRED
from gan_trainers import Pix2Pix


def softplus(x):
    return math.log1p(math.exp(x))


def mean_logit(image):
    return image.mean((1, 2, 3), keepdim=True)


@pytest.fixture
def images():
    """Source, target and fake of 1, 3 and 3 planes, constant so that every mean is plain to see."""
    planes = [torch.full((2, channels, 4, 4), value) for channels, value in ((1, 0.5), (3, 0.2), (3, -0.4))]
    planes[2].requires_grad_()
    return planes


def test_conditional_terms_by_hand(images):
    game = Pix2Pix(mean_logit)
    real, fake = (0.5 + 3 * 0.2) / 4, (0.5 - 3 * 0.4) / 4
    loss, terms = game.discriminator_loss(*images)
    assert loss.item() == pytest.approx(0.5 * (softplus(-real) + softplus(fake)), rel=1e-6)
    assert set(terms) == {"discriminator"}
    loss, terms = game.generator_loss(*images)
    assert terms["adversarial"].item() == pytest.approx(softplus(-fake), rel=1e-6)
    assert terms["pixel"].item() == pytest.approx(100 * 0.6, rel=1e-6)
    assert loss.item() == pytest.approx(softplus(-fake) + 60, rel=1e-6)


def test_no_gradient_reaches_the_generator_in_the_discriminators_turn(images):
    loss, _ = Pix2Pix(mean_logit).discriminator_loss(*images)
    assert not loss.requires_grad
    loss, _ = Pix2Pix(mean_logit).generator_loss(*images)
    assert torch.autograd.grad(loss, images[2])[0].abs().min() > 0


def test_unconditional_least_squares_with_a_pixel_loss_of_ones_own(images):
    game = Pix2Pix(
        mean_logit,
        conditional=False,
        adversarial=LEAST_SQUARES,
        discriminator_weight=1.0,
        pixel_loss=lambda fake, target: 7 * (fake - target).square().mean(),
    )
    loss, _ = game.discriminator_loss(*images)
    expected = LEAST_SQUARES.discriminator(torch.tensor([0.2]), torch.tensor([-0.4]))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss, terms = game.generator_loss(*images)
    assert terms["adversarial"].item() == pytest.approx(
        LEAST_SQUARES.generator(torch.tensor([-0.4])).item(), rel=1e-6
    )
    assert terms["pixel"].item() == pytest.approx(7 * 0.36, rel=1e-6)


def test_relativistic_game_sees_the_real_logits_and_l1_weight_scales(images):
    _, terms = Pix2Pix(
        mean_logit, l1_weight=10, conditional=False, adversarial=RELATIVISTIC_PAIRED
    ).generator_loss(*images)
    assert terms["adversarial"].item() == pytest.approx(softplus(0.2 + 0.4), rel=1e-6)
    assert terms["pixel"].item() == pytest.approx(6, rel=1e-6)


def test_scales_are_summed(images):
    _, one = Pix2Pix(mean_logit).generator_loss(*images)
    _, two = Pix2Pix(lambda x: [mean_logit(x), mean_logit(x)]).generator_loss(*images)
    assert two["adversarial"].item() == pytest.approx(2 * one["adversarial"].item(), rel=1e-6)


@pytest.mark.parametrize("name", ["l1_weight", "discriminator_weight"])
def test_a_negative_weight_is_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} to be 0 or more; got -1"):
        Pix2Pix(mean_logit, **{name: -1})
