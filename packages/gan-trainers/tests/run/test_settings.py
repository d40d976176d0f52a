import json
from importlib.metadata import version
from pathlib import Path

import pytest
from gan_trainers import Run, __version__


def recorded(folder):
    return json.loads((folder / "settings.json").read_text())


def test_settings_versions_commit_and_command(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["examples/cut.py", "paper", "--data", "my photos"])
    run = Run(tmp_path, settings={"data": Path("photos"), "size": 64, "betas": (0.5, 0.999)})
    run.resume()
    content = recorded(tmp_path)
    assert content["settings"] == {"data": "photos", "size": 64, "betas": [0.5, 0.999]}
    assert content["versions"]["torch"] == version("torch")
    assert content["versions"]["gan-trainers"] == __version__
    assert content["git_commit"] is None or len(content["git_commit"]) == 40
    assert content["command"] == "python examples/cut.py paper --data 'my photos'"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "settings.json is missing; the options until now are unknown"),
        (
            "",
            "settings.json is damaged (Expecting value: line 1 column 1 (char 0)); the options until now are",
        ),
        ('{"settings": {"lr": 0.1', "settings.json is damaged (Expecting"),
        ("[]", "settings.json is damaged ("),
        ("[" * 5000, "settings.json is damaged ("),
        ('{"settings": 3}', "settings.json is damaged; its settings cannot be read"),
        (
            '{"settings": {"lr": 0.1}, "versions": []}',
            "settings.json is damaged; its versions cannot be read",
        ),
    ],
)
def test_a_run_resumes_without_its_settings_and_says_so(tiny_run, capsys, content, sentence):
    run, _, _, loader = tiny_run(settings={"lr": 0.1})
    for _ in run.steps(loader, until=1):
        run.save()
    file = run.out / "settings.json"
    file.unlink() if content is None else file.write_text(content)
    capsys.readouterr()
    assert tiny_run(settings={"lr": 0.1})[0].step == 1
    assert sentence in capsys.readouterr().err
    assert recorded(run.out)["settings"] == {"lr": 0.1}


def test_values_that_are_known_late_and_what_was_chosen_are_recorded(tmp_path):
    run = Run(tmp_path, precision="bf16", settings={"steps": None})
    run.settings["steps"] = 12
    run.resume()
    content = recorded(tmp_path)
    assert content["settings"] == {"steps": 12}
    assert content["computation"] == {
        "device": "cpu", "processes": 1, "precision": "bf16", "channels_last": False,
    }  # fmt: skip
