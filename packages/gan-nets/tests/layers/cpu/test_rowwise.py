import pytest
import torch
from gan_nets.layers.cpu.rowwise import RowwiseConv2d
from torch import nn


@pytest.mark.parametrize("kernel", [1, 3, 9])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_torch(kernel, layout):
    torch.manual_seed(0)
    ours = RowwiseConv2d(4, 3, kernel, padding=kernel // 2).double().to(memory_format=layout)
    theirs = nn.Conv2d(4, 3, kernel, padding=kernel // 2).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 4, 5, 11, dtype=torch.float64).to(memory_format=layout)
    upstream = torch.randn(2, 3, 5, 11, dtype=torch.float64)
    results = []
    for conv in (ours, theirs):
        image = x.clone(memory_format=torch.preserve_format).requires_grad_()
        out = conv(image)
        out.backward(upstream)
        results.append([out.detach(), image.grad, conv.weight.grad, conv.bias.grad])
    torch.testing.assert_close(*results, atol=1e-12, rtol=0)


def test_is_as_close_to_float32_under_autocast_as_torch():
    torch.manual_seed(0)
    conv, x = RowwiseConv2d(64, 3, 9, padding=4), torch.randn(1, 64, 16, 16)
    expected = conv(x)
    errors = []
    for forward in (conv.forward, super(RowwiseConv2d, conv).forward):
        with torch.autocast("cpu", torch.bfloat16):
            errors.append((forward(x) - expected).norm() / expected.norm())
    assert 0 < errors[0] < 1.5 * errors[1]
