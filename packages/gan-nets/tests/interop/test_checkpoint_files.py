"""Checkpoint files, whatever else is in them, are read without executing anything."""

import pickle
import zipfile

import pytest
import torch
from gan_nets import interop
from safetensors.torch import save_file


class Payload:
    def __reduce__(self):
        return (print, ("executed",))


def test_code_in_a_checkpoint_is_never_executed(tmp_path, capsys):
    path = tmp_path / "evil.pth"
    torch.save({"weight": Payload()}, path)
    with pytest.raises(ValueError, match=r"evil.pth is not a checkpoint that can be read safely"):
        interop.read_checkpoint(path)
    path.write_bytes(pickle.dumps(Payload(), protocol=2))
    with pytest.raises(ValueError, match=r"evil.pth is not a checkpoint that can be read safely"):
        interop.read_checkpoint(path)
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["net.pth", "net.SAFETENSORS"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\); download it again"),
        (b"\n<!DOCTYPE html><html><head>", r"is a web page \(HTML\); download it again"),
        (b"<HTML><body>", r"is a web page \(HTML\)"),
        (
            b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>',
            "is a page of XML, as servers send for an",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "is a git-lfs pointer .* `git lfs pull`",
        ),
        (b'{"error": "Invalid username or password."}', "is JSON, not tensors"),
        (b"Entry not found", r"is a text \('Entry not found'\), not tensors; download it again"),
        (b"\x1f\x8b\x08", "is a gzip archive; unpack it first"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, as Keras writes"),
        (b"PK\x03\x04" + bytes(40), "is cut off or damaged .the zip archive has no end.; download it again"),
        (b"hello", r"is not a checkpoint that can be read safely \(it is cut off or damaged\); download it"),
        (
            bytes(200),
            r"is not a checkpoint that can be read safely \(it is cut off or damaged\); download it",
        ),
    ],
)
def test_what_came_instead_of_a_checkpoint_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} {message}") as error:
        interop.read_checkpoint(path)
    assert "trust" not in str(error.value)  # there is nothing to unpickle


FORMATS = {
    "zip": torch.save,
    "legacy": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "safetensors": save_file,
}


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.2, 0.5, 0.999])
def test_a_download_that_was_cut_off_is_said_to_be(tmp_path, written, part):
    path = tmp_path / "net.pth"
    FORMATS[written]({f"w{number}": torch.randn(300) for number in range(3)}, path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"net.pth is .*cut off.*; download it again") as error:
        interop.read_checkpoint(path)
    assert "trust" not in str(error.value)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("name", ["net.pth", "NET.SAFETENSORS", "net.safetensors", "net.ckpt", "net"])
def test_the_format_is_that_of_the_content_whatever_the_name(tmp_path, written, name):
    FORMATS[written](numbered(3), tmp_path / name)
    assert interop.read_checkpoint(tmp_path / name)["w"].item() == 3


def test_archives_and_programs_are_named(tmp_path):
    path = tmp_path / "net.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("release/net.pth", b"...")
    with pytest.raises(
        ValueError, match=r"net.pth is a zip archive of release/net.pth; unpack it and choose"
    ):
        interop.read_checkpoint(path)
    torch.jit.save(torch.jit.trace(torch.nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 2, 2)), path)
    with pytest.raises(ValueError, match=r"net.pth is a TorchScript program, .*torch.jit.load"):
        interop.read_checkpoint(path)


def save(path, content):
    torch.save(content, path)
    return path


def test_anything_but_named_tensors_is_refused(tmp_path):
    path = save(tmp_path / "all.pth", {"epoch": 3, "loss": [0.1]})
    with pytest.raises(
        ValueError, match=r"all.pth holds a dict with \['epoch', 'loss'\]; expected one state"
    ):
        interop.read_checkpoint(path)
    with pytest.raises(ValueError, match=r"list.pth holds list; expected one state dict"):
        interop.read_checkpoint(save(tmp_path / "list.pth", [torch.zeros(1)]))
    with pytest.raises(FileNotFoundError, match=r"none.pth is not a file"):
        interop.read_checkpoint(tmp_path / "none.pth")


