"""What holds for each network: gradients in every layout, compilation, precision, unchanged inputs."""

import copy

import pytest
import torch

CL = torch.channels_last


def used_parameters(net):
    """The parameters that the output depends on: a staged network uses one output layer of several."""
    others = [stage.output for stage in net.stages[:-1]] if hasattr(net, "stages") else []
    unused = {id(p) for module in others for p in module.parameters()}
    return [p for p in net.parameters() if id(p) not in unused]


def gradients(run, net, x, upstream):
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    out = run(net, x)
    out.backward(upstream.to(out.dtype))
    return [out.detach(), x.grad, *(p.grad for p in used_parameters(net))]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("layout", [torch.contiguous_format, CL])
def test_gradients_equal_float64_in_the_plain_layout(run, build, size, batch, layout):
    torch.manual_seed(0)
    net = build()
    reference = copy.deepcopy(net).double()
    x = torch.randn(batch, 3, *size).to(memory_format=layout)
    net = net.to(memory_format=layout)
    upstream = torch.randn(run(reference, x.double().contiguous()).shape).to(memory_format=layout)
    got = gradients(run, net, x, upstream)
    expected = gradients(run, reference, x.double().contiguous(), upstream.double().contiguous())
    # Biases before a norm have gradient 0, so rounding is measured by the scale of all gradients together.
    scale = max(e.norm() for e in expected[1:]) / 10
    for g, e in zip(got, expected, strict=True):
        assert (g.double() - e).norm() <= 2e-5 * max(e.norm(), scale)


def test_input_is_not_changed(run, build, size):
    x = torch.randn(2, 3, *size)
    before = x.clone()
    run(build(), x)
    assert torch.equal(x, before)


def test_compiled_in_place_gives_the_same_and_keeps_the_keys(run, one_of_each):
    torch.manual_seed(0)
    net, size = one_of_each
    compiled = copy.deepcopy(net)
    compiled.compile(backend="aot_eager", fullgraph=True)
    x, keys = torch.randn(2, 3, *size), list(net.state_dict())
    upstream = torch.randn_like(run(net, x))
    for got, expected in zip(
        gradients(run, compiled, x, upstream), gradients(run, net, x, upstream), strict=True
    ):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    assert list(compiled.state_dict()) == keys


@pytest.mark.parametrize("layout", [torch.contiguous_format, CL])
def test_bf16_autocast_is_close_and_trains(run, build, size, layout):
    torch.manual_seed(0)
    net = build().to(memory_format=layout)
    x = torch.randn(2, 3, *size).to(memory_format=layout)
    expected = run(net, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = run(net, x)
    assert 0 < (out - expected).norm() < 0.05 * expected.norm()  # not equal: it did compute in bf16
    out.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in used_parameters(net))


def test_wrong_channels_are_one_clear_sentence(run, build, size):
    net = build()
    message = rf"{type(net).__name__} expected images \(N, 3, H, W\); got "
    with pytest.raises(ValueError, match=message + r"\(1, 4,"):
        run(net, torch.zeros(1, 4, *size))
    with pytest.raises(ValueError, match=message + r"\(3, "):
        run(net, torch.zeros(3, *size))


def test_unknown_norm_and_sizes_are_refused(build):
    cls = type(build())
    with pytest.raises(ValueError, match='expected norm "batch", "instance" or "none"; got \'layer\''):
        cls(norm="layer")
    with pytest.raises(ValueError, match="expected width to be a positive integer; got 0"):
        cls(width=0)
