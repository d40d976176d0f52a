"""The product form is the convolution itself: values, gradients, layouts, precision."""

import pytest
import torch
from gan_nets.layers.cpu.matmul import Double, Halve, Logits
from torch import nn
from torch.nn import functional as F

PLAIN = {
    Halve: lambda layer, x: F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1),
    Double: lambda layer, x: F.conv_transpose2d(x, layer.weight, layer.bias, stride=2, padding=1),
}


@pytest.mark.parametrize("kind", [Halve, Double])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(1, 3, 2, 2), (2, 3, 4, 2), (1, 3, 16, 16), (3, 3, 32, 16)])
def test_equals_the_convolution_with_its_gradients(kind, bias, layout, shape):
    torch.manual_seed(0)
    layer = kind(3, 5, bias=bias).double().to(memory_format=layout)
    x = torch.randn(shape, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    got, expected = layer(x), PLAIN[kind](layer, x)
    torch.testing.assert_close(got, expected)
    upstream = torch.randn_like(expected)
    inputs = [x, *layer.parameters()]
    for mine, plain in zip(
        torch.autograd.grad(got, inputs, upstream),
        torch.autograd.grad(expected, inputs, upstream),
        strict=True,
    ):
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize(("kind", "like"), [(Halve, nn.Conv2d), (Double, nn.ConvTranspose2d)])
def test_has_the_parameters_of_the_plain_layer(kind, like):
    torch.manual_seed(0)
    mine = kind(3, 5, bias=True).state_dict()
    torch.manual_seed(0)
    plain = like(3, 5, 4, stride=2, padding=1).state_dict()
    assert list(mine) == list(plain)
    assert all(torch.equal(mine[key], plain[key]) for key in plain)


@pytest.mark.parametrize("kind", [Halve, Double])
def test_keeps_the_weights_precision_under_autocast_where_it_multiplies_matrices(kind):
    torch.manual_seed(0)
    layer, x = kind(3, 5, bias=True), torch.randn(1, 3, 4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        few = layer(x.bfloat16())
        many = layer(x.bfloat16().expand(64, -1, -1, -1))
    assert few.dtype == torch.float32
    assert many.dtype == torch.bfloat16
    torch.testing.assert_close(few, PLAIN[kind](layer, x.bfloat16().float()))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(1, 3, 2, 2), (2, 3, 5, 3), (3, 3, 31, 16)])
@pytest.mark.parametrize("padding", [1, 2])
def test_logits_equal_the_convolution_with_its_gradients(layout, shape, padding):
    torch.manual_seed(0)
    layer = Logits(3, padding=padding).double().to(memory_format=layout)
    x = torch.randn(shape, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    got, expected = layer(x), F.conv2d(x, layer.weight, layer.bias, padding=padding)
    torch.testing.assert_close(got, expected)
    upstream, inputs = torch.randn_like(expected), [x, *layer.parameters()]
    for mine, plain in zip(
        torch.autograd.grad(got, inputs, upstream),
        torch.autograd.grad(expected, inputs, upstream),
        strict=True,
    ):
        torch.testing.assert_close(mine, plain)
