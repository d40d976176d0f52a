import json
from importlib.metadata import version
from pathlib import Path

from gan_trainers import Run, __version__


def recorded(folder):
    return json.loads((folder / "settings.json").read_text())


def test_settings_versions_and_commit(tmp_path):
    run = Run(tmp_path, settings={"data": Path("photos"), "size": 64, "betas": (0.5, 0.999)})
    run.resume()
    content = recorded(tmp_path)
    assert content["settings"] == {"data": "photos", "size": 64, "betas": [0.5, 0.999]}
    assert content["versions"]["torch"] == version("torch")
    assert content["versions"]["gan-trainers"] == __version__
    assert content["git_commit"] is None or len(content["git_commit"]) == 40


def test_values_that_are_known_late_and_what_was_chosen_are_recorded(tmp_path):
    run = Run(tmp_path, precision="bf16", settings={"steps": None})
    run.settings["steps"] = 12
    run.resume()
    content = recorded(tmp_path)
    assert content["settings"] == {"steps": 12}
    assert content["computation"] == {
        "device": "cpu", "processes": 1, "precision": "bf16", "channels_last": True,
    }  # fmt: skip
