"""The coarse-to-fine study's recipe: its spans, what each trains, and resuming in any of them."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_trainers import read_scalars
from safetensors.torch import load_file

FLOWERS = Path(__file__).parents[1] / "examples" / "images" / "flowers" / "testB"
SMALL = {"width": 4, "batch_size": 2, "size": 32, "validation": 0.3}


@pytest.fixture(scope="module")
def recipe(example):
    return example("coarse_to_fine")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve real photographs."""
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted(FLOWERS.glob("*.png"))[:12]:
        shutil.copy(file, folder)
    return folder


def test_the_articles_spans(recipe):
    spans = recipe.schedule(6, 300, "each")
    assert spans[0] == ("stage 1", 1, 50, 0)
    assert spans[1:3] == [("stage 2 alone", 2, 10, 1), ("stage 2", 2, 40, 0)]
    assert spans[-2:] == [("stage 6 alone", 6, 10, 5), ("stage 6", 6, 40, 0)]
    assert sum(span.steps for span in spans) == 300
    assert recipe.schedule(6, 300, "all") == [("all", 6, 300, 0)]


@pytest.mark.parametrize("task", ["color", "mosaic"])
@pytest.mark.parametrize(
    ("model", "training"),
    [("coarse-to-fine", "each"), ("coarse-to-fine", "all"), ("autoencoder", "each"), ("unet", "all")],
)
def test_each_case_trains_and_leaves_what_it_promises(recipe, photos, tmp_path, task, model, training):
    recipe.main(photos, tmp_path, task, model, training, steps=15, validate_every=5, **SMALL)
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
    run_until(recipe, 7, photos, tmp_path, steps=15, validate_every=1, **SMALL)
    before, after = state(tmp_path, 5), state(tmp_path, 6)
    parameters = [name for name in before if name.startswith("net") and name.endswith(("weight", "bias"))]
    moved = {name for name in parameters if not torch.equal(before[name], after[name])}
    assert moved == {name for name in parameters if "stages.1." in name}


@pytest.mark.parametrize("optimizer_state", ["fresh", "kept"])
@pytest.mark.parametrize("step", [6, 8])  # the first of a phase, and one within it
def test_resuming_in_any_phase_equals_an_uninterrupted_run(
    recipe, run_until, photos, tmp_path, optimizer_state, step
):
    options = {"steps": 15, "optimizer_state": optimizer_state, "validate_every": 1, **SMALL}
    recipe.main(photos, tmp_path / "whole", **options)
    run_until(recipe, step, photos, tmp_path / "killed", **options)
    recipe.main(photos, tmp_path / "killed", **options)
    expected, got = state(tmp_path / "whole", 15), state(tmp_path / "killed", 15)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_a_plain_unet_has_no_stages_to_train(recipe, photos, tmp_path):
    with pytest.raises(SystemExit, match="--model unet expects --training all"):
        recipe.main(photos, tmp_path, model="unet", training="each", **SMALL)


def test_fewer_steps_than_stages_and_tiles_that_do_not_fit_are_refused(recipe, photos, tmp_path):
    with pytest.raises(SystemExit, match="--steps expects at least one for each of 2 stages; got 1"):
        recipe.main(photos, tmp_path, **(SMALL | {"steps": 1, "stages": 2}))
    with pytest.raises(SystemExit, match=r"--task mosaic expects --size in multiples of 16, .*; got 24"):
        recipe.main(photos, tmp_path, task="mosaic", **(SMALL | {"size": 24, "stages": 2}))


def test_the_study_measures_what_the_logs_say(example, tmp_path):
    arms = example("coarse_to_fine_arms")
    phases = [
        arms.Phase("stage 1", 1, 4, 0),
        arms.Phase("stage 2 alone", 2, 2, 1),
        arms.Phase("stage 2", 2, 2, 0),
    ]
    seconds = [1.0, 2.0, 13.0, 14.0, 17.0, 20.0, 22.0, 24.0]  # a validation after the third step
    rows = [
        {"step": step, "seconds": at, "passes": step / 2, **({"psnr": 5.0 * step} if step == 3 else {})}
        for step, at in enumerate(seconds, start=1)
    ]
    case = arms.Case(tmp_path, phases, rows)
    assert [arms.seconds_a_pass(case, phase) for phase in phases] == [2.0, 6.0, 4.0]
    assert arms.seconds(case) == 4 * 1 + 2 * 3 + 2 * 2
    assert arms.passes_until(case, 15.0) == 1.5
    assert arms.settled(case, "seconds") == (22 + 24) / 2  # those of steps 7 and 8
    short = case._replace(phases=[*phases[:2], arms.Phase("stage 2", 2, 1, 0)])
    assert arms.settled(short, "seconds") == 24  # smaller pictures came before
    assert arms.passes_until(case, 15.1) == float("inf")
    assert [arms.verdict(held) for held in ([True, True], [True, False], [False, False])] == [
        "**Confirmed.**",
        "**In part.**",
        "**Not confirmed.**",
    ]


def test_the_studys_page_has_every_case_with_its_own_figures(example, recipe, photos, tmp_path):
    arms = example("coarse_to_fine_arms")
    for task in arms.TASKS:
        for arm, (model, training) in arms.ARMS.items():
            run = arms.folder(tmp_path, task, arm)
            recipe.main(photos, run, task, model, training, steps=4, validate_every=2, **SMALL | {"size": 16})
    cases = {
        task: {
            arm: arms.read_case(arms.folder(tmp_path, task, arm), 16, 4, arms.ARMS[arm][1], 8)
            for arm in arms.ARMS
        }
        for task in arms.TASKS
    }
    shown = {task: recipe.read_photos(photos, 16, task, 0.3)[1] for task in cases}
    arms.write_page(cases, shown, tmp_path / "page", "4 steps")
    page = (tmp_path / "page" / "README.md").read_text()
    for of_arms in cases.values():
        for arm, case in of_arms.items():
            weights = load_file(case.folder / "net" / "model.safetensors").items()
            learned = sum(
                w.numel() for name, w in weights if not name.endswith(("_mean", "_var", "_tracked"))
            )
            figures = " | ".join(f"{case.rows[-1][name]:.2f}" for name in ("train_psnr", "psnr"))
            assert f"| {arm} | {learned / 1e6:.2f} M | {figures} |" in page
    assert page.count("onfirmed.**") + page.count("In part.**") == len(arms.conclusions(cases)) == 5
    for picture in ("color.png", "mosaic_passes.png", "color_seconds.png"):
        assert (tmp_path / "page" / picture).exists()
