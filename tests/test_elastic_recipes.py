"""Recipes on one process, then on three end with the weights of an uninterrupted run on one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

DRIVER = Path(__file__).parent / "recipes" / "elastic_recipes.py"
# Not compared: the running mean of the first process's samples, which only truncation uses; and biases that
# an instance normalization removes, whose gradient is rounding alone, which Adam magnifies.
EXCEPT = {
    "progan": ("mean_style", "first.0.bias"),
    "stylegan2": ("mean_style",),
    "cut": ("d.blocks.1.conv.bias",),
}
CASES = ("stylegan2", "progan", "r3gan", "pix2pix", "colorize", "cut", "cogan", "projected_gan")


@pytest.fixture(scope="module")
def runs(photos, few_portraits, tmp_path_factory):
    """The folder with the runs of each case."""
    out = tmp_path_factory.mktemp("elastic")
    done = subprocess.run(
        [sys.executable, DRIVER, out, photos, few_portraits, "1,3", *CASES],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "GAN_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forks")
@pytest.mark.parametrize("case", CASES)
def test_one_process_and_then_three_equal_one(runs, case):
    """Latents, style mixing, noise, augmentation, dropout, penalties and patches included.

    In float32; Projected GAN in float64.
    """
    whole, parts = (runs / case / name / "checkpoints" / "00000002" for name in ("whole", "parts"))
    assert (parts / "process-2.json").exists()
    expected, got = load_file(whole / "shared.safetensors"), load_file(parts / "shared.safetensors")
    assert got.keys() == expected.keys()
    started = load_file(whole.with_name("00000001") / "shared.safetensors")
    weights = [name for name in expected if ".opt_" not in name and not name.endswith(EXCEPT.get(case, ()))]
    moved = [(expected[name] - started[name]).abs().max() for name in weights if name.endswith("weight")]
    assert max(moved) > 5e-5  # in the step that three processes made, five times the tolerance
    for name in weights:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-5, atol=1e-5, msg=name)
