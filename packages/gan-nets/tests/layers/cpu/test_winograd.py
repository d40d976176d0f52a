"""Fewer multiplications, the same results: values, gradients, layouts, precision."""

import pytest
import torch
from gan_nets.layers.cpu.winograd import WinogradConv2d
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def layer_and_input(shape, *, bias=True, layout=torch.contiguous_format, dtype=torch.float64):
    torch.manual_seed(0)
    layer = WinogradConv2d(256, 257, 3, bias=bias).to(dtype=dtype, memory_format=layout)
    return layer, torch.randn(shape, dtype=dtype).to(memory_format=layout).requires_grad_()


def plain(layer, x):
    return F.conv2d(x, layer.weight, layer.bias)


def multiplications(run):
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 256, 34, 36), (3, 256, 18, 24), (2, 256, 58, 60)])
def test_equals_the_convolution_with_its_gradients(shape, bias, layout):
    layer, x = layer_and_input(shape, bias=bias, layout=layout)
    got, expected = layer(x), plain(layer, x)
    torch.testing.assert_close(got, expected, atol=1e-12, rtol=0)
    assert got.is_contiguous(memory_format=layout)
    upstream, inputs = torch.randn_like(expected), [x, *layer.parameters()]
    grads, plain_grads = (torch.autograd.grad(y, inputs, upstream) for y in (got, expected))
    for mine, theirs in zip(grads, plain_grads, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-11, rtol=0)


def test_takes_16_of_36_multiplications():
    layer, x = layer_and_input((1, 256, 34, 34))
    mine, theirs = (multiplications(lambda net=net: net(x)) for net in (layer, lambda x: plain(layer, x)))
    transforms = 2 * 16 * 9 * layer.weight[..., 0, 0].numel()  # of the weights; all others are sums
    assert mine - transforms == theirs * 16 / 36


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((1, 256, 35, 34), id="odd"),
        pytest.param((1, 256, 32, 34), id="few"),
        pytest.param((1, 256, 68, 68), id="large"),
    ],
)
def test_computes_as_torch_for_other_sizes(shape):
    layer, x = layer_and_input(shape)
    assert multiplications(lambda: layer(x)) == multiplications(lambda: plain(layer, x))
    assert torch.equal(layer(x), plain(layer, x))


def test_rounding_errors_are_about_those_of_the_plain_convolution():
    layer, x = layer_and_input((1, 256, 34, 34), dtype=torch.float32)
    exact = F.conv2d(x.double(), layer.weight.double(), layer.bias.double())
    assert (layer(x) - exact).abs().max() <= 3 * (plain(layer, x) - exact).abs().max()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_result_may_be_changed_in_place(layout):
    layer, x = layer_and_input((1, 256, 34, 34), layout=layout)
    got = torch.autograd.grad(F.relu(layer(x), inplace=True).sum(), x)
    torch.testing.assert_close(got, torch.autograd.grad(F.relu(plain(layer, x)).sum(), x))


def test_frozen_parameters_get_no_gradient():
    layer, x = layer_and_input((1, 256, 34, 34))
    layer.requires_grad_(False)
    layer(x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is layer.bias.grad is None


def test_gradients_have_gradients():
    layer, x = layer_and_input((1, 256, 34, 34))
    penalties = []
    for y in (layer(x), plain(layer, x)):
        (grad,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        penalties.append(torch.autograd.grad(grad.square().sum(), [x, layer.weight]))
    for mine, theirs in zip(*penalties, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_computes_as_torch_under_autocast_and_when_compiled():
    layer, x = layer_and_input((1, 256, 34, 34), dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(x), plain(layer, x))
    exported = torch.export.export(layer.eval(), (x.detach(),))
    called = {node.target for node in exported.graph.nodes if node.op == "call_function"}
    assert called == {torch.ops.aten.conv2d.default}
