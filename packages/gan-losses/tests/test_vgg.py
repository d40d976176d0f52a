"""VGG19's feature maps against torchvision's network, and the sources of its weights."""

import sys
from pathlib import Path

import gan_losses as gl
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import VGG19_Weights, vgg19
from torchvision.transforms.functional import normalize

LAYERS = [
    f"{kind}{block}_{i}"
    for block, depth in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4))
    for i in range(1, depth + 1)
    for kind in ("conv", "relu")
]
POOLS = {"pool1": 4, "pool2": 9, "pool3": 18, "pool4": 27, "pool5": 36}  # positions in torchvision's network
IMAGE = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def reference():
    """The convolutional part of torchvision's VGG19 with seeded weights, biases included."""
    with torch.device("meta"):  # the classifier has 120 million unused weights
        features = vgg19().features
    features = features.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(6)
    for parameter in features.parameters():
        nn.init.normal_(parameter, std=0.05, generator=generator)
    return features.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def path(reference, tmp_path_factory):
    """A file with its state dict, with the names of the whole network."""
    path = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save({f"features.{name}": value for name, value in reference.state_dict().items()}, path)
    return path


def outputs(reference, image):
    """The outputs of all layers in order; copies, since its activations work in place."""
    maps, hooks = [], []
    for layer in reference:
        hooks.append(layer.register_forward_hook(lambda _, __, x: maps.append(x.clone())))
    reference(image)
    for hook in hooks:
        hook.remove()
    return maps


def test_every_layer_equals_torchvisions(reference, path):
    expected = outputs(reference, IMAGE)
    unpooled = [x for position, x in enumerate(expected) if position not in POOLS.values()]
    layers = [*LAYERS, *POOLS]
    maps = gl.VGG19Features(layers, weights=path, normalization="none")(IMAGE)
    torch.testing.assert_close(maps, [*unpooled, *(expected[position] for position in POOLS.values())])


def test_images_are_normalized_as_by_torchvision(reference, path):
    preset = VGG19_Weights.IMAGENET1K_V1.transforms()
    normalized = normalize((IMAGE + 1) / 2, preset.mean, preset.std)
    (ours,) = gl.VGG19Features(["conv2_1"], weights=path)(IMAGE)
    torch.testing.assert_close(ours, outputs(reference, normalized)[5], atol=1e-5, rtol=1e-5)


def test_maps_follow_the_order_of_the_layers(path):
    deep, shallow = gl.VGG19Features(["relu2_2", "conv1_1"], weights=path)(IMAGE)
    assert (deep.shape, shallow.shape) == ((2, 128, 16, 16), (2, 64, 32, 32))
    assert shallow.min() < 0 <= deep.min()


def test_deeper_layers_are_not_built():
    network = gl.VGG19Features(["relu2_1"], weights="random")
    sizes = [3 * 64 * 9 + 64, 64 * 64 * 9 + 64, 64 * 128 * 9 + 128]
    assert sum(parameter.numel() for parameter in network.parameters()) == sum(sizes)


@pytest.mark.parametrize("normalization", ["imagenet", "none"])
def test_pix2pixhds_loss_equals_the_sum_over_torchvisions_layers(reference, path, normalization):
    prediction, target = IMAGE.split(1)
    prepare = {"imagenet": lambda x: normalize((x + 1) / 2, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}
    maps = [outputs(reference, prepare.get(normalization, lambda x: x)(x)) for x in (prediction, target)]
    positions = [1, 6, 11, 20, 29]  # torchvision's, of relu1_1 to relu5_1
    weights = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]
    expected = sum(
        w * (maps[0][i] - maps[1][i]).abs().mean() for w, i in zip(weights, positions, strict=True)
    )
    loss = gl.pix2pixhd_perceptual_loss(weights=path, normalization=normalization)
    torch.testing.assert_close(loss(prediction, target), expected, rtol=1e-4, atol=1e-6)


def test_only_the_image_gets_a_gradient(reference, path):
    loss = gl.pix2pixhd_perceptual_loss(weights=path, normalization="none").train()
    prediction, target = IMAGE[:1].clone().requires_grad_(), IMAGE[1:]
    (gradient,) = torch.autograd.grad(loss(prediction, target), prediction)
    expected = sum(
        w * (outputs(reference, prediction)[i] - outputs(reference, target)[i]).abs().mean()
        for w, i in zip([1 / 32, 1 / 16, 1 / 8, 1 / 4, 1], [1, 6, 11, 20, 29], strict=True)
    )
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, prediction)[0], rtol=1e-3, atol=1e-6)
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_autocast_runs_the_network_in_bfloat16_and_the_distance_in_float32():
    loss = gl.pix2pixhd_perceptual_loss(weights="random")
    exact = loss(IMAGE[:1], IMAGE[1:])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert loss.features(IMAGE)[-1].dtype == torch.bfloat16
        low = loss(IMAGE[:1].bfloat16(), IMAGE[1:].bfloat16())
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, exact, rtol=0.02, atol=0)


