"""The matrix products equal the convolutions: values, gradients, layouts, precision."""

import pytest
import torch
from gan_nets.layers.cpu.matmul import MatmulConv2d, MatmulConvTranspose2d, SingleOutputConv2d
from torch.nn import functional as F

LAYOUTS = [torch.contiguous_format, torch.channels_last]
KINDS = [MatmulConv2d, MatmulConvTranspose2d]
PLAIN = {
    MatmulConv2d: lambda layer, x: F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1),
    MatmulConvTranspose2d: lambda layer, x: F.conv_transpose2d(
        x, layer.weight, layer.bias, stride=2, padding=1
    ),
}


def assert_same_with_gradients(layer, x, plain):
    got, expected = layer(x), plain(layer, x)
    torch.testing.assert_close(got, expected)
    upstream, inputs = torch.randn_like(expected), [x, *layer.parameters()]
    gradients = [torch.autograd.grad(y, inputs, upstream) for y in (got, expected)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(1, 3, 2, 2), (2, 3, 4, 2), (1, 3, 16, 16), (3, 3, 32, 16)])
def test_equals_the_convolution_with_its_gradients(kind, bias, layout, shape):
    torch.manual_seed(0)
    layer = kind(3, 5, 4, stride=2, padding=1, bias=bias).double().to(memory_format=layout)
    x = torch.randn(shape, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    assert_same_with_gradients(layer, x, PLAIN[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_multiplies_in_the_weights_precision_under_autocast(kind):
    torch.manual_seed(0)
    layer, x = kind(3, 5, 4, stride=2, padding=1), torch.randn(1, 3, 4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        few = layer(x.bfloat16())
        many = layer(x.bfloat16().expand(64, -1, -1, -1))
    assert few.dtype == torch.float32
    assert many.dtype == torch.bfloat16
    torch.testing.assert_close(few, PLAIN[kind](layer, x.bfloat16().float()))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(1, 3, 2, 2), (2, 3, 5, 3), (3, 3, 31, 16)])
@pytest.mark.parametrize("padding", [1, 2])
def test_a_single_output_channel_equals_the_convolution_with_its_gradients(layout, shape, padding):
    torch.manual_seed(0)
    layer = SingleOutputConv2d(3, 1, 4, padding=padding).double().to(memory_format=layout)
    x = torch.randn(shape, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    assert_same_with_gradients(
        layer, x, lambda layer, x: F.conv2d(x, layer.weight, layer.bias, padding=padding)
    )
