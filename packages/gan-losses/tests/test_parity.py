"""Agreement with the values of published code; each file's metadata names the repository and commit."""

import gan_losses as gl
import pytest
import torch
from torch.testing import assert_close

TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.mark.parametrize(
    ("mode", "generator", "discriminator"),
    [
        ("vanilla", gl.nonsaturating_generator_loss, gl.nonsaturating_discriminator_loss),
        ("lsgan", gl.least_squares_generator_loss, gl.least_squares_discriminator_loss),
        ("wgangp", gl.wasserstein_generator_loss, gl.wasserstein_discriminator_loss),
    ],
)
def test_cyclegan(parity, mode, generator, discriminator):
    _, inputs, expected = parity("loss_ganloss_cyclegan")
    real, fake = inputs["pred_real"], inputs["pred_fake"]
    assert_close(generator(fake), expected[f"{mode}_fake_target_true"], **TOLERANCE)
    terms = expected[f"{mode}_real_target_true"] + expected[f"{mode}_fake_target_false"]
    assert_close(discriminator(real, fake), terms, **TOLERANCE)


def test_cut_per_sample(parity):
    _, inputs, expected = parity("loss_ganloss_cyclegan")
    fake = gl.nonsaturating_generator_loss(inputs["pred_real"], reduction="none").flatten(1).mean(dim=1)
    assert_close(fake, expected["cut_nonsaturating_real_target_true_persample"], **TOLERANCE)


@pytest.mark.parametrize(
    ("mode", "generator", "discriminator"),
    [
        ("vanilla", gl.nonsaturating_generator_loss, gl.nonsaturating_discriminator_loss),
        ("wgan_softplus", gl.nonsaturating_generator_loss, gl.nonsaturating_discriminator_loss),
        ("lsgan", gl.least_squares_generator_loss, gl.least_squares_discriminator_loss),
        ("hinge", gl.hinge_generator_loss, gl.hinge_discriminator_loss),
        ("wgan", gl.wasserstein_generator_loss, gl.wasserstein_discriminator_loss),
    ],
)
def test_basicsr(parity, mode, generator, discriminator):
    _, inputs, expected = parity("loss_hinge_ragan_basicsr")
    real, fake = inputs["real"], inputs["fake"]
    assert_close(0.5 * generator(fake), expected[f"{mode}_G"], **TOLERANCE)  # BasicSR's loss_weight
    terms = expected[f"{mode}_D_real"] + expected[f"{mode}_D_fake"]
    assert_close(discriminator(real, fake), terms, **TOLERANCE)


def test_esrgan_takes_half_of_each_relativistic_sum(parity):
    _, inputs, expected = parity("loss_hinge_ragan_basicsr")
    logits = inputs["real"], inputs["fake"]
    assert_close(0.5 * gl.relativistic_average_generator_loss(*logits), expected["ragan_G"], **TOLERANCE)
    assert_close(0.5 * gl.relativistic_average_discriminator_loss(*logits), expected["ragan_D"], **TOLERANCE)


def parameter_gradients(discriminator, loss):
    names, parameters = zip(*discriminator.named_parameters(), strict=True)
    gradients = torch.autograd.grad(
        loss, parameters, allow_unused=True
    )  # a penalty does not depend on the last bias
    filled = (torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients, strict=True))
    return dict(zip(names, filled, strict=True))


def stored_gradients(expected, prefix):
    return {key.removeprefix(prefix): value for key, value in expected.items() if key.startswith(prefix)}


def test_stylegan2_logistic(parity, discriminator):
    weights, inputs, expected = parity("loss_stylegan2_logistic_r1")
    discriminator.load_state_dict(weights)
    real, fake = discriminator(inputs["real"]), discriminator(inputs["fake"])
    assert_close(
        gl.nonsaturating_generator_loss(fake, reduction="none"), expected["Gmain_G_loss"], **TOLERANCE
    )
    per_sample = gl.nonsaturating_discriminator_loss(real, fake, reduction="none")
    assert_close(per_sample, expected["Dmain_D_loss"], **TOLERANCE)
    gradients = parameter_gradients(discriminator, gl.nonsaturating_discriminator_loss(real, fake))
    assert_close(gradients, stored_gradients(expected, "Dmain_grad."), **TOLERANCE)


def test_stylegan2_r1(parity, discriminator):
    weights, inputs, expected = parity("loss_stylegan2_logistic_r1")
    discriminator.load_state_dict(weights)
    penalty = gl.r1_penalty(discriminator, inputs["real"])
    assert_close(penalty, expected["Dreg_r1_penalty"].mean(), **TOLERANCE)
    assert_close(penalty, expected["basicsr_r1_penalty"], **TOLERANCE)
    regularization = 10 / 2 * penalty  # gamma / 2
    assert_close(regularization, expected["Dreg_D_reg"].mean(), **TOLERANCE)
    gradients = parameter_gradients(discriminator, regularization)
    assert_close(gradients, stored_gradients(expected, "Dreg_grad."), **TOLERANCE)


def test_cyclegan_gradient_penalty(parity, discriminator):
    weights, inputs, expected = parity("loss_wgan_gp")
    discriminator.load_state_dict(weights)
    alpha = inputs["alpha"].view(-1, 1, 1, 1)
    mixed = alpha * inputs["real"] + (1 - alpha) * inputs["fake"]
    # Between an image and itself there is only one point.
    penalty = 10 * gl.gradient_penalty(discriminator, mixed, mixed)
    assert_close(penalty, expected["cyclegan_gp"], **TOLERANCE)
    gradients = parameter_gradients(discriminator, penalty)
    assert_close(gradients, stored_gradients(expected, "cyclegan_grad."), rtol=1e-5, atol=1e-6)
