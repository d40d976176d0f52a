"""Networks on images of any size, in one piece or in tiles."""

import warnings
from contextlib import nullcontext

import pytest
import torch
from gan_nets import ResnetGenerator, SRResNet, UNetGenerator
from gan_nets.tiling.runner import Runner, tile_side
from torch import nn


def test_tiles_of_a_local_network_equal_the_whole_without_a_warning():
    torch.manual_seed(0)
    net = SRResNet(scale=2, blocks=1, width=4).eval()
    x = torch.rand(1, 3, 60, 45) * 2 - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.testing.assert_close(Runner(net, 3, tile=40)(x), Runner(net, 3)(x), atol=1e-5, rtol=0)


def test_a_warning_about_instance_norm_in_tiles_names_the_remedy_which_equals_the_whole():
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=4).eval()
    x = torch.rand(1, 3, 100, 45) * 2 - 1
    x[..., 60:, :] *= 0.2
    whole = Runner(net, 3)(x)
    with pytest.warns(UserWarning, match='statistics="picture" takes those of the whole image'):
        of_tiles = Runner(net, 3, tile=72, statistics="tile")(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of_picture = Runner(net, 3, tile=72)(x)
    assert (of_tiles - whole).abs().max() > 0.1
    assert (of_picture - whole).abs().max() < 1e-4


def test_tiles_too_small_for_the_receptive_field_are_a_warning():
    net = nn.Conv2d(3, 3, 31, padding=15)
    message = "Conv2d has a receptive radius of 15 pixels, .* tiles of 24: .* tiles of 31 equal the whole"
    with pytest.warns(UserWarning, match=message):
        assert Runner(net, 3, tile=24)(torch.zeros(1, 3, 30, 60)).shape == (1, 3, 30, 60)


class Mean(nn.Module):
    """Depends on all pixels, without a normalization layer."""

    def forward(self, x):
        return x - x.mean((2, 3), keepdim=True)


def test_a_network_without_a_radius_is_a_warning():
    with pytest.warns(UserWarning, match="Mean depends on the whole image in more ways than statistics"):
        assert Runner(Mean(), 3, tile=24)(torch.zeros(1, 3, 30, 60)).shape == (1, 3, 30, 60)


class Reading(nn.Module):
    """Reads a pixel, which may differ between tiles, so that it can't be recorded."""

    def forward(self, x):
        return torch.nn.functional.instance_norm(x) + 0 * x[0, 0, 0, 0].item()


def test_a_network_that_can_not_be_recorded_gets_statistics_of_tiles_with_a_warning():
    x = torch.rand(1, 3, 30, 60)
    expected = Runner(Reading(), 3, tile=24, statistics="tile")
    with pytest.warns(UserWarning, match=r"got item; its tiles have their own statistics"):
        got = Runner(Reading(), 3, tile=24)(x)
    with pytest.warns(UserWarning, match="tiles with their own statistics differ"):
        assert torch.equal(got, expected(x))


def test_bf16_is_autocast_around_the_network_alone():
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=4).eval()
    x = torch.rand(1, 3, 40, 48) * 2 - 1
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        expected = net(x)
    whole, tiles = Runner(net, 3, precision="bf16")(x), Runner(net, 3, precision="bf16", tile=32)(x)
    assert whole.dtype == tiles.dtype == torch.float32
    assert 0 < (whole - Runner(net, 3, precision="fp32")(x)).abs().max() < 0.1
    torch.testing.assert_close(whole, expected.float(), atol=0.05, rtol=0)
    torch.testing.assert_close(tiles, whole, atol=0.05, rtol=0)
    assert torch.equal(Runner(net, 3)(x), Runner(net, 3, precision="fp32")(x))


@pytest.mark.parametrize("prefers", [True, False])
def test_the_network_gets_the_layout_that_it_prefers_and_stays_as_it_is(prefers):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)).eval()
    net.prefers_channels_last = prefers
    given = []
    net.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    x = torch.rand(1, 3, 20, 30) * 2 - 1
    y = Runner(net, 3)(x)
    assert given[0].is_contiguous(memory_format=torch.channels_last) == prefers
    assert y.is_contiguous()
    assert all(weight.is_contiguous() for weight in net.parameters())
    torch.testing.assert_close(y, net(x), atol=1e-6, rtol=0)


class LittleMemory(nn.Module):
    """Stands for a device whose memory holds 10,000 pixels."""

    def forward(self, x):
        if x.shape[-2] * x.shape[-1] > 10_000:
            raise torch.OutOfMemoryError("too much")
        return x


def test_out_of_memory_makes_the_tiles_smaller():
    x = torch.rand(1, 3, 100, 160) * 2 - 1
    assert torch.equal(Runner(LittleMemory(), 3)(x), x)


@pytest.mark.parametrize(
    ("size", "pixels", "multiple", "side"),
    [
        ((300, 400), 120_000, 4, 400),  # fits
        ((300, 400), 119_999, 4, 344),  # 346.4 squared
        ((300, 400), 40_000, 1, 200),
        ((1, 10_000), 10_000, 1, 10_000),
        ((300, 400), 100, 1, 64),  # the minimum
        ((1024, 1024), 100, 256, 512),
    ],
)
def test_the_largest_tile_that_fits(size, pixels, multiple, side):
    assert tile_side(size, pixels, multiple) == side


@pytest.mark.parametrize(("tile", "exact"), [(48, False), (80, True)])
def test_a_deep_network_with_statistics_runs_in_tiles_of_any_size(tile, exact):
    """U-Net of depth 4, whose margin is two points of the bottleneck, or 32 pixels."""
    torch.manual_seed(0)
    net = UNetGenerator(depth=4, width=2, norm="instance").eval()
    x = torch.rand(1, 3, 64, 128) * 2 - 1
    runner = Runner(net, 3, tile=tile)
    with nullcontext() if exact else pytest.warns(UserWarning, match="tiles of 80 equal the whole image"):
        difference = (runner(x) - Runner(net, 3)(x)).abs().max()
    assert (difference < 1e-4) == exact
