"""The feature distance, with features simple enough to compute its values by hand."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from gan_metrics import FeatureDistance, feature_distance
from torch import nn
from torchmetrics import MetricCollection


def pixels(image):
    """The image itself: the directions are its colors."""
    return [image]


def color(*channels):
    """One image of one pixel."""
    return torch.tensor(channels).reshape(1, -1, 1, 1)


class Network(nn.Module):
    """Two layers, with a batch norm that differs in training mode."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(
            [
                nn.Sequential(nn.Conv2d(3, 5, 3), nn.LeakyReLU(0.2)),
                nn.Sequential(nn.BatchNorm2d(5), nn.Conv2d(5, 4, 2, 2)),
            ]
        )
        self.eval()

    def forward(self, image):
        fine = self.layers[0](image)
        return [fine, self.layers[1](fine)]


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(4, 3, 12, 17, generator=generator) * 2 - 1
    noise = torch.randn(target.shape, generator=generator)
    prediction = target + torch.tensor([0.01, 0.05, 0.1, 0.3]).reshape(4, 1, 1, 1) * noise
    return prediction.clamp(-1, 1), target


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            color(0.5, 0.0, 0.0),
            color(1.0, 0.0, 0.0),
            0.0,
        ),  # brightness does not change the direction
        (color(0.5, 0.0, 0.0), color(0.0, 1.0, 0.0), 2.0),  # orthogonal: 1 + 1
        (color(0.5, 0.0, 0.0), color(-1.0, 0.0, 0.0), 4.0),  # opposite: 2 squared
        (color(0.5, 0.0, 0.0), color(0.7, 0.7, 0.0), 2 - math.sqrt(2)),  # at 45 degrees: 2 - 2 cos 45
        (color(0.5, 0.0, 0.0), color(0.0, 0.0, 0.0), 1.0),  # no features at all: 1 + 0
        (color(3.0, 0.0, 0.0), color(5.0, 2.0, 0.0), 2 - math.sqrt(2)),  # clamped: (1, 0, 0) and (1, 1, 0)
    ],
)
def test_golden_values_of_one_pixel(one, other, expected):
    assert feature_distance(pixels, one, other).item() == pytest.approx(expected, abs=1e-6)
    assert feature_distance(pixels, other, one).item() == pytest.approx(expected, abs=1e-6)


def test_golden_value_averaged_over_positions_layers_and_images():
    red, green, blue = color(1.0, 0.0, 0.0), color(0.0, 1.0, 0.0), color(0.0, 0.0, 1.0)
    prediction = torch.cat([torch.cat([red, red, red, red], dim=3), torch.cat([red, blue, red, blue], dim=3)])
    target = torch.cat([torch.cat([red, red, red, green], dim=3), torch.cat([red, blue, red, blue], dim=3)])
    layers = lambda image: [image, image[..., :2], image[..., 2:]]  # noqa: E731
    # One of four pixels is orthogonal: 2/4 in the first layer, 0 in the second, 2/2 in the third.
    expected = torch.tensor([(0.5 + 0 + 1) / 3, 0.0])
    torch.testing.assert_close(feature_distance(layers, prediction, target, reduction="none"), expected)
    torch.testing.assert_close(feature_distance(layers, prediction, target), expected.mean())


def test_agrees_with_the_cosine_of_the_angle(pair):
    # |x - y|^2 = 2 - 2 cos(x, y) for x and y of unit length.
    network = Network()
    layers = zip(*[network(image) for image in pair], strict=True)
    expected = sum((2 - 2 * F.cosine_similarity(x, y, dim=1)).mean((1, 2)) for x, y in layers) / 2
    torch.testing.assert_close(
        feature_distance(network, *pair, reduction="none"), expected, atol=1e-5, rtol=1e-4
    )


def test_distance_grows_with_the_error_from_zero(pair):
    values = feature_distance(Network(), *pair, reduction="none")
    assert (values.diff() > 0).all()
    assert feature_distance(Network(), pair[0], pair[0]) == 0


