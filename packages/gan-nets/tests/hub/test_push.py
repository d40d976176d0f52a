"""Networks to repositories on the Hub, and back."""

import json
import time

import gan_nets
import pytest
import torch
from gan_nets import SRResNet, Usage
from huggingface_hub import ModelCard


@pytest.fixture(autouse=True)
def _token(hub, monkeypatch):  # noqa: ARG001  # after it, which removes other tokens
    monkeypatch.setenv("HF_TOKEN", "hf_writer")


def card(repository, path="README.md", branch="main"):
    return ModelCard(repository.files(branch)[path].decode())


def test_what_is_pushed_is_what_is_loaded(hub, saved, same):
    net, folder = saved()
    address = net.push_to_hub("user/net", license="apache-2.0", datasets=["user/photos"])
    repository = hub.repositories["user/net"]
    assert address == f"{hub.address}/user/net/commit/{repository.sha('main')}"
    assert not repository.private
    assert repository.messages[1:] == ["Upload a network with gan-nets"]  # one commit
    assert same(gan_nets.load("user/net"), net)
    files = repository.files("main")
    assert set(files) == {"README.md", "config.json", "model.safetensors"}
    for name in ("config.json", "model.safetensors"):
        assert files[name] == (folder / name).read_bytes()
    pushed = card(repository)
    assert pushed.data.to_dict() == {
        "library_name": "gan-nets",
        "license": "apache-2.0",
        "pipeline_tag": "image-to-image",
        "tags": ["gan", "model_hub_mixin", "pytorch_model_hub_mixin", "super-resolution"],
        "datasets": ["user/photos"],
    }
    assert 'net = gan_nets.load("user/net")\n' in pushed.text
    assert "gan-nets translate user/net picture.png -o result.png" in pushed.text
    assert "path/to" not in pushed.text


def test_a_branch_and_a_folder_are_in_the_example(hub, saved, same):
    (one, _), (other, _) = saved("one"), saved("other", seed=1)
    one.push_to_hub("user/pair", subfolder="a_to_b", branch="v1", commit_message="The first")
    other.push_to_hub("user/pair", subfolder="b_to_a", branch="v1")
    repository = hub.repositories["user/pair"]
    assert set(repository.files("main")) == {"README.md"}
    assert repository.messages[1] == "The first"
    for name, net in (("a_to_b", one), ("b_to_a", other)):
        assert same(gan_nets.load("user/pair", revision="v1", subfolder=name), net)
        text = card(repository, f"{name}/README.md", "v1").text
        assert f'gan_nets.load("user/pair", revision="v1", subfolder="{name}")' in text
        assert f"gan-nets translate user/pair --revision v1 --subfolder {name} picture.png" in text


def test_a_private_repository_is_made_and_a_public_one_is_not_taken_for_it(hub, saved, same):
    net, _ = saved()
    net.push_to_hub("user/secret", private=True)
    assert hub.repositories["user/secret"].private
    assert same(gan_nets.load("user/secret"), net)
    public = hub.add("user/public")
    with pytest.raises(ValueError, match="user/public exists and is public; make it private on the Hub, or"):
        net.push_to_hub("user/public", private=True)
    assert set(public.files("main")) == {"README.md"}


def test_saving_can_push_to_a_repository_of_the_folders_name(hub, saved, same, tmp_path):
    net, _ = saved()
    address = net.save_pretrained(tmp_path / "enlarger", push_to_hub=True, license="mit", private=True)
    assert address.startswith(f"{hub.address}/user/enlarger/commit/")
    assert same(gan_nets.load("user/enlarger"), net)
    assert card(hub.repositories["user/enlarger"]).data.license == "mit"


def test_other_files_and_the_metadata_of_a_repository_stay(hub, saved):
    front = b"---\nlicense: mit\nlanguage: en\ntags: [mine]\n---\n"
    hub.add("user/net").commit("main", {"README.md": front, "sample.png": b"picture"})
    saved()[0].push_to_hub("user/net")
    repository = hub.repositories["user/net"]
    data = card(repository).data
    assert repository.files("main")["sample.png"] == b"picture"
    assert (data.license, data.language, data.library_name) == ("mit", "en", "gan-nets")
    assert {"mine", "gan"} <= set(data.tags)
    saved()[0].push_to_hub("user/net", license="apache-2.0")
    assert card(repository).data.license == "apache-2.0"


