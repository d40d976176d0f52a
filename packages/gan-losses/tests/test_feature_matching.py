"""Feature matching over scales and layers, on numbers that can be computed by hand."""

import gan_losses as gl
import pytest
import torch


def constant(value, *shape):
    return torch.full(shape, float(value))


@pytest.fixture
def outputs():
    """Two scales of two layers and the logits; the layers differ by 1 and 2, then by 3 and 5."""
    real = [
        [constant(0, 2, 4, 8, 8), constant(1, 2, 6, 4, 4), constant(9, 2, 1, 3, 3)],
        [constant(0, 2, 4, 4, 4), constant(2, 2, 6, 2, 2), constant(-9, 2, 1, 1, 1)],
    ]
    fake = [
        [constant(1, 2, 4, 8, 8), constant(-1, 2, 6, 4, 4), constant(0, 2, 1, 3, 3)],
        [constant(3, 2, 4, 4, 4), constant(7, 2, 6, 2, 2), constant(0, 2, 1, 1, 1)],
    ]
    return real, fake


def test_the_papers_weighting_sums_layers_and_scales_without_the_logits(outputs):
    assert gl.feature_matching_loss(*outputs).item() == 1 + 2 + 3 + 5


def test_the_official_weighting_is_the_mean_over_scales_of_four_times_the_mean_over_layers(outputs):
    # 4 / (n_layers + 1) for each layer, 1 / num_D for each scale
    expected = (4 / 2 * (1 + 2) + 4 / 2 * (3 + 5)) / 2
    assert gl.feature_matching_loss(*outputs, weighting="official").item() == expected


def test_with_four_layers_and_one_scale_both_weightings_are_equal():
    generator = torch.Generator().manual_seed(1)
    real, fake = ([list(torch.randn(5, 2, 3, 4, 4, generator=generator))] for _ in range(2))
    official = gl.feature_matching_loss(real, fake, weighting="official")
    torch.testing.assert_close(gl.feature_matching_loss(real, fake), official)


@pytest.mark.parametrize("weighting", ["paper", "official"])
def test_only_the_fake_side_gets_a_gradient(outputs, weighting):
    real, fake = ([[layer.double().requires_grad_() for layer in scale] for scale in x] for x in outputs)
    gl.feature_matching_loss(real, fake, weighting=weighting).backward()
    assert all(layer.grad is None for scale in real for layer in scale)
    assert all(layer.grad.abs().min() > 0 for scale in fake for layer in scale[:-1])
    assert all(scale[-1].grad is None for scale in fake)


def test_gradients():
    generator = torch.Generator().manual_seed(2)
    real, a, b = torch.randn(3, 2, 3, 4, 4, generator=generator, dtype=torch.float64)

    def loss(a, b):
        return gl.feature_matching_loss([[real, real, real]], [[a, b, real]], weighting="official")

    assert torch.autograd.gradcheck(loss, (a.requires_grad_(), b.requires_grad_()))


def test_half_precision_gives_the_float32_loss():
    generator = torch.Generator().manual_seed(3)
    real, fake = ([list(torch.randn(3, 2, 3, 4, 4, generator=generator).bfloat16())] for _ in range(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = gl.feature_matching_loss(real, fake)
    high = [[[layer.float() for layer in scale] for scale in side] for side in (real, fake)]
    torch.testing.assert_close(low, gl.feature_matching_loss(*high), rtol=0, atol=0)


def test_mistakes_are_named(outputs):
    real, fake = outputs
    with pytest.raises(ValueError, match="equally many scales; got 2 and 1"):
        gl.feature_matching_loss(real, fake[:1])
    with pytest.raises(ValueError, match="equally many layers, at least one; got 1 and 2"):
        gl.feature_matching_loss(real, [scale[1:] for scale in fake])
    with pytest.raises(ValueError, match=r"same shape; got \(2, 4, 8, 8\) and \(2, 4, 4, 4\)"):
        gl.feature_matching_loss(real[::-1], fake)
    with pytest.raises(ValueError, match=r"weighting .* got 'mean'"):
        gl.feature_matching_loss(real, fake, weighting="mean")


@pytest.mark.parametrize("logits", [[torch.zeros(1)], [[torch.zeros(1)]], []])
def test_a_discriminator_that_returns_logits_alone_is_refused(logits):
    with pytest.raises(ValueError, match=r"logits last; got .*; let the discriminator return its features"):
        gl.feature_matching_loss(logits, logits)


def test_compiled_is_eager(outputs):
    torch.compiler.reset()
    compiled = torch.compile(gl.feature_matching_loss, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*outputs), gl.feature_matching_loss(*outputs))