def test_images_of_a_batch_are_independent(pair):
    network = Network()
    alone = [feature_distance(network, x[None], y[None]) for x, y in zip(*pair, strict=True)]
    torch.testing.assert_close(feature_distance(network, *pair, reduction="none"), torch.stack(alone))


def test_half_precision_is_computed_in_float32(pair):
    half, network = [image.bfloat16() for image in pair], Network()
    with torch.autocast("cpu", torch.bfloat16):
        values = feature_distance(network, *half, reduction="none")
    assert values.dtype == torch.float32
    assert torch.equal(values, feature_distance(network, *[x.float() for x in half], reduction="none"))


def test_gradients():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 3, 5, 5, generator=generator, dtype=torch.float64) * 1.8 - 0.9
    prediction, target = images[0].requires_grad_(), images[1]
    smooth = nn.Conv2d(3, 4, 3).double().requires_grad_(False)
    distance = lambda image: feature_distance(lambda x: [x, smooth(x)], image, target)  # noqa: E731
    assert torch.autograd.gradcheck(distance, prediction)


@pytest.mark.parametrize(
    ("features", "got"),
    [
        (lambda image: image, "got a Tensor; put a single map into a list"),
        (lambda _: [], r"got \[\]"),
        (lambda image: [image.mean((2, 3))], r"got \[\(4, 3\)\]"),
        (lambda image: [image, image[:1]], r"N = 4; got \[\(4, 3, 12, 17\), \(1, 3, 12, 17\)\]"),
    ],
)
def test_other_results_of_the_extractor_are_named(features, got, pair):
    with pytest.raises(ValueError, match=got):
        feature_distance(features, *pair)


def test_bad_images_are_named(pair):
    prediction, target = pair
    with pytest.raises(ValueError, match=r"feature_distance expects .*; got \(4, 3, 12, 17\) and"):
        feature_distance(pixels, prediction, target[..., :-1])
    with pytest.raises(ValueError, match=r"got torch\.uint8"):
        feature_distance(pixels, prediction.byte(), target)
    with pytest.raises(ValueError, match="reduction"):
        feature_distance(pixels, prediction, target, reduction="sum")


def test_the_metric_moves_the_network():
    network = Network()
    scores = MetricCollection({"distance": FeatureDistance(network)}).to("meta")
    assert {x.device.type for x in network.state_dict().values()} == {"meta"}
    assert scores["distance"].device.type == "meta"


def test_the_metric_does_not_change_the_network_otherwise(pair):
    network = Network()
    before = copy.deepcopy(network.state_dict())
    scores = MetricCollection({"distance": FeatureDistance(network)})
    scores.train().half().double().requires_grad_(False)
    scores.update(*pair)
    assert not any(module.training for module in network.modules())
    assert all(x.requires_grad and x.dtype == torch.float32 for x in network.parameters())
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_the_network_is_not_in_the_state_of_the_metric():
    metric = FeatureDistance(Network())
    metric.persistent(True)
    assert set(metric.state_dict()) == {metric._sum, "images"}
    assert list(metric.parameters()) == []


def test_update_keeps_no_activations(pair):
    kept = []
    metric = FeatureDistance(Network())
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        metric.update(pair[0].requires_grad_(), pair[1])
    assert kept == []
    assert metric.compute() > 0


def test_networks_with_equal_first_distances_are_not_merged(pair):
    # For equal images both are 0, and a MetricCollection merges metrics with equal states.
    scores = MetricCollection({"pixels": FeatureDistance(pixels), "network": FeatureDistance(Network())})
    scores.update(pair[0], pair[0])
    scores.update(*pair)
    computed = scores.compute()
    assert computed["pixels"] == feature_distance(pixels, *pair) / 2
    assert computed["network"] == feature_distance(Network(), *pair) / 2


def test_copies_do_not_share_a_network():
    metric = FeatureDistance(Network())
    copy.deepcopy(metric).to("meta")
    assert {x.device.type for x in metric._features[0].state_dict().values()} == {"cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu(pair):
    metric, network = FeatureDistance(Network()), Network()
    metric.to("cuda").update(*[image.cuda() for image in pair])
    torch.testing.assert_close(metric.compute().cpu(), feature_distance(network, *pair), atol=1e-3, rtol=1e-2)
