"""The losses of Projected GAN and of FastGAN by hand."""

import pytest
import torch
from gan_projected import Backbone, ProjectedDiscriminator, Projector
from gan_trainers import RunOptions


@pytest.fixture(scope="module")
def recipe(example):
    return example("projected_gan")


@pytest.fixture(scope="module")
def support(example):
    return example("support.projected_gan")


def two_scales(images):
    """A discriminator whose logits are known: an image's mean at one scale, and its four corners."""
    return [images.mean((1, 2, 3), keepdim=True), images[:, :1, ::3, ::3]]


def as_is(images):
    return images


def test_the_discriminators_hinge_loss_by_hand_and_the_logits(recipe):
    real, fake = torch.full((2, 3, 4, 4), 0.25), torch.full((2, 3, 4, 4), -0.5, requires_grad=True)
    terms, logits = recipe.discriminator_terms(two_scales, real, fake, as_is)
    assert terms.keys() == {"discriminator"}
    assert terms["discriminator"].item() == 2 * ((1 - 0.25) + (1 - 0.5))
    assert not terms["discriminator"].requires_grad  # nothing reaches the generator
    assert [scale.shape for scale in logits.real] == [(2, 1, 1, 1), (2, 1, 2, 2)]
    means = logits.means()
    assert (means["real_logits"].item(), means["fake_logits"].item()) == (0.25, -0.5)


def test_logits_beyond_the_margin_cost_nothing(recipe):
    real, fake = torch.full((1, 3, 4, 4), 1.5), torch.full((1, 3, 4, 4), -2.0)
    terms, _ = recipe.discriminator_terms(two_scales, real, fake, as_is)
    assert terms["discriminator"].item() == 0


def test_real_and_fake_images_are_augmented_each_by_itself(recipe):
    seen = []

    def negative(images):
        seen.append(images)
        return -images

    real, fake = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    terms, _ = recipe.discriminator_terms(two_scales, real, fake, negative)
    plain, _ = recipe.discriminator_terms(two_scales, -real, -fake, as_is)
    assert terms == plain
    assert [x.equal(y) for x, y in zip(seen, (real, fake), strict=True)] == [True] * 2


