import copy

import pytest
import torch
import torch.nn.functional as F
from gan_projected import Projector, interop
from torch import nn


@pytest.mark.parametrize(("mixing", "kind"), [("none", 0), ("channels", 1), ("scales", 2)])
def test_maps_equal_the_official_ones(mixing, kind, read_parity):
    weights, inputs, outputs = read_parity("pg_randomproj")
    projector = interop.load_projector(weights, mixing=mixing)
    for level, x in enumerate(projector(inputs["x"])):
        name = f"type{kind}_level{level}"
        key = next(k for k in outputs if k in (name, *(f"{name}_every{step}" for step in (2, 4, 8))))
        step = int(key.partition("every")[2] or 1)
        torch.testing.assert_close(x[:, :, ::step, ::step], outputs[key], atol=1e-4, rtol=1e-4)


def plainly_mixed(features, across_channels, across_scales):
    """As in the paper: mix channels, then add, upsample and mix from the coarsest to the finest."""
    maps = [mix(x) for mix, x in zip(across_channels, features, strict=True)]
    results = []
    for x, mix in zip(reversed(maps), reversed(across_scales), strict=True):
        x = x + results[0] if results else x
        results.insert(0, mix(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)))
    return results


def test_reordered_operations_equal_the_papers_in_float64(tiny_backbone, images):
    projector = Projector(copy.deepcopy(tiny_backbone), channels=(4, 6, 8, 10)).double()
    across_channels = [
        nn.Conv2d(*pair, 1).double() for pair in zip(tiny_backbone.channels, (4, 6, 8, 10), strict=True)
    ]
    across_scales = [nn.Conv2d(*pair, 1).double() for pair in zip((4, 6, 8, 10), (4, 4, 6, 8), strict=True)]
    image = images(64).double()
    expected = plainly_mixed(projector.backbone(image), across_channels, across_scales)
    projector.set_mixtures(across_channels, across_scales)
    projector.double()
    # Not more precisely, since the composed weights are float32 in between.
    torch.testing.assert_close(projector(image), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("mixing", "channels", "strides"),
    [
        ("scales", (4, 4, 6, 8), (2, 4, 8, 16)),
        ("channels", (4, 6, 8, 10), (4, 8, 16, 32)),
        ("none", None, (4, 8, 16, 32)),
    ],
)
def test_shapes(mixing, channels, strides, tiny_backbone, images):
    projector = Projector(copy.deepcopy(tiny_backbone), mixing=mixing, channels=(4, 6, 8, 10))
    channels = channels or tiny_backbone.channels
    assert (projector.channels, projector.strides) == (channels, strides)
    shapes = [tuple(x.shape) for x in projector(images(64))]
    assert shapes == [(2, c, 64 // s, 64 // s) for c, s in zip(channels, strides, strict=True)]


def test_sizes_that_are_not_multiples_of_32(projector, images):
    shapes = [tuple(x.shape[2:]) for x in projector(images(64)[..., :50, :37])]
    assert shapes == [(26, 20), (13, 10), (7, 5), (4, 3)]


def equal(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_mixtures_depend_only_on_the_seed(tiny_backbone):
    def build(seed):
        return Projector(copy.deepcopy(tiny_backbone), seed=seed)

    torch.manual_seed(1)
    one = build(3)
    sampled = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(sampled, torch.rand(3))  # torch's own state is unchanged
    torch.manual_seed(2)
    assert equal(one, build(3))
    assert not equal(one, build(4))


def test_mixtures_have_the_default_range(tiny_backbone):
    projector = Projector(copy.deepcopy(tiny_backbone), mixing="channels")
    for mix, inside in zip(projector.from_backbone, tiny_backbone.channels, strict=True):
        for weights in (mix.weight, mix.bias):
            assert 0.9 < weights.abs().max() * inside**0.5 <= 1


def test_nothing_is_trainable_within_another_module(projector, images):
    holder = nn.Sequential(projector).train().requires_grad_(True)
    before = copy.deepcopy(holder.state_dict())
    image = images(64).requires_grad_()
    sum(x.square().mean() for x in holder(image)).backward()
    assert image.grad.abs().min() > 0
    assert not list(holder.parameters())
    assert not any(module.training for module in projector.modules())
    assert all(torch.equal(before[key], value) for key, value in holder.state_dict().items())
    assert not any(x.requires_grad for x in holder(images(64)))


def test_the_state_dict_contains_all_weights(tiny_backbone, images):
    one, other = (Projector(copy.deepcopy(tiny_backbone), seed=seed) for seed in (0, 1))
    with torch.no_grad():
        for weight in one.backbone.network.buffers():  # as another version of timm could have them
            weight += 0.01
    other.load_state_dict(one.state_dict())
    assert all(map(torch.equal, one(images(64)), other(images(64))))


def test_bad_arguments_are_named(tiny_backbone):
    with pytest.raises(ValueError, match='mixing "scales", "channels" or "none"; got \'both\''):
        Projector(tiny_backbone, mixing="both")
    with pytest.raises(ValueError, match=r"channels of four maps, each at least 1; got \(4, 4\)"):
        Projector(tiny_backbone, channels=(4, 4))
