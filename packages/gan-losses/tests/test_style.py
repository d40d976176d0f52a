"""Gram matrices and the style loss against published values and values by hand."""

import gan_losses as gl
import pytest
import torch
from torch.testing import assert_close

NORMALIZATIONS = ("elements", "area", "none", "gatys")


def test_gram_matrices_by_hand():
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # C = 2, H = 1, W = 2
    raw = torch.tensor([[[5.0, 1.0], [1.0, 10.0]]])
    for normalization, divisor in zip(NORMALIZATIONS, (4, 2, 1, 8), strict=True):
        assert_close(gl.gram_matrix(features, normalization=normalization), raw / divisor)
    assert_close(gl.gram_matrix(features), raw / 4)


def test_gram_matrices_and_losses_equal_the_stored_ones(parity):
    _, inputs, expected = parity("gram_style")
    features, target = inputs["feat"], inputs["target"]
    for normalization, name in (("none", "raw"), ("area", "div_hw"), ("elements", "div_chw")):
        assert_close(gl.gram_matrix(features, normalization=normalization), expected[f"gram_{name}"])
        options = {"normalization": normalization, "reduction": "none"}
        assert_close(gl.style_loss([features], [target], **options), expected[f"style_mse_{name}"])
    options = {"normalization": "gatys", "reduction": "none"}
    assert_close(gl.style_loss([features], [target], **options), expected["style_gatys_2015"])
    assert_close(
        gl.style_loss([features], [target], normalization="gatys"), expected["style_gatys_2015"].mean()
    )
    assert_close(
        gl.style_loss([features], [target], normalization="gatys", reduction="sum"),
        expected["style_gatys_2015"].sum(),
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_gram_matrices_as_target_equal_their_feature_maps(normalization):
    torch.manual_seed(0)
    ours = [torch.randn(2, 3, 4, 5), torch.randn(2, 6, 2, 2)]
    theirs = [torch.randn(1, 3, 7, 2), torch.randn(2, 6, 3, 3)]  # other sizes, and one style for both images
    grams = [gl.gram_matrix(each, normalization=normalization) for each in theirs]
    options = {"normalization": normalization, "layer_weights": (0.5, 2.0)}
    by_maps = gl.style_loss(ours, theirs, **options)
    assert_close(gl.style_loss(ours, grams, **options), by_maps)
    single = [
        gl.style_loss([a], [b], normalization=normalization, reduction="none")
        for a, b in zip(ours, theirs, strict=True)
    ]
    assert_close((0.5 * single[0] + 2 * single[1]).mean(), by_maps)


def test_the_mean_gram_of_equal_pictures_is_that_of_one_and_others_count_equally():
    torch.manual_seed(1)
    one, two = torch.rand(3, 6, 4) * 2 - 1, torch.rand(3, 5, 9) * 2 - 1

    def features(x):
        return [x, x[:, :2] ** 2]

    first, second = (gl.mean_grams(features, [each], (1, 0)) for each in (one, two))
    assert [tuple(each.shape) for each in first] == [(1, 2, 2), (1, 3, 3)]
    assert_close(first[1], gl.gram_matrix(one[None], normalization="gatys"))
    assert_close(gl.mean_grams(features, [torch.stack([one, one])], (1, 0)), first)
    means = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
    assert_close(gl.mean_grams(features, [one, two[None]], (1, 0)), means)


def test_gradients_reach_the_prediction_alone():
    torch.manual_seed(2)
    ours, theirs = (torch.randn(2, 3, 3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    for normalization in NORMALIZATIONS:

        def loss(x, normalization=normalization):
            return gl.style_loss([x], [theirs], normalization=normalization)

        assert torch.autograd.gradcheck(loss, [ours])
    loss(ours).backward()
    assert theirs.grad is None


def test_half_precision_is_computed_in_float32_under_autocast_too():
    torch.manual_seed(3)
    low = torch.randn(1, 4, 16, 16).bfloat16()
    expected = gl.gram_matrix(low.float())
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(gl.gram_matrix(low), expected, rtol=0, atol=0)
        assert_close(gl.gram_matrix(low.float()), expected, rtol=0, atol=0)


def test_compiled_is_eager():
    torch.compiler.reset()
    torch.manual_seed(4)
    maps = torch.randn(2, 1, 3, 4, 4).unbind()
    compiled = torch.compile(gl.style_loss, backend="aot_eager", fullgraph=True)
    assert_close(compiled([maps[0]], [maps[1]]), gl.style_loss([maps[0]], [maps[1]]))


def test_mistakes_are_named():
    maps = [torch.zeros(2, 4, 8, 8), torch.zeros(2, 8, 4, 4)]
    with pytest.raises(ValueError, match=r"feature maps \(N, C, H, W\); got \(4, 8, 8\)"):
        gl.gram_matrix(maps[0][0])
    with pytest.raises(ValueError, match="\"gatys\"; got 'chw'; use one of the four"):
        gl.style_loss(maps, maps, normalization="chw")
    with pytest.raises(ValueError, match="equally many layers, at least one; got 2 and 1"):
        gl.style_loss(maps, maps[:1])
    with pytest.raises(ValueError, match="got a Tensor; put a single map into a list"):
        gl.style_loss(maps[0], maps[0])
    with pytest.raises(ValueError, match="each of 2 feature maps; got 1 weights"):
        gl.style_loss(maps, maps, layer_weights=(1,))
    with pytest.raises(ValueError, match=r"with 4 channels, of 1 or 2 images.*got \(2, 8, 4, 4\)"):
        gl.style_loss(maps, maps[::-1])
    with pytest.raises(ValueError, match=r"of 1 or 2 images.*got \(3, 4, 4\)"):
        gl.style_loss(maps[:1], [torch.zeros(3, 4, 4)])
    with pytest.raises(ValueError, match="got 'avg'"):
        gl.style_loss(maps, maps, reduction="avg")
