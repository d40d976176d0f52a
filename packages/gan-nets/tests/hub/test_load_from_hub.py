"""Networks of repositories on the Hub: what is downloaded, and the sentence about what cannot be."""

import json
import time

import gan_nets
import pytest
import torch
from gan_nets import SRResNet, UNetGenerator


def test_a_repository_gives_the_network_that_is_in_it(hub, saved, same):
    net, folder = saved()
    hub.add("user/net", folder).commit("main", {"model.py": b"raise SystemExit", "pytorch_model.bin": b"?"})
    assert same(gan_nets.load("user/net"), net)
    assert same(SRResNet.from_pretrained("user/net"), net)
    files = {each.split("/", 5)[-1] for each in hub.requests if "/resolve/" in each}
    assert {each.rsplit("/", 1)[-1] for each in files} == {"config.json", "model.safetensors"}
    downloads = [each for each in hub.requests if each.startswith("GET storage/")]
    assert len(downloads) == 1  # the second call takes the weights of the same commit out of the cache


def test_a_folder_wins_and_nothing_is_contacted(hub, saved, same, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hub.add("user/net", saved("other", seed=1)[1])
    net, folder = saved("user/net")
    assert same(gan_nets.load("user/net"), net)
    assert same(gan_nets.load(folder), net)
    assert same(SRResNet.from_pretrained("user/net", token="hf_writer", local_files_only=True), net)
    assert same(gan_nets.load(folder.parent, subfolder="net"), net)
    with pytest.raises(ValueError, match="no revision for user/net, which is a folder and no repository on"):
        gan_nets.load("user/net", revision="main")
    for path in (folder / "user" / "net", "./net", "a/b/c", "name", "../net", "none/", "user/a--b"):
        with pytest.raises(FileNotFoundError, match=r"config.json is missing"):
            gan_nets.load(path)
    assert hub.requests == []


def test_branches_and_commits_are_revisions(hub, saved, same):
    (old, old_folder), (new, new_folder) = saved("old"), saved("new", seed=1)
    repository = hub.add("user/net", old_folder)
    first = repository.sha("main")
    hub.add("user/net", new_folder)
    hub.add("user/net", old_folder, branch="v1")
    assert same(gan_nets.load("user/net"), new)
    assert same(gan_nets.load("user/net", revision=first), old)
    assert same(SRResNet.from_pretrained("user/net", revision="v1"), old)
    with pytest.raises(FileNotFoundError, match="user/net has no revision v2; give one of its branches, tag"):
        gan_nets.load("user/net", revision="v2")


def test_a_push_is_seen_by_the_next_load(hub, saved, same):
    hub.add("user/net", saved("old")[1])
    gan_nets.load("user/net")
    net, folder = saved("new", seed=1)
    hub.add("user/net", folder)
    assert same(gan_nets.load("user/net"), net)


def test_a_subfolder_is_one_of_several_networks(hub, saved, same):
    for seed, name in enumerate(("a_to_b", "b_to_a")):
        hub.add("user/pair", saved(name, seed)[1], folder=f"{name}/")
    assert same(gan_nets.load("user/pair", subfolder="b_to_a"), saved("b_to_a", 1)[0])
    with pytest.raises(
        FileNotFoundError,
        match=r"user/pair has no config.json; name the folder of a network with .*: a_to_b, b_to_a",
    ):
        gan_nets.load("user/pair")
    with pytest.raises(FileNotFoundError, match=r"user/pair has no c/config.json; name the folder"):
        gan_nets.load("user/pair", subfolder="c")
    with pytest.raises(ValueError, match="user/pair is a repository on the Hub, not a run, so that 'a_to_b'"):
        gan_nets.load("user/pair", net="a_to_b")
    for outside in ("../a", "/a", "a/../../b", "a\\b"):
        with pytest.raises(ValueError, match="expected subfolder as a folder inside, such as a/b; got "):
            gan_nets.load("user/pair", subfolder=outside)


def test_a_private_repository_needs_its_token(hub, saved, same, monkeypatch):
    net, folder = saved()
    hub.add("user/secret", folder, private=True)
    message = (
        "user/secret is neither a folder here nor a repository on the Hub .*if the repository is private"
    )
    with pytest.raises(FileNotFoundError, match=message):
        gan_nets.load("user/secret")
    with pytest.raises(FileNotFoundError, match=message):
        gan_nets.load("user/secret", token="hf_reader")
    with pytest.raises(PermissionError, match="user/secret can't be read, since the token is not valid; log"):
        gan_nets.load("user/secret", token="hf_wrong")
    assert same(gan_nets.load("user/secret", token="hf_writer"), net)
    monkeypatch.setenv("HF_TOKEN", "hf_writer")
    assert same(gan_nets.load("user/secret", force_download=True), net)


def test_a_gated_repository_is_told_from_a_missing_one(hub, saved):
    hub.add("user/gated", saved()[1], gated=True)
    with pytest.raises(PermissionError, match="user/gated is gated; ask for access on its page on the Hub"):
        gan_nets.load("user/gated", token="hf_reader")
    with pytest.raises(
        FileNotFoundError, match="user/absent is neither a folder here nor a repository on th"
    ):
        gan_nets.load("user/absent")


def test_a_repository_of_another_library_is_refused_before_its_weights(hub, saved):
    foreign = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"x" * 1000}
    hub.add("user/bert").commit("main", foreign)
    with pytest.raises(ValueError, match=r"user/bert is no network of gan-nets: its config.json names no"):
        gan_nets.load("user/bert")
    assert not any("model.safetensors" in each for each in hub.requests)
    hub.add("user/empty")
    with pytest.raises(FileNotFoundError, match=r"user/empty has no config.json; expected .*`gan-nets push`"):
        gan_nets.load("user/empty")
    config = (saved()[1] / "config.json").read_bytes()
    hub.add("user/half").commit("main", {"config.json": config, "pytorch_model.bin": b""})
    with pytest.raises(FileNotFoundError, match=r"user/half has no model.safetensors; expected a repository"):
        gan_nets.load("user/half")


