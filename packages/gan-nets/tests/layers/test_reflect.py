import pytest
import torch
import torch.nn.functional as F
from gan_nets.layers.reflect import reflect_pad


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("pad", [1, 3])
def test_equals_torchs_padding_with_its_gradient(layout, batch, pad):
    torch.manual_seed(0)
    x = torch.randn(batch, 3, 6, 5).to(memory_format=layout).requires_grad_()
    upstream = torch.randn(batch, 3, 6 + 2 * pad, 5 + 2 * pad).to(memory_format=layout)
    got, expected = reflect_pad(x, pad), F.pad(x, (pad,) * 4, mode="reflect")
    assert torch.equal(got, expected)
    gradients = [torch.autograd.grad(y, x, upstream)[0] for y in (got, expected)]
    assert torch.equal(*gradients)
    assert got.stride() == expected.stride()
    assert gradients[0].stride() == gradients[1].stride()


def test_has_second_derivatives_and_keeps_bf16_under_autocast():
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: reflect_pad(x, 2).square(), x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert reflect_pad(torch.randn(1, 2, 4, 5).bfloat16(), 2).dtype == torch.bfloat16