def test_a_text_that_somebody_wrote_stays(hub, saved):
    net, folder = saved()
    net.push_to_hub("user/net")
    written = card(hub.repositories["user/net"])
    written.text += "\nTrained on my own photos.\n"
    hub.repositories["user/net"].commit("main", {"README.md": str(written).encode()})
    net.push_to_hub("user/net", folder=folder, license="mit")
    pushed = card(hub.repositories["user/net"])
    assert pushed.text.strip().endswith("Trained on my own photos.")
    assert pushed.data.license == "mit"
    (folder / "README.md").write_text("Mine: gan_nets.load('path/to/this/folder')")
    net.push_to_hub("user/net", folder=folder)
    pushed = card(hub.repositories["user/net"])
    assert pushed.text.strip() == "Mine: gan_nets.load('user/net')"
    assert (pushed.data.license, pushed.data.pipeline_tag) == ("mit", "image-to-image")
    assert (folder / "README.md").read_text() == "Mine: gan_nets.load('path/to/this/folder')"


def test_an_unedited_text_follows_the_network(hub, saved):
    net, folder = saved()
    net.push_to_hub("user/net")
    net.usage = Usage("enlarge", trained_size=48)
    net.push_to_hub("user/net", folder=folder)
    assert "trained on images of 48x48 pixels" in card(hub.repositories["user/net"]).text


@pytest.mark.parametrize(
    ("token", "name", "error", "message"),
    [
        (
            "",
            "user/net",
            PermissionError,
            "user/net needs a token that may write to it; log in with `hf auth",
        ),
        ("hf_wrong", "user/net", PermissionError, "user/net needs a token that may write to it; log in with"),
        (
            "hf_reader",
            "user/net",
            PermissionError,
            "user/net can't be written with this token; give it write",
        ),
        ("", "net", PermissionError, "net needs a token that may write to it"),
    ],
)
def test_who_may_not_write_is_told_in_one_sentence(hub, saved, monkeypatch, token, name, error, message):
    monkeypatch.setenv("HF_TOKEN", token)
    hub.add("user/net")
    with pytest.raises(error, match=message):
        saved()[0].push_to_hub(name)
    assert set(hub.repositories["user/net"].files("main")) == {"README.md"}


def test_nothing_is_made_or_uploaded_before_all_is_checked(hub, saved, monkeypatch, set_offline):
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between huggingface_hub's attempts
    net, folder = saved()
    with pytest.raises(
        ValueError, match=r"the Hub refuses the front matter of README.md \(.*license.*\); chec"
    ):
        net.push_to_hub("user/net", license="nonsense")
    with pytest.raises(ValueError, match=r"expected subfolder as a folder inside, such as a/b; got ../a"):
        net.push_to_hub("user/net", subfolder="../a")
    (folder / "README.md").write_text("---\n- [broken\n---\n")
    with pytest.raises(ValueError, match=r"net/README.md has a front matter that can't be read \(.*\); mend"):
        net.push_to_hub("user/net", folder=folder)
    set_offline(True)
    with pytest.raises(ConnectionError, match="user/net can't be written while HF_HUB_OFFLINE is set; unset"):
        net.push_to_hub("user/net")
    hub.shutdown()
    hub.server_close()
    set_offline(False)
    with pytest.raises(
        ConnectionError, match=r"user/net can't be uploaded \(.*\); check the connection, and"
    ):
        net.push_to_hub("user/net")
    assert hub.repositories == {}
    assert hub.storage == {}


def test_half_precision_is_uploaded_as_it_is(hub):
    torch.manual_seed(0)
    net = SRResNet(scale=2, blocks=1, width=2).eval().half()
    net.push_to_hub("user/half")
    loaded = gan_nets.load("user/half", dtype=torch.float16)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), net.parameters(), strict=True))
    config = json.loads(hub.repositories["user/half"].files("main")["config.json"])
    assert config["class"] == "SRResNet"
