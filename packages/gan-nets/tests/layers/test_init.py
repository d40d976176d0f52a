import math

import pytest
import torch
from gan_nets import UNetGenerator, init_normal_, init_xavier_
from torch import nn


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def net():
    return nn.Sequential(
        nn.Conv2d(32, 64, 4),
        nn.BatchNorm2d(4096),
        nn.ConvTranspose2d(64, 32, 4),
        nn.Linear(64, 128),
        nn.PReLU(),
    )


def test_normal_has_the_stated_moments(net):
    init_normal_(net, std=0.05, generator=generator(0))
    conv, norm, transposed, linear, prelu = net
    for layer in (conv, transposed, linear):
        assert layer.weight.mean().abs() < 0.003
        assert layer.weight.std().item() == pytest.approx(0.05, rel=0.05)
        assert layer.bias.eq(0).all()
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.005)
    assert norm.weight.std().item() == pytest.approx(0.05, rel=0.05)
    assert norm.bias.eq(0).all()
    assert prelu.weight.item() == 0.25


def test_xavier_has_the_stated_moments(net):
    init_xavier_(net, gain=0.5, generator=generator(0))
    conv, norm, *_ = net
    assert conv.weight.std().item() == pytest.approx(0.5 * math.sqrt(2 / (32 * 16 + 64 * 16)), rel=0.05)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert conv.bias.eq(0).all()


@pytest.mark.parametrize("init_", [init_normal_, init_xavier_])
def test_a_generator_decides_alone(init_):
    nets = [UNetGenerator(depth=3, width=4) for _ in range(3)]
    state = torch.get_rng_state()
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        init_(net, generator=generator(seed))
    assert torch.equal(torch.get_rng_state(), state)
    first, same, other = (torch.cat([p.flatten() for p in net.parameters()]) for net in nets)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
