import copy
import inspect
import json
import socket

import gan_nets
import numpy as np
import pytest
import torch
from gan_nets import (
    PatchDiscriminator,
    ResnetGenerator,
    UNetGenerator,
    Usage,
    pix2pix_unet_paper,
)
from huggingface_hub import PyTorchModelHubMixin


@pytest.fixture(autouse=True)
def _no_network_access(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("expected no network access for a local folder")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_saved_and_loaded_is_the_same_network(run, build, size, tmp_path):
    net = build()
    run(net, torch.randn(2, 3, *size))  # moves the running statistics
    net.eval().save_pretrained(tmp_path / "net")
    x = torch.randn(2, 3, *size)
    for loaded in (gan_nets.load(tmp_path / "net"), type(net).from_pretrained(str(tmp_path / "net"))):
        assert type(loaded) is type(net)
        assert not loaded.training
        assert torch.equal(run(loaded, x), run(net, x))


def test_config_holds_the_class_and_every_argument(tmp_path):
    UNetGenerator(1, depth=3, width=4, dropout=(0.5,)).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert len(config.pop("weights")) == 8  # the checksum of the file that was written with it
    assert config == {
        "class": "UNetGenerator",
        "in_channels": 1,
        "out_channels": 3,
        "depth": 3,
        "width": 4,
        "norm": "batch",
        "dropout": [0.5],
        "dropout_at_inference": False,
        "batch_statistics_at_inference": False,
        "skips": True,
        "usage": {
            "task": "translate",
            "color_space": "rgb",
            "value_range": [-1.0, 1.0],
            "trained_size": None,
            "ensemble": False,
            "saturation": 1.0,
        },
        "gan_nets": gan_nets.__version__,
    }


def test_inference_behavior_is_stored_and_can_be_overridden(tmp_path):
    pix2pix_unet_paper(depth=4, width=4).save_pretrained(tmp_path)
    x = torch.randn(1, 3, 16, 16)
    stored, plain = (
        gan_nets.load(tmp_path),
        UNetGenerator.from_pretrained(tmp_path, dropout_at_inference=False),
    )
    assert not torch.equal(stored(x), stored(x))
    assert torch.equal(plain(x), plain(x))


def test_copies_and_compiled_nets_are_saved_like_the_original(tmp_path):
    net = copy.deepcopy(PatchDiscriminator(4, layers=1, width=4)).to(memory_format=torch.channels_last)
    net.compile(backend="eager")
    net(torch.randn(1, 4, 16, 16))
    net.eval().save_pretrained(tmp_path)
    x = torch.randn(1, 4, 16, 16)
    torch.testing.assert_close(gan_nets.load(tmp_path)(x), net(x))


def test_saving_again_replaces_the_arguments(tmp_path):
    PatchDiscriminator(layers=1, width=4).save_pretrained(tmp_path)
    PatchDiscriminator(layers=2, width=4).save_pretrained(tmp_path)
    assert gan_nets.load(tmp_path).receptive_field == 34


@pytest.fixture
def folder(tmp_path):
    PatchDiscriminator(layers=1, width=4).save_pretrained(tmp_path)
    return tmp_path


def test_other_users_can_read_the_weights(folder):
    assert (folder / "model.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_the_former_network(folder, full_disk):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with (
        full_disk(10_000),
        pytest.raises(OSError, match=r"/model.safetensors cannot be written \(.*\); make room or choose"),
    ):
        PatchDiscriminator(layers=3, width=8).save_pretrained(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_saving_takes_the_arguments_of_the_mixin():
    own, mixin = PatchDiscriminator.save_pretrained, PyTorchModelHubMixin.save_pretrained
    assert inspect.signature(own).parameters.keys() == inspect.signature(mixin).parameters.keys()


def rewrite(folder, **changes):
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name} is missing; expected a folder written by save_pre"):
        gan_nets.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"layers": 2},
            r"model.safetensors does not fit PatchDiscriminator: missing keys \(.*blocks.2.conv",
        ),
        (
            {"width": 8},
            r"model.safetensors does not fit .*shapes \(.*\(4, 3, 4, 4\) for \(8, 3, 4, 4\)",
        ),
        ({"norm": "none"}, r"unexpected keys \(5\): blocks.1.norm"),
        ({"color": "red"}, "config.json does not describe a PatchDiscriminator: .*color"),
        ({"width": "wide"}, "config.json does not describe a PatchDiscriminator: expected width"),
        ({"class": 3}, 'config.json has no "class"'),
    ],
)
def test_the_error_for_what_does_not_fit_is_one_sentence(folder, changes, message):
    rewrite(folder, **changes)
    with pytest.raises(ValueError, match=message):
        gan_nets.load(folder)


def test_damaged_files_are_named(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"model.safetensors is damaged"):
        gan_nets.load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config.json is not JSON"):
        gan_nets.load(folder)


def test_another_version_is_named_where_arguments_do_not_fit(folder):
    rewrite(folder, gan_nets="9.0.0", shape="round")
    with pytest.raises(ValueError, match=r"'shape'; it was written by gan_nets 9.0.0, and this is "):
        gan_nets.load(folder)


def test_arguments_that_json_cannot_hold_are_refused_rather_than_lost(tmp_path):
    net = ResnetGenerator(blocks=1, width=2, dropout=np.float32(0.5))
    with pytest.raises(ValueError, match=r"plain numbers, .* ResnetGenerator, .* type float32"):
        net.save_pretrained(tmp_path)


def test_another_class_is_refused(folder):
    with pytest.raises(ValueError, match="describes a PatchDiscriminator, not a UNetGenerator"):
        UNetGenerator.from_pretrained(folder)


def test_a_missing_folder_given_as_a_path_never_becomes_a_repository(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config.json is missing"):
        UNetGenerator.from_pretrained(tmp_path / "nowhere")


def test_rebuilt_is_the_same_network_with_plain_layers(run, build, size):
    torch.manual_seed(0)
    net, x = build(), torch.randn(2, 3, *size)
    run(net, x)  # moves the running statistics
    net.usage = Usage(value_range=(0.0, 1.0))
    net.use_cpu_kernels_()
    state = torch.get_rng_state()
    rebuilt = net.rebuild()
    assert torch.equal(torch.get_rng_state(), state)
    plain = rebuilt.rebuild()
    assert type(rebuilt) is type(net)
    assert rebuilt.usage == net.usage
    assert not rebuilt.training
    assert net.training
    state = net.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in rebuilt.state_dict().items())
    assert [type(module) for module in rebuilt.modules()] == [type(module) for module in plain.modules()]
    assert not any(a is b for a, b in zip(rebuilt.parameters(), net.parameters(), strict=True))
    with torch.no_grad():
        torch.testing.assert_close(run(rebuilt, x), run(net.eval(), x))
