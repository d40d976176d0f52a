"""Folding batch norms into convolutions does not change the features beyond rounding."""

import copy
from collections import Counter

import pytest
import timm
import torch
from gan_projected._folding import without_batch_norm
from torch import nn


def with_statistics(name):
    """A network whose batch norms are not the identity."""
    torch.manual_seed(0)
    network = timm.create_model(name, features_only=True).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("tf_efficientnet_lite0", 0),
        ("resnet18", 0),
        (
            "resnetv2_50",
            16,
        ),  # pre-activation: the input of a block's first norm is a sum
    ],
)
def test_features_are_the_same_in_float64(name, left):
    network, image = with_statistics(name), torch.randn(1, 3, 64, 64, dtype=torch.float64)
    expected = copy.deepcopy(network).double()(image)
    folded = without_batch_norm(network, torch.randn(1, 3, 64, 64))
    for got, wanted in zip(folded(image), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12 * float(wanted.detach().abs().max()))
    kinds = Counter(type(module).__name__ for module in folded.modules())
    assert kinds["Affine"] == left
    assert not kinds["BatchNorm2d"] + kinds["BatchNormAct2d"]


class Shortcut(nn.Module):
    """A convolution whose output has two consumers, a batch norm and a sum."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.conv(x)
        return [x + self.norm(x)]


def test_a_convolution_with_another_consumer_keeps_its_weights():
    network, image = Shortcut().eval(), torch.randn(1, 3, 8, 8)
    nn.init.constant_(network.norm.running_var, 4.0)
    expected, weight = network(image)[0], network.conv.weight.detach().clone()
    folded = without_batch_norm(network, image).float()
    torch.testing.assert_close(folded(image)[0], expected)
    torch.testing.assert_close(folded.conv.weight, weight)
