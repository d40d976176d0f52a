"""`translate` on every kind of picture."""

import numpy as np
import pytest
import torch
from gan_colorspace import rgb_to_gray
from gan_nets import (
    GlobalGenerator,
    PatchDiscriminator,
    ResnetGenerator,
    StyleGAN2Generator,
    UNetGenerator,
    Usage,
    apply_any_size,
    translate,
    translate_file,
)
from PIL import Image
from torch import nn
from torch.nn import functional as F

SIZES = [(1, 1), (1, 23), (19, 1), (2, 3), (7, 12), (16, 8)]  # height and width
MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I", "I;16", "I;16B"]


class Identity(nn.Module):
    """Returns its input; its sides must be multiples of 4."""

    size_multiple = 4

    def forward(self, x):
        assert x.shape[-2] % 4 == x.shape[-1] % 4 == 0
        return x


class Twice(nn.Module):
    """Enlarges each pixel to 2x2."""

    def forward(self, x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


class Single(Twice):
    """Enlarges one channel."""

    in_channels = 1


class Recording(nn.Module):
    """Returns its input, and keeps it."""

    def __init__(self, channels):
        super().__init__()
        self.in_channels = channels

    def forward(self, x):
        self.x = x
        return x


def random_image(mode, size, seed=0):
    rng = np.random.default_rng(seed)
    if mode == "1":
        return Image.fromarray(rng.random(size) > 0.5)
    if mode.startswith("I"):
        levels = rng.integers(0, 65_536, size)
        return Image.fromarray(levels.astype({"I": np.int32, "I;16": "<u2", "I;16B": ">u2"}[mode]))
    planes = rng.integers(0, 256, (*size, len(Image.new(mode, (1, 1)).getbands())), dtype=np.uint8)
    image = Image.frombytes(mode, size[::-1], planes.tobytes())
    if mode in ("P", "PA"):
        image.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
    return image


def pixels(image):
    return np.asarray(image.convert("RGBA") if image.mode in ("P", "PA") else image)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_an_identity_changes_nothing(mode, size):
    image = random_image(mode, size)
    result = translate(Identity(), image)
    assert result.size == image.size
    assert result.mode == {"PA": "P"}.get(mode, mode)
    assert np.array_equal(pixels(result), pixels(image))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_all_channels_are_enlarged(mode):
    image = random_image(mode, (5, 8))
    result = translate(Twice(), image)
    assert (result.mode, result.size) == (mode, (16, 10))
    if mode in ("1", "L", "P", "RGB", "I;16"):
        assert np.array_equal(pixels(result)[::2, ::2], pixels(image))


def test_random_sizes_through_networks_that_need_multiples():
    """The result is that of the network on the padded picture, cropped."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    for net in (ResnetGenerator(blocks=1, width=2).eval(), UNetGenerator(depth=4, width=2).eval()):
        for height, width in [(1, 1), (1, 40), (40, 1), *rng.integers(1, 40, (5, 2)).tolist()]:
            x = torch.rand(3, height, width) * 2 - 1
            with torch.no_grad():
                expected = apply_any_size(net, x[None])[0]
            torch.testing.assert_close(translate(net, x), expected, atol=0, rtol=0)


def test_transparency_of_a_palette_and_of_one_color_is_kept():
    image = random_image("P", (6, 9))
    image.info["transparency"] = bytes(range(256))
    result = translate(Identity(), image)
    assert result.mode == "P"
    assert np.array_equal(pixels(result), pixels(image))
    keyed = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    keyed.info["transparency"] = (4, 5, 6)
    result = translate(Identity(), keyed)
    assert np.asarray(result).tolist() == [[[1, 2, 3, 255], [4, 5, 6, 0]]]


def test_more_colors_than_a_palette_holds_become_the_nearest():
    ramp = Image.linear_gradient("L").resize((64, 64))
    image = ramp.convert("P")
    result = translate(Brighter(), image)
    assert result.mode == "P"
    expected = np.asarray(translate(Brighter(), image, rgb=True)).astype(int)
    assert np.abs(np.asarray(result.convert("RGB")).astype(int) - expected).max() <= 8


class Brighter(nn.Module):
    """Makes a different color of each column."""

    def forward(self, x):
        return x + torch.linspace(-0.5, 0.5, x.shape[-1])


def test_orientation_is_applied_and_the_rest_of_exif_and_the_profile_kept():
    upright = random_image("RGB", (4, 6))
    image = upright.transpose(Image.Transpose.ROTATE_90)  # as a camera on its side stores it
    exif = Image.Exif()
    exif[274], exif[271] = 6, "Camera"
    exif[0x8769] = {40962: 4, 40963: 6, 33434: 0.5}
    profile = bytes(16) + b"RGB " + bytes(108)
    image.info |= {"exif": exif.tobytes(), "icc_profile": profile, "dpi": (72, 72)}
    result = translate(Twice(), image)
    assert np.array_equal(np.asarray(result)[::2, ::2], np.asarray(upright))
    assert result.info["icc_profile"] == profile
    assert result.info["dpi"] == (72, 72)
    kept = result.getexif()
    assert 274 not in kept
    assert kept[271] == "Camera"
    assert kept.get_ifd(0x8769) == {40962: 12, 40963: 8, 33434: 0.5}


def test_a_profile_for_another_kind_of_color_is_left_out():
    image = random_image("CMYK", (2, 2))
    image.info["icc_profile"] = bytes(16) + b"CMYK" + bytes(108)
    assert "icc_profile" in translate(Identity(), image).info
    assert "icc_profile" not in translate(Identity(), image, rgb=True).info


def test_the_color_that_inks_leave():
    """Half of cyan under a fifth of black leaves 0.5 * 0.8 of red, 0.8 of green and blue."""
    image = Image.new("CMYK", (1, 1), (128, 0, 0, 51))
    translate(net := Recording(3), image)
    red, green, blue = ((net.x + 1) / 2).flatten().tolist()
    assert red == pytest.approx((1 - 128 / 255) * 0.8, abs=1e-6)
    assert green == blue == pytest.approx(0.8, abs=1e-6)


def test_a_darker_color_becomes_inks_again():
    image = Image.new("CMYK", (1, 1), (0, 51, 102, 0))
    result = translate(Halved(), image)
    c, m, y, k = np.asarray(result)[0, 0] / 255
    color = (1 - np.array([c, m, y])) * (1 - k)
    assert color == pytest.approx(np.array([1, 0.8, 0.6]) / 2, abs=0.01)


class Halved(nn.Module):
    def forward(self, x):
        return (x + 1) / 2 - 1


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_keep_shape_dtype_and_values(shape, dtype):
    values = np.random.default_rng(0).random(shape)
    array = values > 0.5 if dtype is bool else values.astype(dtype)
    if dtype in (np.uint8, np.uint16):
        array = (values * np.iinfo(dtype).max).astype(dtype)
    result = translate(Identity(), array)
    assert (result.shape, result.dtype) == (shape, dtype)
    np.testing.assert_allclose(result, array, atol=1e-6 if np.dtype(dtype).kind == "f" else 0)


@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 4, 5), (4, 4, 5), (2, 2, 4, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_keep_shape_dtype_and_values(shape, dtype):
    x = torch.rand(shape, dtype=torch.float64)
    x = (255 * x).to(dtype) if dtype == torch.uint8 else (2 * x - 1).to(dtype)
    result = translate(Identity(), x)
    assert (result.shape, result.dtype) == (shape, dtype)
    assert torch.equal(result, x)


def test_a_network_of_many_channels_gets_all_of_them():
    x = torch.rand(2, 7, 5, 5) * 2 - 1
    assert torch.equal(translate(net := Recording(7), x), x)
    assert net.x.shape[1] == 7
    array = np.random.default_rng(0).random((5, 5, 4))
    translate(net := Recording(4), array)  # four channels, none of which is alpha
    assert net.x.shape[1] == 4


def test_gray_stays_gray_through_a_network_of_three_channels():
    torch.manual_seed(0)
    net = nn.Conv2d(3, 3, 1)
    image = random_image("L", (6, 7))
    x = torch.from_numpy(np.array(image)).float()[None, None] / 127.5 - 1
    with torch.no_grad():
        color = net(x.expand(1, 3, -1, -1)).clamp(-1, 1)
    luma = ((rgb_to_gray(color)[0, 0] + 1) * 127.5).round().numpy()
    result = translate(net, image)
    assert result.mode == "L"
    assert np.array_equal(np.asarray(result), luma)
    result = translate(net, image, rgb=True)
    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result)[..., 0], ((color[0, 0] + 1) * 127.5).round().numpy())


def test_color_keeps_its_chroma_through_a_network_of_one_channel():
    image = random_image("RGBA", (6, 7))
    result = translate(Single(), image)
    assert (result.mode, result.size) == ("RGBA", (14, 12))
    translate(net := Recording(1), image)
    rgb = torch.from_numpy(np.array(image))[..., :3].permute(2, 0, 1)[None] / 127.5 - 1
    torch.testing.assert_close(net.x, rgb_to_gray(rgb))
    assert np.array_equal(np.asarray(translate(Recording(1), image)), np.asarray(image))


def test_color_to_gray_and_gray_to_color_change_the_mode():
    image = random_image("RGBA", (6, 7))
    assert translate(nn.Conv2d(3, 1, 1), image).mode == "LA"
    assert translate(nn.Conv2d(1, 3, 1), image.convert("L")).mode == "RGB"
    assert translate(nn.Conv2d(1, 3, 1), random_image("I;16", (6, 7))).mode == "RGB"


def test_the_mean_of_eight_views_turned_back():
    class Ramp(nn.Module):  # twice as large; 0 at the left, x at the right
        scale = 2

        def forward(self, x):
            return F.interpolate(x, scale_factor=2.0) * torch.linspace(0, 1, 2 * x.shape[-1])

    x = torch.rand(1, 3, 5, 7) - 0.5
    y = translate(Ramp(), x, ensemble=True)
    torch.testing.assert_close(y, 0.5 * F.interpolate(x, scale_factor=2.0))


def test_a_translator_warns_of_pictures_far_from_its_training_size(recwarn):
    net = Identity()
    net.usage = Usage("enlarge", trained_size=64)  # whose training images are parts of larger ones
    translate(net, random_image("RGB", (200, 300)))
    net.usage = Usage(trained_size=64)
    for side in (32, 100, 128):
        translate(net, random_image("RGB", (side, 300)))
    assert not list(recwarn)
    for side in (31, 129):
        with pytest.warns(UserWarning, match="trained on images with a shorter side of 64 pixels; at less"):
            translate(net, random_image("RGB", (side, 300)))


def test_a_network_of_another_range():
    net = Recording(3)
    net.usage = Usage(value_range=(0.0, 1.0))
    image = random_image("RGB", (4, 4))
    assert np.array_equal(np.asarray(translate(net, image)), np.asarray(image))
    assert net.x.min() >= 0
    assert net.x.max() <= 1


def test_evaluation_mode_is_temporary_and_nothing_else_changes():
    net = UNetGenerator(depth=2, width=2, dropout=(0.5,))
    net.train()
    frozen = next(module for module in net.modules() if isinstance(module, nn.BatchNorm2d)).eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    x = torch.rand(3, 8, 8)
    assert torch.equal(translate(net, x), translate(net, x))
    assert net.training
    assert not frozen.training
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.int32), np.full((4, 4), 2.0), np.zeros((4, 4, 5), np.uint8)]
)
def test_arrays_of_unknown_range_are_refused(bad):
    with pytest.raises(ValueError, match=r"^expected .*; got .*"):
        translate(Identity(), bad)


def test_wrong_use_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="GlobalGenerator generates from label maps"):
        translate(GlobalGenerator(in_channels=3, width=2, downsamplings=1, blocks=1), np.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match="StyleGAN2Generator generates from noise"):
        translate(StyleGAN2Generator(8, latents=4, styles=4, base_channels=16), np.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match="PatchDiscriminator gives logits"):
        translate(PatchDiscriminator(3, layers=1, width=2), np.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match="Pillow's mode F"):
        translate(Identity(), Image.new("F", (2, 2)))
    with pytest.raises(ValueError, match=r"expected a tensor .* got"):
        translate(Identity(), torch.zeros(2, 2))
    with pytest.raises(
        ValueError, match=r"in \[-1, 1\]; got 0 to 255; pass x / 127\.5 - 1 if it is in 0\.\.255"
    ):
        translate(Identity(), torch.linspace(0, 255, 48).view(3, 4, 4))
    with pytest.raises(ValueError, match="picture of 5 channels, as the network takes; got 3"):
        translate(Recording(5), np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"1 or 3 channels; got 2; if these are chroma, set net\.usage"):
        translate(nn.Conv2d(1, 2, 1), np.zeros((4, 4)))
    with pytest.raises(ValueError, match='statistics "picture" or "tile"; got \'none\''):
        translate(Identity(), np.zeros((4, 4)), statistics="none")
    with pytest.raises(ValueError, match="expected precision auto, fp32, bf16 or fp16; got 'half'"):
        translate(Identity(), np.zeros((4, 4)), precision="half")
    with pytest.raises(ValueError, match='expected size "trained", "picture" or pixels, at least 1; got 0'):
        translate(Identity(), np.zeros((4, 4)), size=0)
    with pytest.raises(ValueError, match="expected a colorizer for size 32; got Identity"):
        translate(Identity(), np.zeros((4, 4)), size=32)
    with pytest.raises(ValueError, match=r"expected a colorizer for saturation 0\.5; got Identity"):
        translate(Identity(), np.zeros((4, 4)), saturation=0.5)
    with pytest.raises(ValueError, match="expected a saturation of at least 0, and finite; got nan"):
        translate(Identity(), np.zeros((4, 4)), saturation=float("nan"))
    with pytest.raises(ValueError, match="precision fp16 needs a GPU; use bf16 or fp32 on the CPU"):
        translate(Identity(), np.zeros((4, 4)), precision="fp16")
    with pytest.raises(FileNotFoundError):
        translate_file(Identity(), tmp_path / "absent.png", tmp_path / "out.png")
