import pytest
import torch
import torch.nn.functional as F
from gan_nets.layers.cpu.upsampling import LEAST_SIZE, UpsampledConv2d


@pytest.mark.parametrize("size", [(5, 4), (LEAST_SIZE, LEAST_SIZE + 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_upsampling_and_then_convolving_with_its_gradients(size, bias):
    torch.manual_seed(0)
    layer = UpsampledConv2d(3, 4, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    expected = F.conv2d(F.interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)
    got = layer(x)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)
    upstream, inputs = torch.randn_like(expected), [x, *layer.parameters()]
    gradients = [torch.autograd.grad(y, inputs, upstream) for y in (got, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-11)
