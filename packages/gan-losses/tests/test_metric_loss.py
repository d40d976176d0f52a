"""LPIPS and DISTS against the packages that they come from and against others; any metric as a loss."""

from pathlib import Path

import gan_losses as gl
import lpips
import piq
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchmetrics.functional.image import learned_perceptual_image_patch_similarity
from torchmetrics.functional.image.dists import deep_image_structure_and_texture_similarity
from torchvision.models import get_model, get_model_weights

NETWORKS = {"vgg": "vgg16", "alex": "alexnet", "squeeze": "squeezenet1_1"}
IMAGES = torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
UNIT = (IMAGES + 1) / 2  # in [0, 1]


def published_name(name):
    return Path(get_model_weights(name).DEFAULT.url).name


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Seeded weights of each network, biases included, as torchvision and torch.hub store the real ones."""
    folder = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    generator, found = torch.Generator().manual_seed(1), {}
    for short, name in NETWORKS.items():
        with torch.device("meta"):
            outline = get_model(name).state_dict()
        state = {
            key: torch.zeros(()).expand(value.shape)  # the classifier has 120 million unused weights
            if key.startswith("classifier")
            else torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
            for key, value in outline.items()
        }
        found[short] = folder / published_name(name)
        torch.save(state, found[short])
    return found


@pytest.fixture
def torch_home(files, monkeypatch):
    """Where other packages find the same files instead of downloading them."""
    folder = files["vgg"].parent
    monkeypatch.setenv("TORCH_HOME", str(folder.parents[1]))
    return folder


@pytest.fixture(scope="module")
def dists(files):
    return gl.dists_loss(weights=files["vgg"])


def authors_lpips(network, file):
    """The authors' package with the network of the file; it numbers layers as torchvision does."""
    model = lpips.LPIPS(net=network, pnet_rand=True, verbose=False)
    state = torch.load(file, weights_only=True)
    own = {
        key: state[f"features.{key.partition('.')[2]}"] for key in model.net.state_dict() if "slice" in key
    }
    model.net.load_state_dict(own)
    return model


@pytest.mark.usefixtures("torch_home")
@pytest.mark.parametrize("network", NETWORKS)
def test_lpips_equals_the_authors_package_and_torchmetrics(files, network):
    loss = gl.lpips_loss(weights=files[network], network=network)(*IMAGES)
    torch.testing.assert_close(
        loss, authors_lpips(network, files[network])(*IMAGES).mean(), rtol=1e-4, atol=0
    )
    own = learned_perceptual_image_patch_similarity(*IMAGES, net_type=network)
    torch.testing.assert_close(loss, own, rtol=1e-6, atol=0)
    assert loss > 0.01


def test_dists_equals_torchmetrics_and_piq(dists, torch_home):
    loss = dists(*IMAGES)
    own = deep_image_structure_and_texture_similarity(*UNIT, reduction="mean")
    torch.testing.assert_close(loss, own, rtol=1e-6, atol=0)
    network = dists.metric.network
    total = network.alpha.sum() + network.beta.sum()
    weights = {"alpha": network.alpha.data / total, "beta": network.beta.data / total}
    torch.save(weights, torch_home / Path(piq.DISTS._weights_url).name)
    torch.testing.assert_close(loss, piq.DISTS()(*UNIT), rtol=1e-4, atol=1e-6)
    assert loss > 0.01


@pytest.mark.parametrize("make", [gl.lpips_loss, gl.dists_loss])
def test_a_step_along_the_gradient_brings_the_prediction_nearer(files, make):
    loss = make(weights=files["vgg"]).train()
    prediction, target = (each.clone().requires_grad_() for each in IMAGES)
    before = loss(prediction, target)
    before.backward()
    assert prediction.grad.abs().sum() > 0
    assert target.grad is None
    assert not any(parameter.requires_grad for parameter in loss.parameters())
    assert not any(module.training for module in loss.modules())
    with torch.no_grad():
        assert loss(prediction - 0.01 * prediction.grad.sign(), target) < before
        torch.testing.assert_close(loss(target, target), torch.zeros(()), rtol=0, atol=1e-6)


