import json
from pathlib import Path

import torch
from gan_trainers import Run, __version__


def test_settings_versions_and_commit(tmp_path):
    run = Run(tmp_path, settings={"data": Path("photos"), "size": 64, "betas": (0.5, 0.999)})
    run.resume()
    content = json.loads((tmp_path / "settings.json").read_text())
    assert content["settings"] == {"data": "photos", "size": 64, "betas": [0.5, 0.999]}
    assert content["versions"]["torch"] == torch.__version__.split("+")[0] or content["versions"]["torch"]
    assert content["versions"]["gan-trainers"] == __version__
    assert content["git_commit"] is None or len(content["git_commit"]) == 40
