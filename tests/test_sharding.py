"""Two processes with sharded networks equal one with whole ones; what torch cannot do is refused.

Real processes over gloo.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from gan_trainers import Run
from safetensors.torch import load_file
from torch import nn

RECIPE = str(Path(__file__).parent / "recipes" / "sharded.py")
ENVIRONMENT = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
ENVIRONMENT.pop("ACCELERATE_USE_CPU", None)
CASES = (
    "sharded", "only d", "unfrozen", "clip", "accumulate", "fused", "each layer", "fork", "resumed",
    "resumed whole",
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of the recipe on one process and on two."""
    folders = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    launchers = [], ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    for folder, launcher in zip(folders, launchers, strict=True):
        words = [sys.executable, *launcher, RECIPE, str(folder)]
        done = subprocess.run(
            words, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == 0, done.stderr
    return folders


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("process", [0, 1])
def test_sharded_networks_learn_as_whole_ones(runs, case, process):
    one, two = runs
    whole, sharded = (
        load_file(one / f"{case}-0.safetensors"),
        load_file(two / f"{case}-{process}.safetensors"),
    )
    assert whole.keys() == sharded.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(sharded[name], tensor, rtol=1e-9, atol=1e-11, msg=f"{name}: {case}")


def test_sharded_networks_learn_as_whole_ones_in_float32(runs):
    one, two = (load_file(out / "float32-0.safetensors") for out in runs)
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=1e-4, atol=1e-6, msg=name)


def test_a_sharded_run_resumes_on_one_process(runs, tmp_path):
    one, two = runs
    for name in ("settings.json", "scalars.jsonl", "checkpoints/00000003"):
        source, target = two / "sharded" / name, tmp_path / "resumed whole" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    done = subprocess.run([sys.executable, RECIPE, tmp_path, "resumed whole"], env=ENVIRONMENT, check=False)
    assert done.returncode == 0
    found = load_file(tmp_path / "resumed whole-0.safetensors")
    for name, tensor in load_file(one / "sharded-0.safetensors").items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-9, atol=1e-11, msg=name)


@pytest.mark.parametrize("name", ["sharded", "resumed"])
def test_a_checkpoint_holds_whole_tensors(runs, name):
    """And two processes that were interrupted write what those do that were not."""
    one, two = (load_file(out / name / "checkpoints/00000006/shared.safetensors") for out in runs)
    assert one.keys() == two.keys()
    for key, tensor in one.items():
        torch.testing.assert_close(two[key], tensor, rtol=1e-9, atol=1e-11, msg=key)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("twice", "Sequential is sharded already; pass each network to shard() once"),
        ("registered", "Sequential is registered already; call shard() before register()"),
        ("strange_part", "Linear of `parts` is in none of the networks"),
        (
            "penalty",
            "a gradient penalty needs the second derivative of a network, which",
        ),
        (
            "made_before",
            "'optimizer' has parameters that no registered network has; make it",
        ),
        ("averaging", "AdamWScheduleFree ('optimizer') averages weights itself"),
        ("mixed", "some networks of 'optimizer' are sharded and some not"),
        ("whole_average", "of 'ema' and its network one is sharded and the other is not"),
        ("late_average", "expected a whole network; got a sharded one; make its average before shard()"),
    ],
)
def test_what_cannot_be_is_refused_on_both(runs, case, sentence):
    for process in range(2):
        kind, said = json.loads((runs[1] / f"said-{process}.json").read_text())[case]
        assert kind == "ValueError"
        assert said.startswith(sentence)
    assert json.loads((runs[0] / "said-0.json").read_text())["penalty"] == ["nothing", ""]


def test_a_weight_that_one_process_lost_is_found_by_both(runs):
    for process in range(2):
        kind, said = json.loads((runs[1] / f"said-{process}.json").read_text())["not_finite"]
        assert kind == "FloatingPointError"
        assert said.startswith("weights of 'd' (0.bias) are not finite after step 1")


@pytest.mark.parametrize("used", [{"compile": True}, {"activation_checkpointing": True}])
def test_other_ways_to_save_memory_are_refused(tmp_path, used):
    run = Run(tmp_path, **used)
    with pytest.raises(ValueError, match=f"shard\\(\\) does not work together with {next(iter(used))}"):
        run.shard(nn.Linear(2, 1))
