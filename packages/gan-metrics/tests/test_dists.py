"""DISTS against torchmetrics' own function and the paper's equation, on VGG16 with seeded random weights."""

import pytest
import torch
from gan_metrics import dists
from torch.nn import functional as F
from torchmetrics.functional.image.dists import deep_image_structure_and_texture_similarity
from torchvision.models import get_model, vgg16

IMAGES = torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file as torch.hub stores it; the classifier, which DISTS does not use, has one number."""
    folder = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(1)
    with torch.device("meta"):
        outline = get_model("vgg16").state_dict()
    state = {
        key: torch.zeros(()).expand(value.shape)
        if key.startswith("classifier")
        else torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        for key, value in outline.items()
    }
    torch.save(state, folder / "vgg16-397923af.pth")
    return folder / "vgg16-397923af.pth"


@pytest.fixture(scope="module")
def metric(weights):
    return dists(weights)


def features(weights, image):
    """The image itself and five maps of VGG16, with pooling by the root of Hann-weighted squares."""
    with torch.device("meta"):
        network = vgg16().features
    state = torch.load(weights, weights_only=True)
    network.load_state_dict(
        {k.removeprefix("features."): v for k, v in state.items() if "feat" in k}, assign=True
    )
    hann = torch.outer(*[torch.tensor([1.0, 2.0, 1.0]) / 4] * 2)
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    maps, x = [image], (image - mean) / std
    for index, layer in enumerate(network):
        if isinstance(layer, torch.nn.MaxPool2d):
            kernel = hann.expand(x.shape[1], 1, 3, 3)
            x = (F.conv2d(x.square(), kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()
        else:
            x = layer(x)
        if index in (3, 8, 15, 22, 29):
            maps.append(x.clone())
    return maps


def by_hand(weights, network, first, second):
    """Equations 5 to 7: 1 minus the weighted similarities of means and of covariances, for each channel."""
    x, y = ([z.flatten(2) for z in features(weights, image)] for image in (first, second))
    structure, texture = [], []
    for a, b in zip(x, y, strict=True):
        mean_a, mean_b = a.mean(2), b.mean(2)
        covariance = (a * b).mean(2) - mean_a * mean_b
        variances = a.var(2, correction=0) + b.var(2, correction=0)
        structure.append((2 * mean_a * mean_b + 1e-6) / (mean_a**2 + mean_b**2 + 1e-6))
        texture.append((2 * covariance + 1e-6) / (variances + 1e-6))
    alpha, beta = network.alpha.flatten(), network.beta.flatten()
    similarity = torch.cat(structure, 1) @ alpha + torch.cat(texture, 1) @ beta
    return 1 - similarity / (alpha.sum() + beta.sum())


@torch.no_grad()
def test_it_is_the_papers_equation_and_torchmetrics_function(metric, weights, monkeypatch):
    unit = (IMAGES + 1) / 2
    expected = by_hand(weights, metric.network, *unit).mean()
    metric.reset()
    metric.update(IMAGES[0, :2], IMAGES[1, :2])
    metric.update(IMAGES[0, 2:], IMAGES[1, 2:])  # a batch of one
    torch.testing.assert_close(metric.compute(), expected, rtol=1e-4, atol=1e-6)
    monkeypatch.setenv("TORCH_HOME", str(weights.parents[2]))
    own = deep_image_structure_and_texture_similarity(*unit, reduction="mean")
    torch.testing.assert_close(metric.compute(), own, rtol=1e-6, atol=0)
    assert own > 0.01


def test_images_beyond_the_range_are_clamped(metric):
    metric.reset()
    metric.update(3 * IMAGES[0], (3 * IMAGES[0]).clamp(-1, 1))
    torch.testing.assert_close(metric.compute(), torch.zeros(()), rtol=0, atol=1e-6)


def test_mistakes_end_in_one_sentence(metric, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"vgg16's weights; got .*missing, not a file"):
        dists(tmp_path / "missing")
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"torchvision's vgg16 in .*other.pth; got the weights of another"):
        dists(tmp_path / "other.pth")
    with pytest.raises(ValueError, match="DISTS expects prediction and target of the same shape"):
        metric.update(IMAGES[0], IMAGES[0, :1])
