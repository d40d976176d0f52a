"""The coarse-to-fine study's recipe: its phases, what each trains, and resuming in any of them."""

import gan_nets
import pytest
import torch
from gan_trainers import read_scalars
from safetensors.torch import load_file

SMALL = {"width": 4, "batch_size": 2, "size": 32, "validation": 0.3}


@pytest.fixture(scope="module")
def recipe(example):
    return example("coarse_to_fine")


def test_the_articles_phases(recipe, options, tmp_path):
    article = options(recipe, "article", tmp_path, steps=300)
    assert article.resolutions == [8, 16, 32, 64, 128, 256]
    phases = recipe.schedule(article)
    assert phases[0] == ("stage 1", 1, 50, (), 1)
    assert phases[1:3] == [("stage 2 alone", 2, 10, (1,), 1), ("stage 2", 2, 40, (), 1)]
    assert phases[-2:] == [("stage 6 alone", 6, 10, (1, 2, 3, 4, 5), 1), ("stage 6", 6, 40, (), 1)]
    assert sum(phase.steps for phase in phases) == 300
    at_once = options(recipe, "article", tmp_path, steps=300, training="all")
    assert recipe.schedule(at_once) == [("all", 6, 300, (), 1)]


def test_inward_the_finest_stage_is_the_first(recipe, options, tmp_path):
    chosen = options(recipe, "photos", tmp_path, steps=30, stages=3, training="inward")
    assert recipe.schedule(chosen) == [
        ("stage 3", 3, 10, (), 3),
        ("stage 2 alone", 3, 2, (3,), 2),
        ("stage 2", 3, 8, (), 2),
        ("stage 1 alone", 3, 2, (3, 2), 1),
        ("stage 1", 3, 8, (), 1),
    ]


def test_the_stages_are_as_many_as_given_or_reach_8_pixels(recipe, options, tmp_path):
    assert options(recipe, "photos", tmp_path).resolutions == [8, 16, 32, 64]
    assert options(recipe, "photos", tmp_path, stages=2).resolutions == [32, 64]


@pytest.mark.parametrize("task", ["color", "mosaic"])
@pytest.mark.parametrize(
    ("model", "training"),
    [
        ("coarse-to-fine", "each"),
        ("coarse-to-fine", "all"),
        ("autoencoder", "each"),
        ("autoencoder", "inward"),
        ("unet", "inward"),
        ("unet", "all"),
    ],
)
def test_each_case_trains_and_writes_its_results(recipe, train, photos, tmp_path, task, model, training):
    case = {"task": task, "model": model, "training": training}
    train(recipe, "article", tmp_path, data=photos, **case, steps=15, evaluate_every=5, **SMALL)
    rows = read_scalars(tmp_path / "scalars.jsonl")
    assert rows[-1]["step"] == 15
    assert {"l1", "train_psnr", "psnr", "psnr_enlarged"} <= rows[-1].keys()
    for name in ("input", "prediction", "truth"):
        assert (tmp_path / "pictures" / name / "00.png").exists()
    net = gan_nets.load(tmp_path)
    assert net.usage.task == ("colorize" if task == "color" else "translate")
    assert net.resolutions == (8, 16, 32)
    assert net(torch.zeros(1, net.in_channels, 64, 32)).shape == (1, 3, 64, 32)


def state(out, step):
    """What all processes share in a checkpoint."""
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


def test_a_frozen_stage_does_not_move_and_the_new_one_does(recipe, run_until, photos, tmp_path):
    # 5 steps of stage 1, then one of stage 2 with the first frozen.
    run_until(recipe, 7, "article", tmp_path, data=photos, steps=15, evaluate_every=1, **SMALL)
    before, after = state(tmp_path, 5), state(tmp_path, 6)
    nets = [name for name in before if ".net." in name]
    parameters = [name for name in nets if name.endswith(("weight", "bias"))]
    assert parameters
    moved = {name for name in parameters if not torch.equal(before[name], after[name])}
    assert moved == {name for name in parameters if "stages.1." in name}


@pytest.mark.parametrize("optimizer_state", ["fresh", "kept"])
@pytest.mark.parametrize("step", [6, 8])  # the first of a phase, and one within it
def test_resuming_in_any_phase_equals_an_uninterrupted_run(
    recipe, train, run_until, photos, tmp_path, optimizer_state, step
):
    changes = {"data": photos, "steps": 15, "optimizer_state": optimizer_state, "evaluate_every": 1, **SMALL}
    train(recipe, "article", tmp_path / "whole", **changes)
    run_until(recipe, step, "article", tmp_path / "killed", **changes)
    train(recipe, "article", tmp_path / "killed", **changes)
    expected, got = state(tmp_path / "whole", 15), state(tmp_path / "killed", 15)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"model": "unet", "training": "each"},
            "--model unet expects --training all or inward; it has one input, so no coarser stages",
        ),
        (
            {"portraits": True, "data": "photos"},
            "--portraits and --data exclude each other; use one of them",
        ),
        ({"steps": 1, "stages": 2}, "--steps must be at least 1 for each of 2 stages; got 1"),
        (
            {"size": 36, "stages": 4},
            "--size must be a multiple of 8, to be halved for 4 stages; got 36; or use fewer --stages",
        ),
        (
            {"task": "mosaic", "size": 24, "stages": 2},
            "--size must be a multiple of 16 with --task mosaic, for its tiles; got 24",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "article", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()