def test_a_class_that_is_none_of_ours_is_never_built(hub, saved):
    folder = saved()[1]
    config = json.loads((folder / "config.json").read_text()) | {"class": "os.system"}
    del config["weights"]
    (folder / "config.json").write_text(json.dumps(config))
    hub.add("user/net", folder)
    with pytest.raises(ValueError, match=r"names the class 'os.system', which is no network of gan_nets"):
        gan_nets.load("user/net")
    with pytest.raises(ValueError, match=r"describes a os.system, not a UNetGenerator"):
        UNetGenerator.from_pretrained("user/net")


def test_without_a_connection_the_cache_is_used(hub, saved, same, tmp_path, set_offline):
    net, folder = saved()
    hub.add("user/net", folder)
    with pytest.raises(
        FileNotFoundError, match="user/net is neither a folder here nor in the cache; load it once wi"
    ):
        gan_nets.load("user/net", local_files_only=True)
    gan_nets.load("user/net")
    cache = tmp_path / "cache"
    assert same(gan_nets.load("user/net", cache_dir=cache), net)
    assert (cache / "models--user--net").is_dir()
    before = len(hub.requests)
    assert same(gan_nets.load("user/net", local_files_only=True), net)
    set_offline(True)
    assert same(gan_nets.load("user/net"), net)
    with pytest.raises(
        FileNotFoundError, match="user/more is neither a folder here nor in the cache; load it once wh"
    ):
        gan_nets.load("user/more")
    assert len(hub.requests) == before


def test_a_server_that_is_down_or_broken_is_told(hub, saved, same, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between huggingface_hub's attempts
    net, folder = saved()
    hub.add("user/net", folder)
    gan_nets.load("user/net")
    hub.broken = True
    assert same(gan_nets.load("user/net"), net)
    with pytest.raises(
        ConnectionError, match=r"user/more is neither .* nor in the cache, and the Hub .*\(.*500.*\); check"
    ):
        gan_nets.load("user/more")
    hub.shutdown()
    hub.server_close()
    assert same(gan_nets.load("user/net"), net)
    with pytest.raises(
        ConnectionError, match=r"user/more is neither .* nor in the cache, and the Hub can't be reached \("
    ):
        gan_nets.load("user/more")


def test_device_and_type_are_of_folders_and_repositories(hub, saved):
    folder = saved()[1]
    hub.add("user/net", folder)
    for path in (folder, "user/net"):
        for load in (gan_nets.load, SRResNet.from_pretrained):
            net = load(path, device="meta", dtype=torch.bfloat16)
            state = net.state_dict().values()
            assert {value.device.type for value in state} == {"meta"}
            assert {value.dtype for value in state if value.is_floating_point()} == {torch.bfloat16}
            assert not net.training
    requests = len(hub.requests)
    with pytest.raises(ValueError, match="device abacus is not available here"):
        gan_nets.load("user/net", device="abacus")
    for dtype in (torch.int64, torch.float8_e4m3fn, "float16"):
        with pytest.raises(
            ValueError, match=r"expected dtype as a floating-point type such as torch.bfloat16"
        ):
            gan_nets.load("user/net", dtype=dtype)
    assert len(hub.requests) == requests


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"map_location": "cpu"}, "has no argument map_location; use device="),
        ({"torch_dtype": torch.float16}, "has no argument torch_dtype; use dtype="),
        ({"strict": False}, "has no argument strict; leave it out, since keys and shapes always"),
        (
            {"hue": 3},
            "has no argument hue; it has in_channels, out_channels, scale, blocks, width, norm",
        ),
    ],
)
def test_other_arguments_are_refused_in_one_sentence(hub, arguments, message):
    with pytest.raises(TypeError, match=rf"SRResNet.from_pretrained {message}"):
        SRResNet.from_pretrained("user/net", **arguments)
    assert hub.requests == []