def test_random_weights_are_always_equal_and_do_not_change_the_random_state():
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    first = gl.VGG19Features(["relu1_2"], weights="random")
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    again = gl.VGG19Features(["relu1_2"], weights="random")
    torch.testing.assert_close(first.state_dict(), again.state_dict(), rtol=0, atol=0)


def test_a_safetensors_file_gives_equal_maps(reference, path, tmp_path):
    other = tmp_path / "vgg19.safetensors"
    first_block = reference[:4].state_dict()  # deeper layers may be missing
    save_file({f"features.{name}": value for name, value in first_block.items()}, other)
    a, b = (gl.VGG19Features(["relu1_2"], weights=file)(IMAGE) for file in (path, other))
    torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_torchvisions_weights_come_from_its_cache(path, tmp_path, monkeypatch):
    """Instead of a download: the file that it would leave in the cache."""
    cached = tmp_path / "hub" / "checkpoints" / Path(VGG19_Weights.IMAGENET1K_V1.url).name
    cached.parent.mkdir(parents=True)
    cached.symlink_to(path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    ours = gl.VGG19Features(["conv1_1"], weights="torchvision")
    theirs = gl.VGG19Features(["conv1_1"], weights=path)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)


def test_without_the_extra_the_error_has_the_command(tmp_path, monkeypatch):
    for missing in ("torchvision.models", "safetensors.torch"):
        monkeypatch.setitem(sys.modules, missing, None)  # as if they were not installed
    with pytest.raises(ModuleNotFoundError, match="torchvision: pip install torchvision"):
        gl.VGG19Features(["conv1_1"], weights="torchvision")
    file = tmp_path / "vgg19.safetensors"
    file.touch()
    with pytest.raises(ModuleNotFoundError, match="safetensors: pip install safetensors"):
        gl.VGG19Features(["conv1_1"], weights=file)


@pytest.mark.parametrize(
    ("layers", "got"),
    [(["relu1_3"], "relu1_3"), (["relu6_1"], "relu6_1"), ([], r"\[\]"), ("relu1_1", "relu1_1")],
)
def test_unknown_layers(layers, got):
    with pytest.raises(ValueError, match=f'from "conv1_1", .* to .* got .*{got}'):
        gl.VGG19Features(layers, weights="random")


def test_unknown_options():
    with pytest.raises(
        ValueError, match=r'"torchvision", "random" or a Path; got \'vgg.pth\'; pass a file as Path'
    ):
        gl.VGG19Features(["conv1_1"], weights="vgg.pth")
    with pytest.raises(ValueError, match='"imagenet" or "none"; got True'):
        gl.VGG19Features(["conv1_1"], weights="random", normalization=True)


@pytest.mark.parametrize(
    "image", [torch.zeros(3, 32, 32), torch.zeros(1, 1, 32, 32), torch.zeros(1, 3, 15, 32), IMAGE.byte()]
)
def test_images_that_do_not_fit(image):
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\) in \[-1, 1\], H and W at least 16; got"):
        gl.VGG19Features(["relu5_1"], weights="random")(image)


def test_the_smallest_image_that_fits():
    (features,) = gl.VGG19Features(["relu5_1"], weights="random")(IMAGE[..., :16, :16])
    assert features.shape == (2, 512, 1, 1)


class Trap:
    def __reduce__(self):
        return print, ("executed",)


def test_files_that_do_not_fit(tmp_path, capsys):
    file = tmp_path / "vgg19.pth"
    with pytest.raises(FileNotFoundError, match=r"vgg19\.pth, not a file"):
        gl.VGG19Features(["conv1_1"], weights=file)
    torch.save(Trap(), file)
    with pytest.raises(ValueError, match=r"expected a state dict in .*vgg19\.pth"):
        gl.VGG19Features(["conv1_1"], weights=file)
    assert capsys.readouterr().out == ""
    torch.save([torch.zeros(1)], file)
    with pytest.raises(ValueError, match=r"expected a state dict in .*; got a list"):
        gl.VGG19Features(["conv1_1"], weights=file)
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(8)}, file)
    with pytest.raises(ValueError, match=r"1 of 2 tensors are missing .* \(first features\.0\.bias\)"):
        gl.VGG19Features(["conv1_1"], weights=file)


def test_average_pooling_pools_the_mean_instead_of_the_largest():
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    before, largest = gl.VGG19Features(["relu1_2", "pool1"], weights="random")(image)
    _, mean = gl.VGG19Features(["relu1_2", "pool1"], weights="random", pooling="average")(image)
    torch.testing.assert_close(mean, torch.nn.functional.avg_pool2d(before, 2))
    assert (largest >= mean).all()
    with pytest.raises(ValueError, match='"max" or "average"; got \'mean\''):
        gl.VGG19Features(["pool1"], weights="random", pooling="mean")
