"""A folder of a network: checksums, and both files at once or neither."""

import json
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_nets import UNetGenerator, Usage
from safetensors.torch import load_file, save_file


def unet(depth=2):
    net = UNetGenerator(depth=depth, width=2).eval()
    net.usage = Usage(value_range=(0.0, float(depth)))
    return net


def same(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return one.usage == other.usage and all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in pairs)


@pytest.fixture
def folder(tmp_path):
    unet().save_pretrained(tmp_path / "net")
    return tmp_path / "net"


def flip(path, place, bit):
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_a_flipped_bit_anywhere_is_found_and_the_file_named(folder):
    weights = folder / "model.safetensors"
    size, good = weights.stat().st_size, weights.read_bytes()
    for place in [0, 9, 20, *range(30, size, size // 60), size - 1]:
        flip(weights, place, place % 8)
        with pytest.raises(ValueError, match=r"model.safetensors (is|does not)"):
            gan_nets.load(folder)
        weights.write_bytes(good)
    assert same(gan_nets.load(folder), gan_nets.load(folder))


def test_numbers_that_differ_are_named_by_their_key(folder):
    flip(folder / "model.safetensors", -1, 6)
    with pytest.raises(
        ValueError, match=r"model.safetensors is damaged \(the checksum of \S+ is another one\); save or"
    ):
        gan_nets.load(folder)


def test_a_folder_without_checksums_is_loaded(folder):
    """Of somebody else, or of an earlier version."""
    net = gan_nets.load(folder)
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors")
    with pytest.raises(ValueError, match=r'not the file that .*config.json was written .*remove "weights"'):
        gan_nets.load(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["weights"]
    (folder / "config.json").write_text(json.dumps(config))
    assert same(gan_nets.load(folder), net)


@pytest.mark.parametrize("failing", ["config.json", "model.safetensors"])
def test_a_file_that_cannot_be_replaced_leaves_both(folder, failing, monkeypatch):
    former, replace = gan_nets.load(folder), Path.replace
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def refuse(self, target):
        if Path(target).name == failing and ".writing" in self.name:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(
        OSError, match=r"model.safetensors cannot be written \(.*No space left.*\); make room"
    ):
        unet(depth=3).save_pretrained(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert same(gan_nets.load(folder), former)


def test_a_config_of_a_save_that_did_not_end_is_left_for_the_description_in_the_weights(folder, tmp_path):
    former, later = gan_nets.load(folder), unet(depth=3)
    later.save_pretrained(tmp_path / "later")
    (tmp_path / "later" / "config.json").replace(folder / "config.json")  # killed before the weights
    with pytest.warns(
        UserWarning, match=r"config.json was written for other weights, by a save that did not"
    ):
        assert same(gan_nets.load(folder), former)
    flip(folder / "model.safetensors", 60, 1)
    with pytest.raises(ValueError, match=r"model.safetensors is damaged"):
        gan_nets.load(folder)
    later.save_pretrained(folder)
    assert same(gan_nets.load(folder), later)


def test_an_edited_config_is_taken_as_it_is(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"batch_statistics_at_inference": True}))
    assert gan_nets.load(folder).describe()["batch_statistics_at_inference"]


def test_the_same_network_is_the_same_bytes(folder, tmp_path):
    gan_nets.load(folder).save_pretrained(tmp_path / "again")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
