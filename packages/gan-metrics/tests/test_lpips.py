"""LPIPS against the paper's equation, written out on torchvision's network with seeded random weights."""

from pathlib import Path

import pytest
import torch
import torchmetrics
from gan_metrics import lpips
from safetensors.torch import save_file
from torchvision.models import alexnet

TAPS = (1, 4, 7, 9, 11)  # the ReLUs of AlexNet


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return alexnet().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "own name.pth"
    torch.save(network.state_dict(), path)
    return path


def by_hand(network, a, b):
    """Equation 1: weighted squared differences of unit features, their mean over each map, and the sum."""
    file = Path(torchmetrics.__file__).parent / "functional/image/lpips_models/alex.pth"
    layers = torch.load(file, map_location="cpu", weights_only=True)
    mean = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    std = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    x, y = (a - mean) / std, (b - mean) / std
    total = torch.zeros(len(a))
    for index, module in enumerate(network.features):
        x, y = module(x), module(y)
        if index in TAPS:
            unit = [z / (z.square().sum(1, keepdim=True).sqrt() + 1e-8) for z in (x, y)]
            weight = layers[f"lin{TAPS.index(index)}.model.1.weight"]
            total += ((unit[0] - unit[1]).square() * weight).sum(1).mean((1, 2))
    return total.mean()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_it_is_the_papers_equation_on_the_weights_of_the_file(network, weights, tmp_path, suffix):
    path = weights
    if suffix == ".safetensors":
        path = tmp_path / "weights.safetensors"
        save_file(network.state_dict(), path)
    hub, state = torch.hub.get_dir, torch.get_rng_state()
    metric = lpips(path)
    assert torch.hub.get_dir is hub
    assert torch.equal(torch.get_rng_state(), state)
    a, b = torch.rand(2, 2, 3, 64, 64).mul(2).sub(1)
    torch.testing.assert_close(metric(a, b), by_hand(network, a, b), rtol=1e-4, atol=1e-6)


def test_other_files_end_in_one_sentence(weights, tmp_path):
    with pytest.raises(
        ValueError, match=r"torchvision's vgg16 in .*own name.pth; got the weights of another"
    ):
        lpips(weights, "vgg")
    with pytest.raises(FileNotFoundError, match=r"alexnet's weights; got .*missing, not a file"):
        lpips(tmp_path / "missing")
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"damaged or needs code to be executed .* get alexnet-owt"):
        lpips(tmp_path / "bad.pth")
    with pytest.raises(ValueError, match='expected network "alex", "vgg" or "squeeze"; got \'resnet\''):
        lpips(weights, "resnet")
