import pytest
import torch
import torch.nn.functional as F
from gan_nets.layers.cpu.upsampling import WORTHWHILE, conv3x3_of_enlarged


@pytest.mark.parametrize("size", [(5, 4), (WORTHWHILE, WORTHWHILE + 3)])
def test_equals_enlarging_and_then_convolving_with_its_gradients(size):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    expected = F.conv2d(F.interpolate(x, scale_factor=2), weight, padding=1)
    got = conv3x3_of_enlarged(x, weight)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)
    upstream = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad(got, (x, weight), upstream),
        torch.autograd.grad(expected, (x, weight), upstream),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)
