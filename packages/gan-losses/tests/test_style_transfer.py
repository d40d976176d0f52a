"""Style transfer by optimization: its objective, its options and its mistakes, with small feature maps."""

import gan_losses as gl
import pytest
import torch
from torch import nn
from torch.testing import assert_close


class Features(nn.Module):
    """Two maps of random convolutions."""

    def __init__(self, dtype=torch.float32):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, padding=1, dtype=dtype)
        self.second = nn.Conv2d(6, 8, 3, padding=1, stride=2, dtype=dtype)

    def forward(self, x):
        first = self.first(x).relu()
        return [first, self.second(first).relu()]


LAYERS = {"content_layers": [1], "style_layers": [0, 1]}


def pictures(count, size=12, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, size, size, generator=generator) * 2 - 1


def objective(features, x, content, style, weights=(1.0, 1e3)):
    """Equations 1, 4, 5 and 7 of Gatys et al. 2016, written out."""
    near = 0.5 * (features(x)[1] - features(content)[1]).square().sum()
    like = 0
    for ours, theirs in zip(features(x), features(style), strict=True):
        _, channels, height, width = ours.shape
        grams = [each.flatten(2) @ each.flatten(2).mT for each in (ours, theirs)]
        error = (grams[0] - grams[1]).square().sum()
        like = like + 0.5 * error / (4 * channels**2 * (height * width) ** 2)
    return near.item(), like.item(), (weights[0] * near + weights[1] * like).item()


def test_the_losses_are_the_papers_and_fall():
    features, content, style = Features(), pictures(1), pictures(1, seed=2)
    seen = []
    result = gl.transfer_style(
        content, [style], features, steps=12, **LAYERS, progress=lambda *each: seen.append(each)
    )
    assert result.shape == content.shape
    assert -1 <= result.min() < result.max() <= 1
    assert [number for number, _, _ in seen] == list(range(1, len(seen) + 1))
    assert 13 <= len(seen) <= 60
    near, like, total = objective(features, content, content, style)
    assert seen[0][1:] == pytest.approx((near, like), rel=1e-4)
    assert near == 0
    assert min(a + 1e3 * b for _, a, b in seen) < 0.5 * total
    assert all(p.requires_grad and p.grad is None for p in features.parameters())


def test_each_start_and_each_image_of_a_batch_by_itself():
    features, content, style = Features(), pictures(2), pictures(1, seed=2)
    torch.manual_seed(3)
    noise = torch.randn(2, 3, 12, 12).mul(0.5).clamp(-1, 1)
    options = {"steps": 3, **LAYERS}
    for start in (content, noise):
        given = gl.transfer_style(content, [style], features, start=start, **options)
        alone = gl.transfer_style(content[1:], [style], features, start=start[1:], **options)
        assert_close(given[1:], alone, rtol=0, atol=0)
        torch.manual_seed(3)
        name = "content" if start is content else "noise"
        named = gl.transfer_style(content, [style], features, start=name, **options)
        assert_close(named, given, rtol=0, atol=0)


def test_several_styles_are_their_mean_gram_matrices():
    features, content = Features(), pictures(1)
    styles = [*pictures(2, seed=2), pictures(1, size=8, seed=3)]
    options = {"steps": 3, **LAYERS}
    expected = gl.transfer_style(content, styles, features, **options)
    grams = gl.mean_grams(features, styles, [0, 1])
    assert_close(gl.transfer_style(content, grams, features, **options), expected, rtol=0, atol=0)
    other = gl.transfer_style(content, styles[:1], features, **options)
    assert (other - expected).abs().max() > 1e-3


class ChannelsLast(Features):
    """The same, in another layout."""

    def forward(self, x):
        return super().forward(x.contiguous(memory_format=torch.channels_last))


def test_features_that_compute_in_channels_last_give_the_same():
    content, style = pictures(2).double(), [pictures(1, seed=2).double()]
    plain, other = (
        gl.transfer_style(content, style, kind(torch.float64), steps=5, **LAYERS)
        for kind in (Features, ChannelsLast)
    )
    assert_close(other, plain)


def test_the_weights_decide():
    features, content, style = Features(), pictures(1), pictures(1, seed=2)
    kept = gl.transfer_style(content, [style], features, steps=5, weights=gl.StyleWeights(1.0, 0.0), **LAYERS)
    assert_close(kept, content)
    near = []
    for weight in (1.0, 1e4):
        weights = gl.StyleWeights(1.0, weight)
        result = gl.transfer_style(content, [style], features, steps=15, weights=weights, **LAYERS)
        near.append(objective(features, result, content, style)[:2])
    assert near[0][0] < near[1][0]
    assert near[0][1] > near[1][1]


def test_another_normalization_takes_means():
    features, content, style = Features(), pictures(1), pictures(1, seed=2)
    seen = []
    gl.transfer_style(
        content, [style], features, steps=1, start=style, normalization="area", **LAYERS,
        progress=lambda *each: seen.append(each),
    )  # fmt: skip
    ours, theirs = features(style), features(content)
    assert seen[0][1] == pytest.approx((ours[1] - theirs[1]).square().mean().item(), rel=1e-5)
    assert seen[0][2] == pytest.approx(0, abs=1e-10)


def test_a_loss_that_is_not_finite_is_an_error():
    def features(x):
        return [x * 1e30]

    with pytest.raises(FloatingPointError, match=r"the loss became (inf|nan) at evaluation 1 \(content"):
        gl.transfer_style(pictures(1), [pictures(1, seed=2)], features, content_layers=[0], style_layers=[0])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"content": torch.zeros(3, 8, 8)}, r"\(N, 3, H, W\) in \[-1, 1\]; got \(3, 8, 8\)"),
        ({"styles": []}, "expected a list of style pictures or Gram matrices; got none"),
        ({"styles": torch.zeros(1, 3, 8, 8)}, r"got a tensor; pass \[picture\]"),
        ({"style_layers": [2]}, r"style_layers to be positions in the 2 feature maps, 0 to 1; got \[2\]"),
        ({"content_layers": []}, r"content_layers to be positions in the 2 feature maps, 0 to 1; got \[\]"),
        ({"steps": 0}, "at least 1 step; got 0"),
        ({"start": "style"}, 'start "content", "noise" or a tensor; got \'style\''),
        ({"start": torch.zeros(1, 3, 8, 8)}, r"content's shape \(1, 3, 12, 12\); got \(1, 3, 8, 8\)"),
        ({"layer_weights": (1.0,)}, "each of 2 feature maps; got 1 weights"),
        ({"normalization": "chw"}, "got 'chw'"),
    ],
)
def test_mistakes_are_named(changes, sentence):
    given = {"content": pictures(1), "styles": [pictures(1)], "features": Features(), "steps": 1, **LAYERS}
    with pytest.raises(ValueError, match=sentence):
        gl.transfer_style(**{**given, **changes})
