import copy
import sys

import gan_nets
import pytest
import torch
from gan_nets import FeatureUNet

projected = pytest.importorskip("gan_projected", reason="the extra gan-nets[features] is not installed")


@pytest.fixture
def net():
    """With random features, scaled so that each map has values of about 1."""
    torch.manual_seed(0)
    net = FeatureUNet(width=4, dropout=0.0)
    for name, weight in net.features.state_dict().items():
        fan = weight[0].numel() if weight.ndim == 4 else 1
        weight.normal_(std=(2 / fan) ** 0.5 if weight.ndim == 4 else 0.1)
        assert name.startswith("network.")
    return net


@pytest.mark.parametrize("size", [(16, 16), (32, 48)])
def test_the_output_has_the_size_of_the_input(net, size):
    x = torch.rand(2, 1, *size) * 2 - 1
    assert net(x).shape == (2, 2, *size)
    assert net(x).abs().max() <= 1


def test_every_map_of_the_features_reaches_the_output(net):
    net.eval()
    x = torch.rand(1, 1, 32, 32) * 2 - 1
    expected = net(x)
    for stage in (1, 2, 4, 6):  # those with strides 4, 8, 16 and 32
        changed = copy.deepcopy(net)
        changed.features.network.blocks[stage][-1].conv_pwl.bias.add_(1)
        assert not torch.allclose(changed(x), expected, atol=1e-6)


def test_only_the_decoder_is_trained(net):
    assert {name.partition(".")[0] for name, _ in net.named_parameters()} == {
        "full_size", "half_size", "bottleneck", "ups", "output",
    }  # fmt: skip
    net(torch.rand(2, 1, 32, 32)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_gradients_with_respect_to_the_input_equal_finite_differences(net):
    net = net.double().eval()
    x = torch.rand(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(1, 2, 16, 16, dtype=torch.float64)
    (net(x) * upstream).sum().backward()
    step = torch.zeros_like(x)
    step[0, 0, 5, 7] = 1e-6
    with torch.no_grad():
        slope = ((net(x + step) - net(x - step)) * upstream).sum() / 2e-6
    assert x.grad[0, 0, 5, 7].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-6)


def test_the_features_are_stored_with_the_network(net, tmp_path):
    net.eval().save_pretrained(tmp_path)
    loaded = gan_nets.load(tmp_path)
    x = torch.rand(1, 1, 32, 16) * 2 - 1
    assert torch.equal(loaded(x), net(x))
    assert loaded.features.channels == projected.Backbone(weights="none").channels


def test_bad_use_is_named(net, monkeypatch):
    with pytest.raises(ValueError, match="expected in_channels of 1, for gray images; got 3"):
        FeatureUNet(3)
    with pytest.raises(ValueError, match="multiples of 16; got 24x32"):
        net(torch.zeros(1, 1, 24, 32))
    monkeypatch.setitem(sys.modules, "gan_projected", None)
    with pytest.raises(ImportError, match="pip install packages/gan-projected"):
        FeatureUNet()
