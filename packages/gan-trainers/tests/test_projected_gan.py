import pytest
import torch
from gan_losses import NONSATURATING, RELATIVISTIC_PAIRED
from gan_trainers import ProjectedGAN


def two_scales(pictures):
    """A discriminator whose logits are known: a picture's mean at one scale, and its four corners."""
    return [pictures.mean((1, 2, 3), keepdim=True), pictures[:, :1, ::3, ::3]]


def test_hinge_by_hand_and_what_it_tells():
    real, fake = torch.full((2, 3, 4, 4), 0.25), torch.full((2, 3, 4, 4), -0.5, requires_grad=True)
    game = ProjectedGAN(two_scales)
    loss, terms, judged = game.discriminator_loss(real, fake)
    assert loss.item() == 2 * ((1 - 0.25) + (1 - 0.5))
    assert (terms["real_logits"].item(), terms["fake_logits"].item()) == (0.25, -0.5)
    assert [scale.shape for scale in judged.real] == [(2, 1, 1, 1), (2, 1, 2, 2)]
    assert not loss.requires_grad  # the discriminator of this test has nothing to learn
    loss, terms = game.generator_loss(fake)
    assert loss.item() == terms["adversarial"].item() == 2 * 0.5
    (gradient,) = torch.autograd.grad(loss, fake)
    assert (gradient < 0).any()


def test_each_side_of_each_turn_is_augmented_by_itself():
    seen = []

    def note(pictures):
        seen.append(pictures)
        return -pictures

    real, fake = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    game = ProjectedGAN(lambda x: x.mean(), augment=note, adversarial=NONSATURATING)
    plain = ProjectedGAN(lambda x: x.mean(), adversarial=NONSATURATING)
    assert game.generator_loss(fake)[0] == plain.generator_loss(-fake)[0]
    assert game.discriminator_loss(real, fake)[0] == plain.discriminator_loss(-real, -fake)[0]
    assert [x.equal(y) for x, y in zip(seen, (fake, real, fake), strict=True)] == [True] * 3


def test_labels_reach_the_discriminator_beside_their_pictures():
    game = ProjectedGAN(lambda x, labels: x.mean((1, 2, 3)) * labels)
    real, fake = torch.full((2, 1, 1, 1), 0.1), torch.full((2, 1, 1, 1), 0.2)
    *_, judged = game.discriminator_loss(real, fake, torch.tensor([1, 2]), torch.tensor([3, 4]))
    torch.testing.assert_close(judged.real, torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(judged.fake, torch.tensor([0.6, 0.8]))
    *_, judged = game.discriminator_loss(real, fake, torch.tensor([1, 2]))
    torch.testing.assert_close(judged.fake, torch.tensor([0.2, 0.4]))
    assert game.generator_loss(fake, torch.tensor([1, 1]))[0].item() == pytest.approx(-0.2)


def test_a_game_that_compares_is_refused():
    with pytest.raises(ValueError, match="got a relativistic one"):
        ProjectedGAN(two_scales, adversarial=RELATIVISTIC_PAIRED)
