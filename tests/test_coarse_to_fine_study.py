"""The study of coarse_to_fine.py: trivial rows and times by hand, verdicts, and its page end to end."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gan_projected import Backbone
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison  # noqa: F401 - makes the recipes importable
from cases import Case
from coarse_to_fine import Options as RecipeOptions
from coarse_to_fine import Phase
from coarse_to_fine_page import ARMS, TASKS, Question, run_folder, write_page
from coarse_to_fine_verdicts import ALL, EACH, UNET, verdicts
from spread import Spread
from support.coarse_to_fine import find_datasets
from trivial_restoration import LinearFilter, trivial


def test_a_fitted_filter_finds_the_one_that_made_the_targets():
    torch.manual_seed(0)
    sources = torch.rand(6, 3, 40, 40) - 0.5
    targets = 0.5 * sources + 0.25 * sources.roll(1, 3)  # of the left neighbor
    inner = (..., slice(9, -9), slice(9, -9))
    restored = LinearFilter(sources, targets)(sources)
    torch.testing.assert_close(restored[inner], targets[inner], atol=0.02, rtol=0)


def test_a_folder_named_as_a_set_of_this_repository_is_a_folder(example):
    study = example("studies.coarse_to_fine")
    options = replace(study.PRESETS["photos"], data=Path("mine/drawings"))
    assert study.source_of("drawings", options) == {"portraits": False, "data": Path("mine/drawings")}
    assert study.source_of("drawings", study.PRESETS["photos"]) == {"portraits": True, "data": None}


def test_the_trivial_rows_of_each_task():
    photos = torch.rand(4, 3, 32, 32) - 0.5
    assert list(trivial("mosaic", photos, photos)) == ["the input", "a fitted linear filter"]
    gray = photos.mean(1, keepdim=True)
    for restore in trivial("color", gray, photos).values():
        assert restore(gray).shape == photos.shape


def log(psnr, passes=100):
    """A run of one phase: a pass takes two seconds, every tenth with an evaluation that takes one more."""
    rows, seconds = [], 0.0
    for index in range(1, passes + 1):
        evaluated = index % 10 == 0
        seconds += 3.0 if evaluated else 2.0
        row = {"step": float(index), "passes": float(index), "seconds": seconds, "train_psnr": 30.0}
        rows.append(row | ({"psnr": psnr(index)} if evaluated else {}))
    return rows


def test_curves_are_compared_as_means_at_equal_time():
    case = Case(Path(), [Phase("all", 1, 100)], log(lambda index: float(index)))
    assert case.seconds() == 200
    assert case.settled("psnr") == 95  # of 90 and 100
    assert case.settled_after("psnr", 100) == 50  # of the passes 41 to 50 alone the last has a value
    assert case.settled_after("psnr", 1e6) == case.settled("psnr")


def test_verdicts_follow_the_curves_and_say_nothing_of_networks_that_have_not_learned():
    def cases(level):
        return [Case(Path(), [Phase("all", 1, 100)], log(lambda _: level)) for _ in range(2)]

    logs = {arm: cases(24.0) for arm in ARMS} | {EACH: cases(22.0), UNET: cases(24.0)}
    row = {"PSNR, dB": Spread((24.0, 24.0))}
    trained = dict.fromkeys(ARMS, row)
    found = verdicts({"the input": {"PSNR, dB": Spread((20.0,))}}, trained, logs, Spread((0.3,)), "mosaic")
    answers = {statement: answer.split("**")[1] for statement, answer in found.items()}
    assert answers["The best network is better than doing nothing"] == "Yes"
    assert answers["All at once ends higher than stage by stage"] == "Yes"
    assert answers["All at once ends higher than stage by stage, autoencoder"] == "Open, within the spread"
    assert answers["Stage by stage takes about half the time"] == "No"  # here both take as long
    assert answers["Inputs at every resolution change nothing"] == "Yes"
    assert found["The autoencoder is at times as natural"].endswith("on 30 % of the pictures")
    assert found["Removing a mosaic overfits: PSNR in training is higher"].startswith("**Yes**: 30.00")
    assert logs[ALL][0].settled("psnr") == 24
    lost = verdicts({"the input": {"PSNR, dB": Spread((25.0,))}}, trained, logs, Spread((0.3,)), "mosaic")
    assert list(lost) == ["The best network is better than doing nothing"]


def test_the_page_has_all_cases_beside_the_trivial_rows(example, train, photos, tmp_path, page_setup):
    recipe, small = example("coarse_to_fine"), {"size": 32, "validation": 0.3, "steps": 6}
    questions = []
    for task in TASKS:
        options = replace(RecipeOptions(), data=photos, task=task, **small)
        question = Question("photos", task, options, *find_datasets(options))
        questions.append(question)
        for arm, own in ARMS.items():
            run = run_folder(tmp_path, question, arm, 0)
            changes = {"task": task, "width": 4, "batch_size": 2, "evaluate_every": 1}
            train(recipe, "article", run, data=photos, **own, **small, **changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trivial_restoration.SAMPLES", 500)
        write_page(tmp_path, tmp_path / "page", questions, [0], Backbone(weights="pypi"), page_setup)
    text = (tmp_path / "page" / "README.md").read_text()
    for name, count in (("the input", 1), ("the input, gray", 1), *((f"**{arm}**", 2) for arm in ARMS)):
        assert len([line for line in text.splitlines() if line.startswith(f"| {name} |")]) == count, name
    assert "| by the number of operations | " in text
    assert "1.00 |" in text
    assert Image.open(tmp_path / "page" / "photos-color.png").format == "PNG"