def test_labels_reach_the_discriminator_beside_their_images(recipe):
    def d(x, labels):
        return x.mean((1, 2, 3)) * labels

    real, fake = torch.full((2, 1, 1, 1), 0.1), torch.full((2, 1, 1, 1), 0.2)
    terms, logits = recipe.discriminator_terms(d, real, fake, as_is, torch.tensor([1, 2]))
    torch.testing.assert_close(logits.real, torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(logits.fake, torch.tensor([0.2, 0.4]))
    assert terms["discriminator"].item() == pytest.approx((0.9 + 0.8) / 2 + (1.2 + 1.4) / 2)


@pytest.fixture(scope="module")
def projected():
    """A small discriminator in evaluation mode, so that the same images have the same logits twice."""
    projector = Projector(Backbone(weights="random"), mixing="none")  # maps at strides 4 to 32
    return ProjectedDiscriminator(projector, widths=(4, 4, 4, 4), resize=128).eval()


def test_the_heads_penalty_is_r1_at_their_inputs_times_the_energy_of_these(support, projected):
    real = torch.rand(2, 3, 64, 64) * 2 - 1
    maps = [each.requires_grad_() for each in projected.features(real)]
    gradients = torch.autograd.grad([logits.sum() for logits in projected.heads(maps)], maps)
    energies = [x.square().sum((1, 2, 3)).mean() for x in maps]
    squares = [x.square().sum((1, 2, 3)).mean() for x in gradients]
    penalty = support.heads_penalty(projected, real, None)
    expected = sum(e * s for e, s in zip(energies, squares, strict=True))
    torch.testing.assert_close(penalty, expected)
    # The last head is one linear layer on a map of 4x4: its gradient is its weight.
    torch.testing.assert_close(squares[-1], projected.heads.heads[-1].output.weight.square().sum())


def test_the_heads_penalty_is_a_term_of_the_heads_alone(recipe, projected):
    real, fake = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    terms, _ = recipe.discriminator_terms(projected, real, fake.requires_grad_(), as_is, r1_weight=0.5)
    assert terms.keys() == {"discriminator", "r1"}
    terms["r1"].backward()
    assert fake.grad is None
    assert all(p.grad is not None and p.grad.isfinite().all() for p in projected.heads.parameters())


def test_the_means_and_hinge_losses_are_over_all_logits(support):
    """As the article compares them, for the adaptive augmentation."""
    real, fake = [torch.tensor([2.0, 0.5]), torch.tensor([-1.0])], [torch.tensor([-3.0, 0.0])]
    logits = support.Logits(real, fake)
    on_real, on_fake = logits.hinge_losses()
    assert on_real.item() == pytest.approx((0 + 0.5 + 2) / 3)
    assert on_fake.item() == pytest.approx((0 + 1) / 2)
    means = logits.means()
    assert means["real_logits"].item() == pytest.approx(1.5 / 3)
    assert means["fake_logits"].item() == pytest.approx(-1.5)


class Draws:
    """FastGAN's discriminator with known outputs: two logits, each an image's mean, and reconstructions.

    They are too bright by 0.1 and by 0.2.
    """

    def __init__(self):
        self.quadrants = []

    def __call__(self, images, *, quadrant=None):
        logits = [images.mean((1, 2, 3)), images.mean((1, 2, 3))]
        if quadrant is None:
            return logits
        self.quadrants.append(quadrant)
        return logits, [(images + 0.1, images), (images + 0.2, images)]


@pytest.fixture
def fastgan(recipe, support, tmp_path):
    """FastGAN's discriminator, and its terms as a function of real and fake images and an augmentation."""

    def make(accumulate=1):
        d, shared = Draws(), RunOptions(out=tmp_path, accumulate=accumulate)
        options = recipe.Options(discriminator="fastgan", reconstruction="l1", run=shared)
        return d, support.fastgan_baseline(options, d, shared.start(options))

    return make


@pytest.mark.parametrize("accumulate", [1, 3])
def test_fastgans_discriminator_has_random_margins_and_reconstructs(fastgan, accumulate):
    real, fake = torch.full((2, 3, 4, 4), 0.25), torch.full((2, 3, 4, 4), -0.5, requires_grad=True)
    _, baseline = fastgan(accumulate)
    terms, logits = baseline(real, fake, as_is)
    assert terms.keys() == {"discriminator", "reconstruction"}
    # Each side's margin is between 0.8 and 1, at both scales.
    assert 2 * (0.55 + 0.3) <= terms["discriminator"] <= 2 * (0.75 + 0.5)
    assert terms["discriminator"] != baseline(real, fake, as_is)[0]["discriminator"]  # another margin
    # Twice the images of all batches of a step.
    assert terms["reconstruction"].item() == pytest.approx(2 * 2 * accumulate * (0.1 + 0.2))
    assert not any(term.requires_grad for term in terms.values())  # nothing reaches the generator
    assert logits.means()["real_logits"].item() == 0.25
    assert logits.means()["fake_logits"].item() == -0.5
    assert all(scale.equal(torch.full((2,), 0.25)) for scale in logits.real)
    assert all(scale.equal(torch.full((2,), -0.5)) for scale in logits.fake)


def test_every_quadrant_is_reconstructed_at_times_and_images_are_augmented_before(fastgan):
    d, baseline = fastgan()
    torch.manual_seed(0)
    for _ in range(40):
        _, logits = baseline(torch.full((1, 3, 4, 4), 0.5), torch.full((1, 3, 4, 4), 0.25), lambda x: -x)
    assert set(d.quadrants) == {0, 1, 2, 3}
    assert logits.real[0].item() == -0.5
    assert logits.fake[0].item() == -0.25
