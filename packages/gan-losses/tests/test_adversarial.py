"""The pairs of losses as constants: how to call them, and that their gradients are opposed."""

from functools import partial

import gan_losses as gl
import pytest
import torch

LOSSES = {
    name: getattr(gl, name)
    for name in (
        "HINGE",
        "LEAST_SQUARES",
        "NONSATURATING",
        "RELATIVISTIC_AVERAGE",
        "RELATIVISTIC_PAIRED",
        "WASSERSTEIN",
    )
}


def generator_loss(loss, real, fake):
    return loss.generator(real, fake) if loss.relativistic else loss.generator(fake)


@pytest.fixture(params=LOSSES.values(), ids=LOSSES.keys())
def loss(request):
    return request.param


def test_gradients_of_discriminator_and_generator_have_opposite_signs(loss):
    real = torch.tensor([0.3, 0.2], requires_grad=True)
    fake = torch.tensor([0.1, 0.4], requires_grad=True)
    on_real, on_fake = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    (on_generated,) = torch.autograd.grad(generator_loss(loss, real, fake), fake)
    assert (on_real < 0).all()
    assert (on_fake > 0).all()
    assert (on_generated < 0).all()


def test_a_one_dimensional_gan_converges(loss):
    """A generator of shifted noise, against a quadratic discriminator regularized by R1 and R2."""
    torch.manual_seed(0)
    shift = torch.zeros((), requires_grad=True)
    weight = torch.zeros(2, requires_grad=True)
    adam_g = torch.optim.Adam([shift], lr=0.05, betas=(0.0, 0.9))
    adam_d = torch.optim.Adam([weight], lr=0.05, betas=(0.0, 0.9))

    def discriminator(x):
        return weight[0] * x + weight[1] * x**2

    for _ in range(400):
        real, noise = 2 + 0.5 * torch.randn(64, 1), 0.5 * torch.randn(64, 1)
        fake = (noise + shift).detach()
        penalty = gl.r1_penalty(discriminator, real) + gl.r2_penalty(discriminator, fake)
        adam_d.zero_grad()
        (loss.discriminator(discriminator(real), discriminator(fake)) + 0.5 * penalty).backward()
        adam_d.step()
        adam_g.zero_grad()
        generator_loss(loss, discriminator(real), discriminator(noise + shift)).backward()
        adam_g.step()
    assert shift.item() == pytest.approx(2, abs=0.2)


def test_only_relativistic_generator_losses_use_real_logits():
    relativistic = {name for name, loss in LOSSES.items() if loss.relativistic}
    assert relativistic == {"RELATIVISTIC_AVERAGE", "RELATIVISTIC_PAIRED"}


def test_an_option_can_be_bound():
    wide = gl.HINGE._replace(discriminator=partial(gl.hinge_discriminator_loss, margin=2.0))
    logits = torch.tensor([1.5]), torch.tensor([-1.5])
    assert gl.HINGE.discriminator(*logits).item() == 0
    assert wide.discriminator(*logits).item() == 1
