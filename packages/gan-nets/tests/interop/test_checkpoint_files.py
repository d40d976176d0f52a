"""Checkpoint files, whatever else is in them, are read without executing anything."""

import pickle

import pytest
import torch
from gan_nets import interop


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


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello", bytes(200)])
def test_a_damaged_checkpoint_is_named(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is not a checkpoint that can be read safely"):
        interop.read_checkpoint(path)


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"w": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"net.pth is not a checkpoint"):
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
