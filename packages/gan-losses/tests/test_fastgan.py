import gan_losses as gl
import pytest
import torch


def test_margins_are_uniform_for_each_real_and_each_fake_logit():
    zeros = torch.zeros(10_000)
    torch.manual_seed(0)
    elements = gl.random_margin_discriminator_loss(zeros, zeros, reduction="none")
    # the sum of two margins, each uniform in [0.8, 1]
    assert 1.6 <= elements.min() < 1.62
    assert 1.98 < elements.max() <= 2.0
    assert elements.mean().item() == pytest.approx(1.8, abs=0.005)
    assert elements.var().item() == pytest.approx(2 * 0.2**2 / 12, rel=0.05)


def test_margins_come_from_given_numbers():
    zeros = [torch.zeros(2, 3), torch.zeros(2, 1)]
    seen = []

    def uniform(logits):
        seen.append(logits.shape)
        return torch.full_like(logits, 0.5)

    loss = gl.random_margin_discriminator_loss(zeros, zeros, uniform=uniform)
    assert loss.item() == pytest.approx(2 * (0.9 + 0.9))  # 1 - 0.2 * 0.5 for real and fake, over two scales
    assert seen == [(2, 3), (2, 3), (2, 1), (2, 1)]


def test_margins_of_1_are_the_plain_hinge():
    real, fake = [torch.randn(3, 4), torch.randn(3, 2)], [torch.randn(3, 4), torch.randn(3, 2)]
    got = gl.random_margin_discriminator_loss(real, fake, least_margin=1.0)
    torch.testing.assert_close(got, gl.hinge_discriminator_loss(real, fake))


def test_logits_beyond_the_margin_contribute_nothing():
    assert gl.random_margin_discriminator_loss(torch.tensor([1.0]), torch.tensor([-1.0])) == 0
    inside = torch.tensor([0.5], requires_grad=True)
    gl.random_margin_discriminator_loss(inside, torch.tensor([-1.0])).backward()
    assert inside.grad.item() == -1


def test_reconstruction_by_hand():
    pairs = [(torch.full((1, 3, 2, 2), value), torch.zeros(1, 3, 2, 2)) for value in (1.0, -2.0)]
    assert gl.reconstruction_loss(pairs).item() == pytest.approx(3.0)
    assert gl.reconstruction_loss(pairs, distance=torch.nn.functional.mse_loss).item() == pytest.approx(5.0)


def test_missing_reconstructions_and_other_shapes_are_refused():
    with pytest.raises(ValueError, match="at least one pair of images; got none"):
        gl.reconstruction_loss([])
    with pytest.raises(ValueError, match=r"got \(1, 3, 4, 4\) and \(1, 3, 2, 2\)"):
        gl.reconstruction_loss([(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 2, 2))])
