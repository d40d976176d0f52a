"""--patience of the recipes that draw from noise: it ends a run, which stays ended, as a resumed one does."""

import pytest
import torch
from gan_trainers import read_scalars
from safetensors.torch import load_file

SHARED = {"batch_size": 2, "samples": 4, "judge_weights": "random", "patience": 2, "evaluate_every": 1}
CASES = {  # options, and the steps before the phase in which patience counts
    "r3gan": ({"size": 8, "latents": 4, "base_channels": 64, "burn_in": 4, "steps": 8}, 0),
    "stylegan2": (
        {"size": 8, "latents": 4, "styles": 4, "mapping_layers": 1, "base_channels": 32, "steps": 8},
        0,
    ),
    "progan": ({"size": 8, "latents": 4, "base_channels": 32, "images": 16}, 16),
    "projected_gan": ({"size": 64, "width": 4, "resize": 128, "weights": "random", "steps": 8}, 0),
}


@pytest.fixture(params=CASES)
def case(example, request):
    changes, before = CASES[request.param]
    return example(request.param), {**SHARED, **changes}, before


def measured(recipe, monkeypatch, before):
    """Distances that only grow from the second evaluation on that counts."""
    monkeypatch.setattr(
        recipe.Evaluation, "measure", lambda evaluation: abs(evaluation.run.step - before - 2.0)
    )


def steps_of(out):
    return read_scalars(out / "scalars.jsonl")[-1]["step"]


def test_a_run_ends_after_evaluations_without_improvement(case, train, photos, tmp_path, monkeypatch):
    recipe, changes, before = case
    measured(recipe, monkeypatch, before)
    train(recipe, "paper", tmp_path, data=photos, **changes)
    assert steps_of(tmp_path) == before + 4  # the second is the best; two more
    assert int((tmp_path / "checkpoints/best").read_text()) == before + 2
    assert (tmp_path / "samples.png").exists()
    train(recipe, "paper", tmp_path, data=photos, **changes)  # it has ended
    assert steps_of(tmp_path) == before + 4


@pytest.mark.parametrize(
    "case", ["progan", "r3gan"], indirect=True
)  # with phases and without; one loop for all
def test_a_resumed_run_waits_as_long(case, train, run_until, photos, tmp_path, monkeypatch):
    recipe, changes, before = case
    measured(recipe, monkeypatch, before)
    train(recipe, "paper", tmp_path / "whole", data=photos, **changes)
    run_until(recipe, before + 4, "paper", tmp_path / "killed", data=photos, **changes)
    train(recipe, "paper", tmp_path / "killed", data=photos, **changes)
    assert steps_of(tmp_path / "killed") == before + 4
    states = [
        load_file(tmp_path / name / "checkpoints" / f"{before + 4:08d}" / "shared.safetensors")
        for name in ("whole", "killed")
    ]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][key], value) for key, value in states[1].items())


def test_without_patience_a_run_goes_on(example, train, photos, tmp_path, monkeypatch):
    recipe = example("r3gan")
    measured(recipe, monkeypatch, 0)
    train(recipe, "paper", tmp_path, data=photos, **SHARED | CASES["r3gan"][0] | {"patience": 0})
    assert steps_of(tmp_path) == 8
