"""Kill -9 at a random moment: the same command resumes from a complete checkpoint, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image
from safetensors import safe_open

RECIPES = Path(__file__).parent / "recipes"


def tensors(folder):
    """Every byte of every tensor of a checkpoint, by file and name."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "np") as content:
            found |= {f"{file.name} {key}": content.get_tensor(key).tobytes() for key in content.keys()}  # noqa: SIM118
    return found


def plain(folder):
    """The rest of a checkpoint, without the time it took."""
    texts = [file.read_text() for file in sorted(folder.glob("*.json"))]
    trees = json.dumps([json.loads(text, object_hook=without_seconds) for text in texts])
    assert "seconds" not in trees
    return trees


def without_seconds(tree):
    if "map" in tree:
        tree["map"] = [entry for entry in tree["map"] if entry[0] != "seconds"]
    tree.pop("checksum", None)  # that of the time as well
    return tree


def rows(folder):
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
    return lines


def assert_same_run(one, other):
    names = [sorted(path.name for path in (out / "checkpoints").iterdir()) for out in (one, other)]
    assert names[0] == names[1]  # no leftovers either
    for name in names[0]:
        left, right = one / "checkpoints" / name, other / "checkpoints" / name
        if left.is_file():
            assert left.read_text() == right.read_text()
            continue
        assert tensors(left) == tensors(right)
        assert plain(left) == plain(right)
    assert rows(one) == rows(other)
    previews = [
        sorted(path.relative_to(out) for path in out.rglob("previews/*/*.png")) for out in (one, other)
    ]
    assert previews[0] == previews[1]
    assert all((one / preview).read_bytes() == (other / preview).read_bytes() for preview in previews[0])


def test_killed_ten_times_equals_uninterrupted(tmp_path):
    driver = [sys.executable, str(RECIPES / "kill_often.py"), str(tmp_path), "0", "1"]
    done = subprocess.run(driver, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for seed in ("0", "1"):
        whole, killed = tmp_path / seed / "whole", tmp_path / seed / "killed"
        steps = {path.name for path in (killed / "checkpoints").iterdir()}
        assert {"00000021", "best", "latest"} <= steps
        for out in (killed, *(tmp_path / seed).glob("survived-*")):
            assert_same_run(whole, out)
        with Image.open(killed / "curves.png") as curves:
            curves.load()
