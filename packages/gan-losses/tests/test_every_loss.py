"""Common properties of all adversarial losses: scales, shapes, precision, gradients, compilation."""

import pytest
import torch


@pytest.fixture
def logits():
    """Real and fake logits at two scales, none of them at the kink of a hinge."""
    generator = torch.Generator().manual_seed(7)
    shapes = [(3, 1, 4, 4), (3, 1, 2, 2)]
    real, fake = ([3 * torch.randn(shape, generator=generator) for shape in shapes] for _ in range(2))
    return real, fake


def test_mean_is_summed_over_the_scales(any_loss, logits):
    (real_1, real_2), (fake_1, fake_2) = logits
    total = any_loss(*logits)
    assert total.shape == ()
    torch.testing.assert_close(total, any_loss(real_1, fake_1) + any_loss(real_2, fake_2))
    torch.testing.assert_close(any_loss((real_1, real_2), (fake_1, fake_2)), total)


def test_none_keeps_the_structure_and_implies_the_other_reductions(any_loss, logits):
    elements = any_loss(*logits, reduction="none")
    assert [scale.shape for scale in elements] == [scale.shape for scale in logits[1]]
    torch.testing.assert_close(any_loss(*logits), sum(scale.mean() for scale in elements))
    torch.testing.assert_close(any_loss(*logits, reduction="sum"), sum(scale.sum() for scale in elements))

    single = any_loss(logits[0][0], logits[1][0], reduction="none")
    torch.testing.assert_close(single, elements[0], rtol=0, atol=0)


def test_an_unknown_reduction_is_refused(any_loss, logits):
    with pytest.raises(ValueError, match=r"reduction .* got 'avg'"):
        any_loss(*logits, reduction="avg")


def test_shapes_that_would_broadcast_are_refused(two_sided_loss):
    with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4, 4\)"):
        two_sided_loss(torch.zeros(4, 1), torch.zeros(4, 4))


def test_scales_have_to_match(two_sided_loss, logits):
    real, fake = logits
    with pytest.raises(ValueError, match="got 2 and 1"):
        two_sided_loss(real, fake[:1])


@pytest.mark.parametrize("nothing", [[], [[torch.zeros(1)]], [1.0]])
def test_logits_have_to_be_tensors(any_loss, nothing):
    with pytest.raises(ValueError, match="tensor or a non-empty list of tensors"):
        any_loss(nothing, nothing)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_give_the_float32_loss(any_loss, logits, dtype):
    low = [[scale.to(dtype).requires_grad_() for scale in side] for side in logits]
    high = [[scale.detach().float() for scale in side] for side in low]
    loss = any_loss(*low)
    torch.testing.assert_close(loss, any_loss(*high), rtol=0, atol=0)
    loss.backward()
    assert all(scale.grad.dtype == dtype for scale in low[1])


def test_autocast_changes_nothing(any_loss, logits):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = any_loss(*logits)
    torch.testing.assert_close(inside, any_loss(*logits), rtol=0, atol=0)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradients(any_loss, logits, reduction):
    real, fake = (side[1].double().requires_grad_() for side in logits)
    assert torch.autograd.gradcheck(lambda r, f: any_loss(r, f, reduction=reduction), (real, fake))


def test_compiled_is_eager(any_loss, logits):
    torch.compiler.reset()
    compiled = torch.compile(any_loss, backend="aot_eager", fullgraph=True)
    results = []
    for loss in (any_loss, compiled):
        real, fake = ([scale.clone().requires_grad_() for scale in side] for side in logits)
        total = loss(real, fake)
        gradients = torch.autograd.grad(total, [*real, *fake], allow_unused=True)
        results.append([total, *(gradient for gradient in gradients if gradient is not None)])
    torch.testing.assert_close(results[1], results[0])
