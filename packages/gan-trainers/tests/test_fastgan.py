import pytest
import torch
from gan_trainers import FastGAN


class Draws:
    """Two logits, each a picture's mean; what it draws is too bright by a tenth and by two."""

    def __init__(self):
        self.quadrants = []

    def __call__(self, pictures, *, quadrant=None):
        logits = [pictures.mean((1, 2, 3)), pictures.mean((1, 2, 3))]
        if quadrant is None:
            return logits
        self.quadrants.append(quadrant)
        return logits, [(pictures + 0.1, pictures), (pictures + 0.2, pictures)]


def test_the_discriminator_learns_from_margins_by_chance_and_from_what_it_draws():
    real, fake = torch.full((2, 3, 4, 4), 0.25), torch.full((2, 3, 4, 4), -0.5)
    game = FastGAN(Draws(), reconstruction_weight=8)
    loss, terms, judged = game.discriminator_loss(real, fake)
    # Each side's margin is between 0.8 and 1, at both scales.
    assert 2 * (0.55 + 0.3) <= terms["discriminator"] <= 2 * (0.75 + 0.5)
    assert terms["reconstruction"].item() == pytest.approx(8 * (0.1 + 0.2))
    assert loss == terms["discriminator"] + terms["reconstruction"]
    assert (terms["real_logits"].item(), terms["fake_logits"].item()) == (0.25, -0.5)
    assert all(scale.equal(torch.full((2,), 0.25)) for scale in judged.real)
    assert all(scale.equal(torch.full((2,), -0.5)) for scale in judged.fake)


def test_the_generator_learns_from_the_logits_alone_and_gets_nothing_in_the_other_turn():
    real, fake = torch.rand(1, 3, 4, 4), torch.full((1, 3, 4, 4), -0.5, requires_grad=True)
    discriminator = Draws()
    game = FastGAN(discriminator)
    loss, terms = game.generator_loss(fake)
    assert loss.item() == terms["adversarial"].item() == 2 * 0.5
    assert not discriminator.quadrants
    assert not game.discriminator_loss(real, fake)[0].requires_grad


def test_every_quarter_has_its_turn_and_pictures_are_augmented_before():
    discriminator = Draws()
    game = FastGAN(discriminator, augment=lambda pictures: -pictures)
    torch.manual_seed(0)
    for _ in range(40):
        *_, judged = game.discriminator_loss(torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4))
    assert set(discriminator.quadrants) == {0, 1, 2, 3}
    assert judged.real[0].item() == -0.5


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="at least 0; got -1"):
        FastGAN(Draws(), reconstruction_weight=-1)
