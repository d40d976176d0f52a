"""Networks that are still in the wrapper of their training."""

import numpy as np
import pytest
import torch
from gan_nets import UNetGenerator, Usage, apply_any_size, export_program, tiled, translate
from torch import nn
from torch.optim.swa_utils import AveragedModel

WRAPPERS = [nn.DataParallel, AveragedModel, lambda net: nn.DataParallel(AveragedModel(net))]


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 255, (17, 21, 3), dtype=np.uint8)


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_the_result_is_that_of_the_network_itself(wrap, picture):
    torch.manual_seed(0)
    net, color = UNetGenerator(depth=3, width=4).eval(), UNetGenerator(1, 2, depth=3, width=4).eval()
    color.usage = Usage("colorize", "ycrcb")
    for each in (net, color):
        np.testing.assert_array_equal(translate(wrap(each), picture), translate(each, picture))
    x = torch.randn(1, 3, 17, 21)
    with torch.no_grad():
        assert torch.equal(apply_any_size(wrap(net).eval(), x), apply_any_size(net, x))
    assert torch.equal(tiled(wrap(net), x, tile=32), tiled(net, x, tile=32))


def test_it_is_exported(tmp_path):
    net = UNetGenerator(depth=2, width=2).eval()
    assert export_program(nn.DataParallel(net), tmp_path / "net.pt2") < 1e-4


def test_a_network_of_others_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a network of gan_nets; got Conv2d"):
        export_program(nn.Conv2d(3, 3, 1), tmp_path / "net.pt2")
