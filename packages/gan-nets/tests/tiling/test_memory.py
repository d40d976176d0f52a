import torch
from gan_nets import SRResNet, UNetGenerator
from gan_nets.tiling._memory import bytes_per_pixel, free_bytes
from torch import nn


def test_bytes_per_pixel_are_those_of_the_maps_held_at_once():
    """3 channels of float32 in, then 5 and 7 at once, then 7 and 2; views and in-place results are free."""
    net = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Flatten(2), nn.Unflatten(2, (64, 64)), nn.Conv2d(5, 7, 1))
    assert bytes_per_pixel(net, 3) == 4 * (3 + 5 + 7)
    net.extend([nn.ReLU(inplace=True), nn.Conv2d(7, 2, 1)])
    assert bytes_per_pixel(net, 3) == 4 * (3 + 5 + 7)


def test_a_super_resolution_network_needs_what_its_largest_maps_need():
    """4 x 4 output pixels per input pixel: 64 channels before the last activation and after it."""
    assert 2 * 16 * 64 * 4 <= bytes_per_pixel(SRResNet(blocks=1).eval(), 3) < 2.5 * 16 * 64 * 4


def test_parameters_do_not_count():
    assert bytes_per_pixel(UNetGenerator(depth=9, width=4).eval(), 3) < 100


def test_free_memory_is_plausible():
    assert 2**20 < free_bytes(torch.device("cpu")) < 2**50
