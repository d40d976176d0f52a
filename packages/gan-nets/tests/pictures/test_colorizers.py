"""`translate` with networks that colorize: sizes, lightness, views and saturation."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from gan_colorspace import LAB, RGB, YCRCB, rgb_to_gray
from gan_nets import Usage, translate
from PIL import Image, ImageFilter
from torch import nn


@pytest.fixture(params=[RGB, YCRCB, LAB], ids=["rgb", "ycrcb", "lab"])
def space(request):
    if request.param is LAB:
        pytest.importorskip("kornia", reason="Lab is an extra of gan-colorspace")
    return request.param


class ByPosition(nn.Module):
    """A colorizer trained at 8 pixels, whose colors get stronger to the right; in RGB it darkens, too."""

    in_channels = 1

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.usage = Usage(task="colorize", color_space=space.name, trained_size=8)
        self.shapes = []

    def forward(self, x):
        self.shapes.append(tuple(x.shape[-2:]))
        chroma = torch.linspace(0, 0.1, x.shape[-1]).expand(x.shape[0], 2, *x.shape[-2:])
        return YCRCB.to_rgb(torch.cat([x - 0.1, chroma], dim=1)) if self.space is RGB else chroma


class OneColor(nn.Module):
    """Gives every pixel the same chroma."""

    in_channels = 1

    def __init__(self, channels, space):
        super().__init__()
        self.channels = channels
        self.usage = Usage(task="colorize", color_space=space)

    def forward(self, x):
        return torch.full_like(x, 0.05).expand(-1, self.channels, -1, -1)


@pytest.mark.parametrize("space", [YCRCB, LAB], ids=["ycrcb", "lab"], indirect=True)
@pytest.mark.parametrize("channels", [2, 3])
def test_a_colorizer_keeps_the_lightness(space, channels):
    net = OneColor(channels, space.name)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).filter(ImageFilter.BLUR)
    x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 127.5 - 1
    expected = space.to_rgb(torch.cat([space.from_rgb(x)[:, :1], torch.full((1, 2, 6, 7), 0.05)], dim=1))
    expected = ((expected.clamp(-1, 1) + 1) * 127.5).round()[0].permute(1, 2, 0).numpy()
    result = np.asarray(translate(net, image)).astype(float)
    assert np.abs(result - expected).max() <= 1
    assert translate(net, image.convert("LA")).mode == "RGBA"


def test_a_colorizer_works_at_its_training_size_and_keeps_the_lightness(space):
    net = ByPosition(space)
    gray = torch.rand(1, 1, 40, 60) * 0.4 - 0.2
    with pytest.warns(UserWarning, match="colors are found at a shorter side of 8 pixels and joined with"):
        result = translate(net, gray)
    assert net.shapes == [(8, 12)]
    lightness = rgb_to_gray if space is RGB else lambda rgb: space.from_rgb(rgb)[:, :1]
    kept = lightness(gray.expand(-1, 3, -1, -1))
    torch.testing.assert_close(lightness(result), kept, rtol=0, atol=1e-5)
    chroma = (YCRCB if space is RGB else space).from_rgb(result)[:, 1:]
    assert chroma[..., 0].mean() < chroma[..., -1].mean()  # its place is kept
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = translate(net, gray, size="picture")
        translate(net, gray[..., :8, :])
        translate(nn.DataParallel(net), gray, size=20)  # asked for, so nothing is told
    assert net.shapes[1:] == [(40, 60), (8, 60), (20, 30)]
    torch.testing.assert_close(lightness(whole), kept, rtol=0, atol=1e-5)


def test_a_colorizer_gives_the_mean_of_three_sizes_and_their_mirror_images(space):
    net, gray = ByPosition(space), torch.rand(1, 1, 40, 60) - 0.5
    color = translate(net, gray, ensemble=True, size=12)
    assert net.shapes == 2 * [(8, 12)] + 2 * [(12, 18)] + 2 * [(16, 24)]
    chroma = (YCRCB if space is RGB else space).from_rgb(color)[:, 1:]
    torch.testing.assert_close(chroma, torch.full_like(chroma, 0.05))  # of 0 to 0.1, and mirrored
    net.usage = dataclasses.replace(net.usage, ensemble=True)
    assert torch.equal(translate(net, gray, size=12), color)
    assert not torch.allclose(translate(net, gray, size=12, ensemble=False), color)


@pytest.mark.parametrize("saturation", [0.0, 0.5, 2.0, 1e6])
def test_a_colorizers_chroma_times_a_factor(space, saturation):
    net, gray = ByPosition(space), torch.rand(1, 1, 6, 9) - 0.5
    space = YCRCB if space is RGB else space
    once = space.from_rgb(translate(net, gray))
    color = space.from_rgb(translate(net, gray, saturation=saturation, rgb=True))
    net.usage = dataclasses.replace(net.usage, saturation=saturation)
    assert torch.equal(space.from_rgb(translate(net, gray, rgb=True)), color)
    if saturation > 2:  # beyond every color of a screen, of which the nearest is taken
        assert color.isfinite().all()
        return
    torch.testing.assert_close(color[:, 1:], saturation * once[:, 1:], rtol=0, atol=1e-5)
    torch.testing.assert_close(color[:, :1], once[:, :1], rtol=0, atol=1e-5)
