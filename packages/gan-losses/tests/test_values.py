"""Every adversarial loss on numbers that can be computed by hand."""

import math

import gan_losses as gl
import pytest
import torch

LOG3 = math.log(3)  # the sigmoid of it is 3/4
REAL = torch.tensor([2.0, 0.5])
FAKE = torch.tensor([1.0, -2.0])


def value(loss, *logits, **options):
    return loss(*logits, **options).item()


def test_nonsaturating():
    real, fake = torch.tensor([0.0, LOG3]), torch.tensor([0.0, -LOG3])
    # -log of the probabilities 1/2 and 1/4
    assert value(gl.nonsaturating_generator_loss, fake) == pytest.approx(1.5 * math.log(2))
    # log of 1 - 1/2 and 1 - 1/4
    assert value(gl.minimax_generator_loss, fake) == pytest.approx((math.log(1 / 2) + math.log(3 / 4)) / 2)
    # -log of 1/2 and 3/4 for both
    expected = -math.log(1 / 2) - math.log(3 / 4)
    assert value(gl.nonsaturating_discriminator_loss, real, fake) == pytest.approx(expected)


def test_nonsaturating_with_smoothed_labels():
    real, fake = torch.tensor([LOG3]), torch.tensor([-LOG3])
    smoothed = value(gl.nonsaturating_discriminator_loss, real, fake, real_target=0.9, fake_target=0.2)
    on_real = -0.9 * math.log(3 / 4) - 0.1 * math.log(1 / 4)
    on_fake = -0.2 * math.log(1 / 4) - 0.8 * math.log(3 / 4)
    assert smoothed == pytest.approx(on_real + on_fake)
    assert value(gl.nonsaturating_generator_loss, fake, target=0.9) == pytest.approx(
        -0.9 * math.log(1 / 4) - 0.1 * math.log(3 / 4)
    )


@pytest.mark.parametrize("label", [0.0, 0.1, 0.9, 1.0])
def test_nonsaturating_equals_torchs_cross_entropy(label):
    logits = torch.linspace(-30, 30, 61)
    ours = gl.nonsaturating_generator_loss(logits, target=label, reduction="none")
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.full_like(logits, label), reduction="none"
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def test_the_gradient_of_a_confident_discriminator_does_not_underflow():
    real = torch.tensor(20.0, requires_grad=True)
    fake = torch.tensor(-20.0, requires_grad=True)
    gl.nonsaturating_discriminator_loss(real, fake).backward()
    assert real.grad.item() == pytest.approx(-math.exp(-20), rel=1e-5)
    assert fake.grad.item() == pytest.approx(math.exp(-20), rel=1e-5)


@pytest.mark.parametrize("label", [-0.1, 1.1, float("nan")])
def test_a_label_outside_0_to_1_is_refused(label):
    with pytest.raises(ValueError, match="label in \\[0, 1\\]"):
        gl.nonsaturating_generator_loss(FAKE, target=label)
    with pytest.raises(ValueError, match="label in \\[0, 1\\]"):
        gl.nonsaturating_discriminator_loss(REAL, FAKE, real_target=label)
    with pytest.raises(ValueError, match="label in \\[0, 1\\]"):
        gl.nonsaturating_discriminator_loss(REAL, FAKE, fake_target=label)


def test_least_squares():
    assert value(gl.least_squares_generator_loss, FAKE) == (0 + 9) / 2
    assert value(gl.least_squares_generator_loss, FAKE, target=0.0) == (1 + 4) / 2
    assert value(gl.least_squares_discriminator_loss, REAL, FAKE) == (1 + 0.25) / 2 + (1 + 4) / 2
    smoothed = value(gl.least_squares_discriminator_loss, REAL, FAKE, real_target=0.9, fake_target=-1.0)
    assert smoothed == pytest.approx((1.21 + 0.16) / 2 + (4 + 1) / 2)


def test_hinge():
    assert value(gl.hinge_generator_loss, FAKE) == 0.5
    assert value(gl.hinge_discriminator_loss, REAL, FAKE) == (0 + 0.5) / 2 + (2 + 0) / 2
    assert value(gl.hinge_discriminator_loss, REAL, FAKE, margin=2.0) == (0 + 1.5) / 2 + (3 + 0) / 2


def test_wasserstein():
    assert value(gl.wasserstein_generator_loss, FAKE) == 0.5
    assert value(gl.wasserstein_discriminator_loss, REAL, FAKE) == -0.5 - 1.25


@pytest.mark.parametrize(
    ("comparison", "discriminator", "generator"),
    [
        # real 3 and 1 minus the fakes' mean of 0 are 3 and 1; the reals' mean of 2 minus 1 and -1 are 1 and 3
        (
            "bce",
            math.log1p(math.exp(-1)) + math.log1p(math.exp(-3)),
            math.log1p(math.e) + math.log1p(math.e**3),
        ),
        ("least_squares", (4 + 0) / 2 + (0 + 4) / 2, (4 + 16) / 2 + (16 + 4) / 2),
        ("hinge", 0.0, (2 + 4) / 2 + (4 + 2) / 2),
    ],
)
def test_relativistic_average(comparison, discriminator, generator):
    logits = torch.tensor([3.0, 1.0]), torch.tensor([1.0, -1.0])
    options = {"comparison": comparison}
    assert value(gl.relativistic_average_discriminator_loss, *logits, **options) == pytest.approx(
        discriminator
    )
    assert value(gl.relativistic_average_generator_loss, *logits, **options) == pytest.approx(generator)


def test_the_mean_of_a_relativistic_average_may_be_the_callers():
    """A mean over more logits than the process has: here 1 instead of 2 and 0."""
    logits = torch.tensor([3.0, 1.0]), torch.tensor([1.0, -1.0])
    loss = value(
        gl.relativistic_average_discriminator_loss, *logits, comparison="hinge", mean=torch.ones_like
    )
    assert loss == pytest.approx((0 + 1) / 2 + (1 + 0) / 2)  # 3 - 1, 1 - 1, and 1 - 1, 1 + 1


@pytest.mark.parametrize(
    ("comparison", "discriminator", "generator"),
    [
        # real minus fake: 2 and -1
        (
            "bce",
            (math.log1p(math.exp(-2)) + math.log1p(math.e)) / 2,
            (math.log1p(math.exp(2)) + math.log1p(math.exp(-1))) / 2,
        ),
        ("least_squares", (1 + 4) / 2, (9 + 0) / 2),
        ("hinge", (0 + 2) / 2, (3 + 0) / 2),
    ],
)
def test_relativistic_paired(comparison, discriminator, generator):
    logits = torch.tensor([3.0, 0.0]), torch.tensor([1.0, 1.0])
    options = {"comparison": comparison}
    assert value(gl.relativistic_paired_discriminator_loss, *logits, **options) == pytest.approx(
        discriminator
    )
    assert value(gl.relativistic_paired_generator_loss, *logits, **options) == pytest.approx(generator)


@pytest.mark.parametrize(
    "loss", [gl.relativistic_average_discriminator_loss, gl.relativistic_paired_generator_loss]
)
def test_an_unknown_comparison_is_refused(loss):
    with pytest.raises(ValueError, match="got 'wasserstein'"):
        loss(REAL, FAKE, comparison="wasserstein")
