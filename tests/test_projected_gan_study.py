"""The study of Projected GAN: speed-ups and verdicts by hand, its runs, and its page from tiny ones."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison
import projected_gan_page
from gan_projected import Backbone
from generation_scores import Pictures, sampled, set_scorer, trivial_sets
from projected_gan_page import ARMS, BASELINES, CLAIM, speed_ups, verdicts, write_page
from spread import Spread


@pytest.fixture(scope="module")
def study():
    """By its path, since the recipe has the same name."""
    import importlib.util

    file = Path(comparison.__file__).parent / "projected_gan.py"
    spec = importlib.util.spec_from_file_location("projected_gan_study", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["projected_gan_study"] = module
    spec.loader.exec_module(module)
    return module


def log(distances, pace):
    """A row for each distance."""
    return [
        {
            "frechet_distance": distance, "images": 10.0 * (index + 1), "seconds": pace * (index + 1),
            "real_logits": 4.0 - index, "fake_logits": 0.0,
        }
        for index, distance in enumerate(distances)
    ]  # fmt: skip


@pytest.fixture
def logs():
    slow = [log([90.0, 80.0, 60.0, 70.0], pace=1)] * 2
    return dict.fromkeys(ARMS, slow) | {
        CLAIM: [log([60.0, 50.0, 40.0], pace=2), log([70.0, 65.0, 61.0], pace=2)]
    }


def test_a_speed_up_is_to_the_least_distance_of_the_baseline(logs):
    assert speed_ups(logs, "FastGAN", "images").values == (3, 0)  # 60 after 10 images against 30; never
    assert speed_ups(logs, "FastGAN", "seconds").values == (1.5, 0)


def row(distance, recall=0.1, copies=0.0):
    scores = {"Frechet distance": distance, "recall": recall, "near copies, %": copies}
    return {name: Spread((value, value)) for name, value in scores.items()}


def test_verdicts_by_hand(logs):
    trained = {arm: row(100.0) for arm in ARMS} | {CLAIM: row(50.0, recall=0.4, copies=1.0), "ADA": row(40.0)}
    trained |= {"channels mixed, not scales": row(60.0)}
    found = verdicts({"noise": row(900.0), "the data, blurred": row(300.0)}, trained, logs)
    answers = {statement: text.split("**")[1] for statement, text in found.items()}
    assert found["It is better than doing nothing"] == "**Yes**: 50 ±0 against 300 ±0 (the data, blurred)"
    assert answers["Its samples are no copies: at most 1 in 50"] == "Yes"
    assert answers["It ends nearer to the data than StyleGAN2"] == "Yes"
    assert answers["with more variety (recall) than StyleGAN2"] == "Yes"
    assert answers["It is faster than StyleGAN2"] == "No"  # one seed never got there
    assert answers["Mixing scales helps"] == "Yes"
    assert found["Mixing channels helps"] == "**Yes**: 60 ±0 against 100 ±0 (nothing mixed)"
    assert answers["ADA is worse than DiffAugment"] == "No"
    assert answers["The logits stay apart: the discriminator wins"] == "No"  # the gap falls from row to row


def test_sets_of_pictures_are_scored_beside_the_data():
    torch.manual_seed(0)
    pictures = Pictures(torch.rand(300, 3, 8, 8) * 2 - 1, torch.rand(200, 3, 8, 8) * 2 - 1)
    score = set_scorer(lambda images: images[:, :, ::4, ::4].flatten(1), pictures)
    assert score(pictures.train[:20])["near copies, %"] == 100
    held_out = score(pictures.held_out)
    assert held_out["near copies, %"] <= 2
    assert held_out["variety"] == pytest.approx(1)
    sets = trivial_sets(pictures)
    assert score(sets["one picture, copied"])["variety"] == 0
    assert score(sets["the mean picture"])["Frechet distance"] > held_out["Frechet distance"]


def test_each_arm_is_a_run_of_its_recipe(study, tmp_path):
    options = study.Options(portraits=True, seeds=2, run=study.RunOptions(out=tmp_path))
    jobs = list(study.jobs(options, list(ARMS), range(2)))
    assert len(jobs) == 2 * len(ARMS)
    assert {job.options["data"].name for job in jobs} == {"trainB"}
    stylegan2 = next(job for job in jobs if job.recipe == "stylegan2.py")
    assert "resize" not in stylegan2.options
    assert stylegan2.options["base_channels"] == 1_024
    with pytest.raises(study.OptionError, match="--data expects the preset paper"):
        study.Options(portraits=True, data=tmp_path)


def test_the_page_has_all_arms_beside_the_trivial_rows(
    example, train, few_portraits, tmp_path, monkeypatch, page_setup
):
    arms = [CLAIM, *BASELINES]
    shared = {"batch_size": 2, "steps": 2, "evaluate_every": 1, "samples": 4, "judge_weights": "random"}
    own = {
        "projected_gan.py": {"width": 4, "size": 64, "resize": 128, "weights": "random"},
        "stylegan2.py": {"size": 64, "latents": 4, "styles": 4, "base_channels": 64},
    }
    for name in arms:
        arm = ARMS[name]
        run = comparison.seed_folder(tmp_path, name, 0)
        given = shared | own[arm.recipe] | arm.options
        train(example(arm.recipe.removesuffix(".py")), "paper", run, data=few_portraits / "trainB", **given)
    monkeypatch.setattr(projected_gan_page, "sampled", lambda run: sampled(run, 8))
    pictures = Pictures(torch.rand(9, 3, 64, 64), torch.rand(6, 3, 64, 64))
    judge = Backbone("tf_efficientnet_lite1", weights="random")
    write_page(tmp_path, tmp_path / "page", pictures, arms, [0], judge, page_setup)
    text = (tmp_path / "page/README.md").read_text()
    for name in ("**held-out pictures**", "the mean picture", *(f"**{arm}**" for arm in arms)):
        assert f"| {name} |" in text
    for picture in ("gallery", "samples", "images", "seconds", "curves"):
        assert Image.open(tmp_path / f"page/{picture}.png").format == "PNG"
