"""Tiles with the statistics of the whole image: what is equal, what waits where, and what it costs."""

import os
import tempfile

import pytest
import torch
import torch.nn.functional as F
from gan_nets import ResnetGenerator, UNetGenerator, tiled, use_cpu_kernels_
from gan_nets.tiling import _picture_statistics
from gan_nets.tiling.receptive_field import radius_between_norms
from torch import nn


def image(height, width, dtype=torch.float64):
    """Dark and flat on one side, so that statistics of tiles are far from those of the whole."""
    torch.manual_seed(1)
    x = torch.randn(1, 3, height, width, dtype=dtype)
    x[..., width // 2 :] = 0.1 * x[..., width // 2 :] - 1
    return x


def differs(net, x, tile):
    """How far tiles are from the whole, of its largest value."""
    before = x.clone()
    with torch.no_grad():
        whole = net(x.clone())
    got = tiled(net, x, tile=tile, statistics="picture")
    assert torch.equal(x, before)
    return ((got - whole).abs().max() / whole.abs().max()).item()


def test_the_radius_is_that_between_two_norms_and_not_of_the_whole_network():
    """3x3 at a quarter of the size: 4. The 7x7 of the output: 3."""
    assert radius_between_norms(ResnetGenerator(blocks=1, width=2).eval()) == 4
    assert radius_between_norms(ResnetGenerator(blocks=9, width=2).eval()) == 4
    local = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.Conv2d(4, 3, 3, padding=1))
    assert radius_between_norms(local) == 3


@pytest.mark.parametrize(
    ("net", "tile"),
    [
        (ResnetGenerator(blocks=9, width=2), 24),  # whose radius as a whole is 83
        (UNetGenerator(depth=4, width=2, batch_statistics_at_inference=True), 80),
        (UNetGenerator(depth=3, width=2, norm="instance"), 48),
    ],
    ids=["resnet", "unet with batch statistics", "unet"],
)
def test_small_tiles_of_a_deep_network_equal_the_whole(net, tile):
    net = net.double().eval()
    use_cpu_kernels_(net)
    assert differs(net, image(64, 112), tile) < 1e-9


class Odd(nn.Module):
    """Skips, views, changes in place, a constant, and two norms in a row."""

    size_multiple = 2

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.down = nn.Conv2d(8, 8, 2, stride=2)
        self.norm = nn.GroupNorm(2, 8)
        self.out = nn.Conv2d(8, 3, 3, padding=1)
        self.register_buffer("gain", torch.linspace(1, 2, 8).view(1, 8, 1, 1))

    def forward(self, x):
        x.mul_(2)
        y = self.first(x)
        half, view = y[:, :4], y.view(1, 2, 4, *y.shape[2:])
        z = F.instance_norm(self.norm(y))
        view[:, 1].add_(1)  # seen in y, which is needed below
        scale = z.mean(1, keepdim=True)
        z = F.instance_norm(self.down(z * self.gain), weight=None) + F.avg_pool2d(y, 2)
        z = F.interpolate(F.relu_(z), scale_factor=2) + torch.cat([half, y[:, 4:]], dim=1)
        return torch.tanh(self.out(z) * (1 + scale))


@pytest.fixture(params=["memory", "files"])
def place(request, monkeypatch, tmp_path):
    """Where tensors wait."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if request.param == "files":
        monkeypatch.setattr(_picture_statistics, "SHARE", 0)
    return request.param


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_what_waits_in_memory_or_in_files_is_the_same(place, layout, tmp_path, recwarn):
    net = Odd().double().eval()
    x = image(40, 96).contiguous(memory_format=layout)
    assert differs(net, x, 32) < 1e-9
    assert differs(ResnetGenerator(blocks=1, width=2).double().eval(), x, 40) < 1e-9
    assert not list(tmp_path.iterdir())
    notes = [str(each.message) for each in recwarn]
    assert len(notes) == (2 if place == "files" else 0)
    assert all(f"MiB of temporary files in {tmp_path}, which are deleted" in note for note in notes)


@pytest.mark.parametrize("system_call", ["posix_fallocate", "write"])
def test_a_full_disk_is_an_error_that_names_the_folder_of_temporary_files(monkeypatch, tmp_path, system_call):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(_picture_statistics, "SHARE", 0)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    if system_call == "write":
        monkeypatch.delattr(os, "posix_fallocate")
        monkeypatch.setattr("gan_nets.tiling._store.bytes", full, raising=False)
    net, x = ResnetGenerator(blocks=1, width=2).eval(), image(40, 96, torch.float32)
    with (
        pytest.warns(UserWarning, match="temporary files"),
        pytest.raises(OSError, match="free disk space") as caught,
    ):
        tiled(net, x, tile=40, statistics="picture")
    assert str(tmp_path) in str(caught.value)
    assert "TMPDIR" in str(caught.value)
    assert caught.value.strerror is None
    assert not list(tmp_path.iterdir())


def test_a_disk_without_enough_room_is_an_error_before_anything_is_computed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(_picture_statistics, "SHARE", 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    net, x = ResnetGenerator(blocks=1, width=2).eval(), image(40, 96, torch.float32)
    with pytest.raises(OSError, match=f"expected 1 MiB of free disk space for temporary files in {tmp_path}"):
        tiled(net, x, tile=40, statistics="picture")


def test_under_autocast_tiles_are_as_near_as_in_float32():
    net, x = ResnetGenerator(blocks=2, width=4).eval(), image(64, 96, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        assert differs(net, x, 40) < 0.05


class Counted(nn.Module):
    """A norm between convolutions; counts their pixels."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(6))

    def forward(self, x):
        for conv in self.convs:
            x = F.instance_norm(conv(x))
        return x


def test_each_layer_is_computed_once_for_each_tile_and_once_to_be_recorded(monkeypatch):
    pixels, conv2d = [], F.conv2d

    def counting(x, *args):
        pixels.append(x.shape[-1] * x.shape[-2])
        return conv2d(x, *args)

    monkeypatch.setattr(F, "conv2d", counting)
    tiled(Counted().eval(), image(60, 240, torch.float32), tile=64, overlap=1, statistics="picture")
    assert sum(pixels) < 6 * (60 * (240 + 3 * 2) + 60 * 64 + 64 * 64)


def test_a_tensor_that_other_libraries_made_of_pixels_is_refused():
    class Outside(nn.Module):
        def forward(self, x):
            return F.instance_norm(x) + torch.from_numpy(x.detach().contiguous().__array__())

    with pytest.raises(ValueError, match="expected a network of torch's functions only"):
        tiled(Outside(), image(30, 60), tile=24, overlap=2, statistics="picture")