def numbered(number):
    return {"w": torch.tensor([float(number)])}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"params": numbered(1), "params_ema": numbered(2)}, 2),  # BasicSR
        ({"g": numbered(1), "d": numbered(2)}, 1),  # FastGAN
        ({"g": numbered(1), "d": numbered(2), "g_ema": [torch.tensor([3.0])], "opt_g": {"state": {}}}, 3),
        ({"epoch": 5, "state_dict": numbered(1), "optimizer": {"state": {}, "param_groups": []}}, 1),
        ({"generator_state_dict": numbered(1), "discriminator_state_dict": numbered(2)}, 1),
        ({"netG": numbered(1), "netD": numbered(2)}, 1),
        ({"colorizer": numbered(1), "epoch": 2}, 1),
        ({"model": {"generator": numbered(1), "discriminator": numbered(2)}, "step": 9}, 1),
        (
            {
                "netG": numbered(1),
                "netG_ema": numbered(2),
                "optimizer": {"state": {0: {"m": torch.zeros(1)}}},
            },
            2,
        ),
        ({"EMA": numbered(2), "loss": torch.tensor(0.1), "g": numbered(1)}, 2),
    ],
)
def test_the_generator_is_chosen_averaged_weights_first(tmp_path, content, expected):
    assert interop.read_checkpoint(save(tmp_path / "all.pth", content))["w"].item() == expected


def test_averaged_weights_of_a_basicsr_file_are_preferred(tmp_path):
    state = {"a": torch.zeros(1)}
    torch.save({"params": {"a": torch.ones(1)}}, tmp_path / "net.pth")
    assert interop.read_checkpoint(tmp_path / "net.pth") == {"a": torch.ones(1)}
    torch.save({"params": {"a": torch.ones(1)}, "params_ema": state}, tmp_path / "net.pth")
    assert interop.read_checkpoint(tmp_path / "net.pth") == state


def test_a_part_is_taken_by_name(tmp_path):
    path = save(tmp_path / "all.pth", {"g_a": numbered(1), "g_b": numbered(2)})
    assert interop.read_checkpoint(path, part="g_b")["w"].item() == 2
    with pytest.raises(ValueError, match=r"all.pth holds several networks; name one of its parts: g_a, g_b"):
        interop.read_checkpoint(path)
    with pytest.raises(ValueError, match=r"all.pth holds no part 'd'; name one of its parts: g_a, g_b"):
        interop.read_checkpoint(path, part="d")
    with pytest.raises(ValueError, match=r"one.pth is one state dict, without a part 'd'; take it whole"):
        interop.read_checkpoint(save(tmp_path / "one.pth", numbered(1)), part="d")


def test_averaged_weights_that_do_not_fit_are_refused(tmp_path):
    path = save(tmp_path / "all.pth", {"g": numbered(1), "g_ema": [torch.zeros(1)] * 2})
    with pytest.raises(ValueError, match="expected 'g_ema' to have the 1 parameters of 'g'; got 2"):
        interop.read_checkpoint(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["network.pkl", "network.pth"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_the_error_for_a_pickled_network_says_how_to_extract_its_tensors(tmp_path, capsys, protocol, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"G_ema": Payload()}, protocol=protocol))
    with pytest.raises(
        ValueError,
        match=r"(it would run .*print|more than tensors).*; if you trust it, .*state_dict.*'G_ema'",
    ) as error:
        interop.read_checkpoint(path)
    assert "weights_only" not in str(error.value)  # torch's advice is to execute it
    assert "executed" not in capsys.readouterr().out


def test_a_flipped_byte_in_a_tensor_is_found(tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"first": torch.ones(8), "second": torch.zeros(8)}, path)
    content = bytearray(path.read_bytes())
    place = content.index(torch.ones(8).numpy().tobytes())
    content[place + 3] ^= 0x41
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"net.pth is not a checkpoint that can be read safely \(it is cut off"
    ):
        interop.read_checkpoint(path)


def test_a_file_without_checksums_is_read(tmp_path):
    path = tmp_path / "net.pth"
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"weight": torch.ones(8)}, path)
    finally:
        torch.serialization.set_crc32_options(before)
    assert torch.equal(interop.read_checkpoint(path)["weight"], torch.ones(8))
