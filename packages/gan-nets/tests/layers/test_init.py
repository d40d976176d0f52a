import math

import pytest
import torch
from gan_nets import (
    MSRResNet,
    RRDBNet,
    SRResNet,
    UNetGenerator,
    init_icnr_,
    init_kaiming_,
    init_normal_,
    init_xavier_,
)
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
def test_random_numbers_come_from_the_generator_alone(init_):
    nets = [UNetGenerator(depth=3, width=4) for _ in range(3)]
    state = torch.get_rng_state()
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        init_(net, generator=generator(seed))
    assert torch.equal(torch.get_rng_state(), state)
    first, same, other = (torch.cat([p.flatten() for p in net.parameters()]) for net in nets)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_icnr_makes_squares_of_equal_pixels(scale):
    """A pixel shuffle's checkerboard is the difference within its squares: it starts at 0."""
    torch.manual_seed(0)
    up = SRResNet(scale=scale, blocks=1, width=4).ups[0]
    x = torch.randn(1, 4, 5, 5)
    squares = up(x).unfold(2, up.factor, up.factor).unfold(3, up.factor, up.factor).flatten(4)
    assert squares.std(-1).min() > 1e-3
    init_icnr_(up)
    squares = up(x).unfold(2, up.factor, up.factor).unfold(3, up.factor, up.factor).flatten(4)
    assert squares.std(-1).max() < 1e-6
    assert squares.std() > 0.1


def test_icnr_keeps_each_squares_first_filter():
    net = MSRResNet(scale=3, blocks=1, width=4)
    before = net.ups[0].conv.weight[::9].clone()
    init_icnr_(net)
    assert torch.equal(net.ups[0].conv.weight[4::9], before)


def test_icnr_refuses_a_network_without_pixel_shuffle():
    with pytest.raises(ValueError, match="RRDBNet has none"):
        init_icnr_(RRDBNet(blocks=1, width=4, growth=2))


def test_kaiming_is_scaled():
    net = MSRResNet(scale=2, blocks=1, width=64)
    init_kaiming_(net, scale=0.5, generator=torch.Generator().manual_seed(0))
    weight = net.blocks[0].first.weight
    assert weight.std().item() == pytest.approx(0.5 * (2 / (9 * 64)) ** 0.5, rel=0.02)
    assert net.input.bias.abs().max() == 0
