import gan_losses as gl
import pytest
import torch


def test_margins_are_drawn_between_their_bounds_for_each_logit_and_side():
    zeros = torch.zeros(10_000)
    torch.manual_seed(0)
    elements = gl.random_margin_discriminator_loss(zeros, zeros, reduction="none")
    # the sum of two margins, each uniform in [0.8, 1]
    assert 1.6 <= elements.min() < 1.62
    assert 1.98 < elements.max() <= 2.0
    assert elements.mean().item() == pytest.approx(1.8, abs=0.005)
    assert elements.var().item() == pytest.approx(2 * 0.2**2 / 12, rel=0.05)


def test_margins_of_1_are_the_plain_hinge():
    real, fake = [torch.randn(3, 4), torch.randn(3, 2)], [torch.randn(3, 4), torch.randn(3, 2)]
    got = gl.random_margin_discriminator_loss(real, fake, least_margin=1.0)
    torch.testing.assert_close(got, gl.hinge_discriminator_loss(real, fake))


def test_settled_logits_count_nothing():
    assert gl.random_margin_discriminator_loss(torch.tensor([1.0]), torch.tensor([-1.0])) == 0
    unsettled = torch.tensor([0.5], requires_grad=True)
    gl.random_margin_discriminator_loss(unsettled, torch.tensor([-1.0])).backward()
    assert unsettled.grad.item() == -1


def test_reconstruction_by_hand():
    pairs = [(torch.full((1, 3, 2, 2), value), torch.zeros(1, 3, 2, 2)) for value in (1.0, -2.0)]
    assert gl.reconstruction_loss(pairs).item() == pytest.approx(3.0)
    assert gl.reconstruction_loss(pairs, distance=torch.nn.functional.mse_loss).item() == pytest.approx(5.0)


def test_reconstructions_that_are_missing_or_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="at least one pair of pictures; got none"):
        gl.reconstruction_loss([])
    with pytest.raises(ValueError, match=r"got \(1, 3, 4, 4\) and \(1, 3, 2, 2\)"):
        gl.reconstruction_loss([(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 2, 2))])
