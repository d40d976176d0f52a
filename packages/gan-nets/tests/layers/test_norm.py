from itertools import product

import pytest
import torch
import torch.nn.functional as F
from gan_nets.layers.norm import InstanceNorm, apply_norm, norm_layer
from torch import nn

CL = torch.channels_last


def strided(x, layout):
    """The values of x in one of the layouts that reach a norm."""
    if layout == "cropped":
        return F.pad(x, (1, 2, 1, 1))[..., 1:-1, 1:-2]
    if layout == "sliced channels-last":
        return torch.cat([x, x], 1).to(memory_format=CL)[:, : x.shape[1]]
    if layout == "viewed channels-last":  # a batch of one whose batch stride is not the size of an image
        return x.to(memory_format=CL).view(x.shape)
    return x.to(memory_format=CL if layout == "channels-last" else torch.contiguous_format)


LAYOUTS = ["plain", "channels-last", "cropped", "sliced channels-last"]
CASES = [
    *product([1], [*LAYOUTS, "viewed channels-last"], [*LAYOUTS, "viewed channels-last"]),
    *product([2, 3], LAYOUTS, LAYOUTS),
]


@pytest.mark.parametrize(("batch", "layout", "gradient_layout"), CASES)
def test_instance_norm_equals_its_formula(batch, layout, gradient_layout):
    torch.manual_seed(0)
    x = (3 + 2 * torch.randn(batch, 4, 5, 6, dtype=torch.float64)).requires_grad_()
    upstream = torch.randn_like(x)
    centered = x - x.mean((2, 3), keepdim=True)
    expected = centered / (centered.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
    expected_gradient = torch.autograd.grad(expected, x, upstream)[0]
    y = strided(x.detach(), layout).requires_grad_()
    out = InstanceNorm()(y)
    gradient = torch.autograd.grad(out, y, strided(upstream, gradient_layout))[0]
    torch.testing.assert_close(out, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(gradient, expected_gradient, atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", [torch.contiguous_format, CL])
def test_second_derivatives_exist_for_gradient_penalties(layout):
    x = torch.randn(2, 2, 3, 3, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    assert torch.autograd.gradgradcheck(InstanceNorm(), x)


def test_batch_statistics_at_inference_leave_the_running_ones():
    norm = norm_layer("batch", 4)
    x = 5 + torch.randn(3, 4, 6, 6)
    expected = copy_of(norm).train()(x)
    norm.eval()
    before = {k: v.clone() for k, v in norm.state_dict().items()}
    out = apply_norm(norm, x, batch_statistics_at_inference=True)
    torch.testing.assert_close(out, expected)
    assert all(torch.equal(before[k], v) for k, v in norm.state_dict().items())
    assert not torch.allclose(apply_norm(norm, x, batch_statistics_at_inference=False), expected, atol=0.1)


def copy_of(norm):
    twin = nn.BatchNorm2d(norm.num_features)
    twin.load_state_dict(norm.state_dict())
    return twin
