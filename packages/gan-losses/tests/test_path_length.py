"""StyleGAN2's path length regularization, by hand and by automatic differentiation of another kind."""

import pytest
import torch
from gan_losses import PathLengthPenalty


def linear(styles, matrix):
    """Images (N, 3, 2, 4) that are linear in the styles (N, layers, D)."""
    return (styles.flatten(1) @ matrix).view(len(styles), 3, 2, 4)


def test_the_penalty_of_a_linear_generator_by_hand():
    """J is the matrix itself: the length is |J^T y| / sqrt(layers), with y of variance 1 / (H W)."""
    matrix = torch.randn(2 * 5, 24, dtype=torch.float64)
    styles = torch.randn(3, 2, 5, dtype=torch.float64, requires_grad=True)
    penalty = PathLengthPenalty(decay=0.75)
    found = penalty(linear(styles, matrix), styles, generator=torch.Generator().manual_seed(3))
    noise = torch.randn(3, 3, 2, 4, generator=torch.Generator().manual_seed(3)).double().flatten(1)
    lengths = (noise @ matrix.T).norm(dim=1) / 8**0.5 / 2**0.5
    average = 0.25 * lengths.mean()
    torch.testing.assert_close(found, ((lengths - average.float()) ** 2).mean(), rtol=1e-6, atol=0)
    torch.testing.assert_close(penalty.average, average.float())


def test_the_noise_may_be_given():
    styles = torch.ones(2, 1, 3, requires_grad=True)
    images = linear(styles, torch.ones(3, 24))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(3))
    sampled = PathLengthPenalty()(images, styles, generator=torch.Generator().manual_seed(3))
    assert PathLengthPenalty()(images, styles, noise=noise) == sampled
    with pytest.raises(ValueError, match=r"expected noise of the images' shape, \(2, 3, 2, 4\); got"):
        PathLengthPenalty()(images, styles, noise=noise[:1])


def test_its_gradient_is_that_of_finite_differences():
    def loss(weight):
        styles = torch.linspace(-1, 1, 8, dtype=torch.float64).view(2, 1, 4).requires_grad_()
        images = torch.tanh(styles.flatten(1) @ weight).view(2, 1, 2, 3)
        # A decay that leaves the average at 0 but for rounding: its share of the lengths has no gradient.
        return PathLengthPenalty(decay=1 - 1e-12)(images, styles, generator=torch.Generator().manual_seed(0))

    weight = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (weight,))


def test_autocast_changes_nothing():
    weight, styles = torch.randn(4, 24, requires_grad=True), torch.randn(2, 1, 4, requires_grad=True)
    found = []
    for enabled in (False, True):
        images = linear(torch.tanh(styles), weight)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = PathLengthPenalty()(images, styles, generator=torch.Generator().manual_seed(0))
        found.append(torch.autograd.grad(loss, weight)[0])
    assert torch.equal(*found)


def test_the_average_moves_toward_the_mean_that_is_given():
    styles = torch.ones(2, 1, 3, requires_grad=True)
    penalty = PathLengthPenalty(decay=0.5)
    for _ in range(2):
        penalty(linear(styles, torch.ones(3, 24)), styles, mean=lambda lengths: 0 * lengths.mean() + 4)
    assert penalty.average == 3  # 0, 2, 3
    assert list(penalty.state_dict()) == ["average"]


def test_images_that_do_not_depend_on_the_styles_change_nothing_and_no_gradient_is_an_error():
    weight = torch.zeros(3, 24, requires_grad=True)
    styles = torch.ones(2, 1, 3, requires_grad=True)
    loss = PathLengthPenalty()(linear(styles, weight), styles)
    loss.backward()
    assert loss == 0
    assert torch.equal(weight.grad, torch.zeros_like(weight))
    with torch.no_grad():
        images = linear(styles, weight)
    with pytest.raises(
        ValueError, match="expected images with a gradient with respect to the styles; got none"
    ):
        PathLengthPenalty()(images, styles)
    with pytest.raises(ValueError, match="generate them from these very styles"):
        PathLengthPenalty()(linear(styles.detach().requires_grad_(), torch.ones(3, 24)), styles)
    with pytest.raises(ValueError, match="expected a decay from 0 to below 1; got 1"):
        PathLengthPenalty(decay=1)