def test_under_autocast_it_computes_in_float32(dists):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low, of_low_images = dists(*IMAGES), dists(*IMAGES.bfloat16())
    assert torch.equal(low, dists(*IMAGES))
    assert torch.equal(of_low_images, dists(*IMAGES.bfloat16().float()))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_without_classifier_is_enough_and_nothing_else_changes(files, dists, tmp_path, suffix):
    state = torch.load(files["vgg"], weights_only=True)
    features = {key: value for key, value in state.items() if key.startswith("features")}
    file = tmp_path / f"features{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(features, file)
    hub, random = torch.hub.get_dir, torch.get_rng_state()
    assert torch.equal(gl.dists_loss(weights=file)(*IMAGES), dists(*IMAGES))
    assert torch.hub.get_dir is hub
    assert torch.equal(torch.get_rng_state(), random)


def test_random_weights_are_always_the_same():
    first, again = (gl.lpips_loss(weights="random", network="alex")(*IMAGES) for _ in range(2))
    assert torch.equal(first, again)
    assert first > 0.01


@pytest.mark.usefixtures("torch_home")
def test_torchvisions_weights_come_from_its_cache(files):
    loss = gl.lpips_loss(weights="torchvision", network="alex")
    assert torch.equal(loss(*IMAGES), gl.lpips_loss(weights=files["alex"], network="alex")(*IMAGES))


def test_without_weights_the_sentence_names_the_file():
    with pytest.raises(
        ValueError, match=r'vgg16; got none; pass weights=Path\("vgg16-397923af\.pth"\), or wei'
    ):
        gl.dists_loss()
    with pytest.raises(
        ValueError, match=r'alexnet; got none; pass weights=Path\("alexnet-owt-7be5be79\.pth"\)'
    ):
        gl.lpips_loss(network="alex")


def test_other_mistakes(files, tmp_path):
    with pytest.raises(ValueError, match=r"torchvision's vgg16 in .*alexnet.*; got a file in which features"):
        gl.dists_loss(weights=files["alex"])
    with pytest.raises(FileNotFoundError, match=r"weights; got .*missing, not a file"):
        gl.dists_loss(weights=tmp_path / "missing")
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"damaged or needs code to be executed .*; save alexnet\(\.\.\.\)"):
        gl.lpips_loss(weights=tmp_path / "bad.pth", network="alex")
    with pytest.raises(
        ValueError, match=r'"torchvision", "random" or a Path; got .vgg\.pth.; pass a file as'
    ):
        gl.dists_loss(weights="vgg.pth")
    with pytest.raises(ValueError, match='expected network "vgg", "alex" or "squeeze"; got \'resnet\'; use'):
        gl.lpips_loss(weights="random", network="resnet")
    with pytest.raises(ValueError, match=r'expected images "\[0, 1\]" or "\[-1, 1\]"; got \'0..1\''):
        gl.MetricLoss(nn.L1Loss(), images="0..1")
    with pytest.raises(ValueError, match=r"prediction and target of the same shape; got \(2, 3, 64, 64\)"):
        gl.MetricLoss(nn.L1Loss())(IMAGES[0], IMAGES[0, :1])


@pytest.mark.parametrize("metric", [piq.HaarPSILoss(), piq.MultiScaleGMSDLoss(chromatic=True), piq.VIFLoss()])
def test_metrics_of_other_packages_see_images_in_their_range(metric):
    prediction = (0.9 * IMAGES[0]).requires_grad_()
    loss = gl.MetricLoss(metric)(prediction, IMAGES[1])
    torch.testing.assert_close(loss, metric((prediction + 1) / 2, UNIT[1]))
    (gradient,) = torch.autograd.grad(loss, prediction)
    assert gradient.abs().sum() > 0


def test_metrics_that_refuse_values_beyond_the_range_get_clamped_ones():
    wild = (1.5 * IMAGES[0]).requires_grad_()
    with pytest.raises(AssertionError, match="Expected values to be greater or equal to 0"):
        gl.MetricLoss(piq.HaarPSILoss())(wild, IMAGES[1])
    loss = gl.MetricLoss(piq.HaarPSILoss(), clamp=True)(wild, IMAGES[1])
    torch.testing.assert_close(loss, piq.HaarPSILoss()((wild.clamp(-1, 1) + 1) / 2, UNIT[1]))
    (gradient,) = torch.autograd.grad(loss, wild)
    assert gradient[wild.abs() > 1].count_nonzero() == 0


def test_the_authors_lpips_gets_images_as_they_are(files):
    metric = authors_lpips("alex", files["alex"])
    torch.testing.assert_close(gl.MetricLoss(metric, images="[-1, 1]")(*IMAGES), metric(*IMAGES).mean())
