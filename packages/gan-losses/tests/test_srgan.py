"""The content losses of SRGAN, and their weights."""

import gan_losses as gl
import pytest
import torch
from gan_losses import VGG19Features


@pytest.fixture(scope="module")
def pair():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 1, 3, 32, 32, generator=generator).mul_(2).sub_(1).unbind()


@pytest.mark.parametrize("layer", ["relu2_2", "relu5_4"])
def test_the_papers_loss_is_the_mean_square_of_features_over_12_75(pair, layer):
    (a,), (b,) = (VGG19Features([layer], weights="random")(image) for image in pair)
    expected = (a / 12.75 - b / 12.75).square().mean()
    torch.testing.assert_close(gl.srgan_content_loss(weights="random", layer=layer)(*pair), expected)
    unscaled = gl.srgan_content_loss(weights="random", layer=layer, feature_scale=1)(*pair)
    torch.testing.assert_close(unscaled, expected * 12.75**2)


def test_basicsrs_loss_is_before_the_activation(pair):
    (a,), (b,) = (VGG19Features(["conv5_4"], weights="random")(image) for image in pair)
    assert a.min() < 0
    torch.testing.assert_close(gl.basicsr_content_loss(weights="random")(*pair), (a - b).abs().mean())


def test_the_target_runs_once_and_without_a_graph(pair):
    loss = gl.srgan_content_loss(weights="random", layer="relu2_2")
    calls = []
    loss.features.register_forward_hook(lambda _, images, maps: calls.append((images[0], maps[0])))
    prediction = pair[0].clone().requires_grad_()
    target = pair[1].clone().requires_grad_()
    loss(prediction, target).backward()
    assert [images is target for images, _ in calls] == [True, False]
    assert [maps.requires_grad for _, maps in calls] == [False, True]
    assert prediction.grad is not None
    assert target.grad is None


def test_another_layer_is_refused():
    with pytest.raises(
        ValueError, match='expected layer "relu5_4" or "relu2_2"; got \'conv5_4\'; for other layers'
    ):
        gl.srgan_content_loss(weights="random", layer="conv5_4")


def test_published_weights():
    assert gl.SRGAN_PAPER == (0, 1, 1e-3)
    assert gl.SRGAN_ARTICLE.content / gl.SRGAN_ARTICLE.adversarial == pytest.approx(100_000)
    assert gl.SRGAN_BASICSR._asdict() == {"pixel": 0.01, "content": 1.0, "adversarial": 0.005}
