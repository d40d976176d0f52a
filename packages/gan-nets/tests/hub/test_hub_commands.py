"""`gan-nets` with repositories on the Hub."""

import json
import os
import subprocess
import sys

import gan_nets
import numpy as np
import pytest
from gan_nets import UNetGenerator
from gan_nets.commands import main
from huggingface_hub import ModelCard
from PIL import Image


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    return tmp_path / "in.png"


def stopped_with(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return stopped.value.code, error


def test_translate_and_export_take_a_repository(hub, saved, picture, tmp_path):
    hub.add("user/net", saved()[1], folder="x2/", branch="v1")
    options = ["--revision", "v1", "--subfolder", "x2"]
    main(["translate", "user/net", str(picture), "-o", str(tmp_path / "out.png"), *options])
    with Image.open(tmp_path / "out.png") as result:
        assert result.size == (12, 10)
    main(["export", "user/net", str(tmp_path / "net.pt2"), *options])
    assert (tmp_path / "net.pt2").is_file()


def test_what_is_missing_is_one_sentence(hub, saved, picture, tmp_path, capsys):
    hub.add("user/net", saved()[1])
    out = ["-o", str(tmp_path / "out.png")]
    code, error = stopped_with(["translate", "user/absent", str(picture), *out], capsys)
    assert (code, error.partition(" on the Hub")[0]) == (
        1,
        "error: user/absent is neither a folder here nor a repository",
    )
    arguments = ["translate", "user/net", str(picture), *out, "--revision", "v9"]
    assert "user/net has no revision v9; give one" in stopped_with(arguments, capsys)[1]
    arguments = ["export", "user/net", str(tmp_path / "n.pt2"), "--subfolder", "a/../.."]
    assert "expected subfolder as a folder inside" in stopped_with(arguments, capsys)[1]


def run_of(tmp_path):
    """The folder of a run with two networks, as gan-trainers writes it."""
    run = tmp_path / "run"
    for name in ("a_to_b", "b_to_a"):
        UNetGenerator(depth=2, width=2).save_pretrained(run / name)
    (run / "settings.json").write_text(
        json.dumps(
            {"settings": {"size": 64}, "command": "python examples/cyclegan.py --data /data/me/horses"}
        )
    )
    (run / "scalars.jsonl").write_text('{"step": 20, "images": 40, "psnr": 21.5}\n')
    return run


def test_push_uploads_a_network_of_a_run_with_its_figures(hub, tmp_path, monkeypatch, capsys, same):
    monkeypatch.setenv("HF_TOKEN", "hf_writer")
    run = run_of(tmp_path)
    arguments = ["push", str(run), "user/horses", "--net", "a_to_b", "--private", "--license", "cc-by-4.0"]
    main([*arguments, "--dataset", "user/one", "--dataset", "user/two", "-m", "The first"])
    repository = hub.repositories["user/horses"]
    assert capsys.readouterr().out == (
        f"network: UNetGenerator\npushed:  {hub.address}/user/horses/commit/{repository.sha('main')}\n"
    )
    assert repository.private
    assert repository.messages[1:] == ["The first"]
    card = ModelCard(repository.files("main")["README.md"].decode())
    assert (card.data.license, card.data.datasets) == ("cc-by-4.0", ["user/one", "user/two"])
    assert "20 steps, 40 images. Images or crops of 64x64 pixels." in card.text
    assert "| psnr | 21.5 | 20 |" in card.text
    assert "python examples/cyclegan.py --data horses\n" in card.text
    assert "/data" not in card.text
    assert same(gan_nets.load("user/horses"), gan_nets.load(run, "a_to_b"))


def test_the_readme_of_a_runs_network_is_used(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_writer")
    run = run_of(tmp_path)
    (run / "b_to_a" / "README.md").write_text("My own words.")
    main(["push", str(run), "user/horses", "--net", "b_to_a", "--revision", "v1", "--subfolder", "b"])
    files = hub.repositories["user/horses"].files("v1")
    assert files["b/README.md"].decode().endswith("My own words.")


def test_push_refuses_what_is_no_network_and_no_name(hub, saved, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_writer")
    folder = saved()[1]
    for name in ("net", "a/b/c", "user/a--b"):
        code, error = stopped_with(["push", str(folder), name], capsys)
        assert (code, error) == (2, f"error: expected REPOSITORY as user/name; got {name}\n")
    code, error = stopped_with(["push", str(tmp_path / "absent"), "user/net"], capsys)
    assert code == 1
    assert "config.json is missing" in error
    (folder / "model.safetensors").write_bytes(b"damaged")
    assert "model.safetensors is damaged" in stopped_with(["push", str(folder), "user/net"], capsys)[1]
    assert "several networks" in stopped_with(["push", str(run_of(tmp_path)), "user/net"], capsys)[1]
    assert hub.requests == []


def test_processes_find_the_hub_the_token_and_the_cache_in_the_environment(hub, saved, same, tmp_path):
    net, folder = saved()

    def run(*command, **changes):
        environment = {**os.environ, **changes}
        return subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
        )

    pushed = run("-m", "gan_nets", "push", str(folder), "user/net", "--private", HF_TOKEN="hf_writer")
    assert pushed.stdout.startswith(f"network: SRResNet\npushed:  {hub.address}/user/net/commit/")
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "token").write_text("hf_writer")  # where `hf auth login` stores it
    code = f"import gan_nets; gan_nets.load('user/net').save_pretrained({str(tmp_path / 'loaded')!r})"
    assert run("-c", code).returncode == 0
    assert same(gan_nets.load(tmp_path / "loaded"), net)
    before = len(hub.requests)
    assert run("-c", code, HF_HUB_OFFLINE="1").returncode == 0
    assert len(hub.requests) == before
