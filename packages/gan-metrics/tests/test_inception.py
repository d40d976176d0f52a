"""FID and KID on the features of torch-fidelity's Inception, here with seeded random weights."""

import sys

import pytest
import torch
from gan_metrics import FID, KID, Gaussian, Inception, Source, Statistics, frechet_distance
from safetensors.torch import save_file
from torch import nn
from torch_fidelity import FeatureExtractorInceptionV3, feature_extractor_inceptionv3
from torch_fidelity.metric_kid import kid_features_to_metric
from torchmetrics import MetricCollection


@pytest.fixture(scope="module")
def outside():
    """torch-fidelity's network, with weights that keep an image's variance through all layers."""
    with pytest.MonkeyPatch.context() as patch:  # it cannot be built without a file or a download
        patch.setattr(feature_extractor_inceptionv3, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    torch.manual_seed(0)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            nn.init.kaiming_normal_(parameter)
    return network


@pytest.fixture(scope="module")
def inception(outside, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(outside.state_dict(), path)
    return Inception(path)


def test_fid_and_kid_use_torch_fidelitys_features(inception, outside):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(200, (2, 3, 20, 30), dtype=torch.uint8, generator=generator)
    (fake,) = outside(images)
    real = fake.flip(0) + 0.1 * torch.rand(2, 2048, generator=generator)  # without running the network again
    data = Statistics(Source("Inception", "made up", 2, (20, 30)), Gaussian.of(real), real)

    scores = MetricCollection(
        {"fid": FID(inception, data), "kid": KID(inception, data)}, compute_groups=[["fid", "kid"]]
    )
    scores.update(images / 127.5 - 1 + 0.4 / 127.5)  # rounded to 8 bits again
    computed = scores.compute()
    torch.testing.assert_close(computed["fid"], frechet_distance(fake, real), rtol=1e-4, atol=0)
    options = {"kid_subsets": 1, "kid_subset_size": 2, "verbose": False}
    expected = kid_features_to_metric(fake.double(), real.double(), **options)
    assert computed["kid"].item() == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-4)


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(
        ValueError, match=r"weights.safetensors .* got the weights of another network; get .*6726825d.pth"
    ):
        Inception(path)


def test_missing_weights_are_named_with_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"pass weights=PATH of weights-inception.*or download=True"):
        Inception()
    with pytest.raises(FileNotFoundError, match=r"missing\.pth, not a file"):
        Inception(tmp_path / "missing.pth")


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a file was executed')",)


@pytest.mark.parametrize("content", [Bomb(), [1, 2]], ids=["code", "list"])
def test_an_unsafe_or_foreign_file_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=r"expected Inception's state dict in .*weights\.pth; got"):
        Inception(tmp_path / "weights.pth")


def test_without_torch_fidelity_the_error_has_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(ModuleNotFoundError, match="pip install torch-fidelity"):
        Inception("weights.pth")


def test_bad_input_is_named(inception):
    with pytest.raises(ValueError, match=r"RGB of shape \(N, 3, H, W\); got \(2, 1, 8, 8\)"):
        inception(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"got torch\.uint8; for 8-bit values"):
        inception(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))


@pytest.mark.parametrize(("metric", "general"), [(FID, "FrechetDistance"), (KID, "KernelDistance")])
def test_fid_and_kid_are_refused_on_other_networks(metric, general):
    with pytest.raises(TypeError, match=f"{metric.__name__} expects Inception; got Flatten; use {general}"):
        metric(nn.Flatten())
