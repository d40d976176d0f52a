"""The study of growing: its scores by hand, its verdicts, and its page from tiny runs."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import growing
import growing_page
import growing_scores
from gan_projected import Backbone
from gan_trainers import OptionError
from generation_scores import Pictures, distance_after, effort, sampled
from growing_page import ARMS, gap_spread, run_folder, verdicts, write_page
from growing_scores import Judges, eye_pixels, face_scorer
from growing_stages import stage_seconds, stages
from spread import Spread


class DarkIsEye(torch.nn.Module):
    """A segmentation network that takes dark pixels for eyes."""

    def forward(self, images):
        dark = (images.mean(1, keepdim=True) < 0).float()
        return torch.cat([1 - dark, *[torch.zeros_like(dark)] * 2, dark], dim=1)


def faces(count, left=2, right=2):
    """White squares of 64 pixels with an eye of so many rows on each side, in a color of its own."""
    images = torch.ones(count, 3, 64, 64)
    images[:, :, 20 : 20 + left, 10:14] = -1
    images[:, :, 20 : 20 + right, 50:54] = -1
    images[:, 0, 40:50] = torch.linspace(0, 1, count)[:, None, None]
    return images


def features(images):
    return images[:, :, ::16, ::16].flatten(1)


def test_eyes_are_counted_in_each_half():
    assert eye_pixels(DarkIsEye(), faces(3, left=2, right=5)).tolist() == [[8, 20]] * 3


def test_pictures_are_scored_as_a_set():
    score = face_scorer(Judges(features, DarkIsEye()), Pictures(faces(40), faces(20)))
    real = score(faces(20))
    assert real["two eyes, %"] == 100
    assert real["variety"] == pytest.approx(1)
    assert score(faces(20, right=0))["two eyes, %"] == 0
    assert score(faces(20, left=1))["two eyes, %"] == 100  # half of the pixels are enough
    copied = score(faces(20)[:1].expand(20, -1, -1, -1))
    assert copied["variety"] == 0
    assert copied["recall"] < real["recall"]


def log(distance, seconds, gaps):
    """A row for each gap; a distance that halves in each row."""
    return [
        {
            "seconds": seconds * (index + 1),
            "frechet_distance": distance / 2**index,
            "real_logits": gap,
            "fake_logits": 0.0,
        }
        for index, gap in enumerate(gaps)
    ]


def test_curves_are_read_at_a_time_and_in_their_second_half():
    rows = log(80.0, 10, [9.0, 9.0, 1.0, 3.0])
    assert distance_after(rows, 25) == 40
    assert distance_after(rows, 5) == 80  # none yet: the first
    assert effort(rows, 40, "seconds") == 20
    assert effort(rows, 9, "seconds") == float("inf")
    assert gap_spread(rows) == 1


def test_the_stages_of_a_run_end_at_equal_steps():
    names = ["4", "8 fades in", "8", "16 fades in", "16"]
    assert stages(16, 50) == [(name, 10 * number) for number, name in enumerate(names, 1)]
    rows = [{"step": step, "seconds": step**2} for step in (5, 10, 15, 20, 30)]
    assert stage_seconds(rows, 8) == [100, 300, 500]


def test_verdicts_by_hand():
    def row(distance, recall, variety):
        return {
            name: Spread((value, value))
            for name, value in {
                "Frechet distance": distance, "recall": recall, "variety": variety, "two eyes, %": 50.0,
                "spread of the logits' gap": 1.0,
            }.items()
        }  # fmt: skip

    trained = {arm: row(100.0, 0.1, 1.0) for arm in ARMS}
    trained["ProGAN, grown"] = row(50.0, 0.3, 1.0)
    trained["ProGAN, at once"] = row(100.0, 0.1, 0.2)
    trained["StyleGAN2"] = row(30.0, 0.4, 1.0)
    logs = {arm: [log(100.0, 10 if "grown" in arm else 20, [1.0, 2.0])] * 2 for arm in ARMS}
    trivial = {"noise": row(900.0, 0.0, 1.0), "the mean picture": row(500.0, 0.0, 0.0)}
    found = verdicts(trivial, trained, logs)
    answers = {question: text.split("**")[1] for question, text in found.items()}
    assert answers["ProGAN: growing is better after as many images"] == "Yes"
    assert answers["ProGAN: growing is better after as much time"] == "Yes"  # 50 against 100, after 20 s
    assert answers["ProGAN: growing takes less time"] == "Yes"
    assert found["ProGAN: growing collapses less"] == "**Yes**: 0 of 2 runs against 2 of 2"
    assert answers["StyleGAN: growing is better after as many images"] == "Open, within the spread"
    assert answers["StyleGAN2 needs no growing"] == "Yes"
    few = verdicts({"copies": row(20.0, 0.0, 1.0)}, trained, logs)
    assert list(few) == ["The best network is better than doing nothing"]


def test_the_page_has_all_arms_beside_the_trivial_rows(
    example, train_or_copy, few_portraits, tmp_path, monkeypatch, page_setup
):
    small = {"size": 8, "latents": 4, "base_channels": 32, "batch_size": 2, "samples": 4, "evaluate_every": 1}
    data = few_portraits / "trainB"
    for name, arm in ARMS.items():
        run = run_folder(tmp_path, name, 8, 0)
        own = {"images": 4} if arm.recipe == "progan.py" else {"steps": 6, "styles": 4}
        recipe = example(arm.recipe.removesuffix(".py"))
        kind = arm.recipe, arm.options.get("growing")
        changes = small | own | arm.options | {"data": data, "judge_weights": "random"}
        train_or_copy(kind, recipe, "paper", run, **changes)
    monkeypatch.setattr(growing_page, "sampled", lambda run: sampled(run, 8))
    monkeypatch.setattr(growing_page, "SHOWN", 2)
    monkeypatch.setattr(
        growing_page, "read_faces", lambda _: Pictures(torch.rand(9, 3, 8, 8), torch.rand(6, 3, 8, 8))
    )
    judge = Backbone("tf_efficientnet_lite1", weights="random")
    write_page(tmp_path, tmp_path / "page", [8], [0], Judges(judge, DarkIsEye()), page_setup)
    text = (tmp_path / "page/README.md").read_text()
    for name in ("**held-out pictures**", "the mean picture", *(f"**{arm}**" for arm in ARMS)):
        assert f"| {name} |" in text
    assert "| seconds of each stage | 4 | 8 fades in | 8 |" in text
    assert "| two eyes, % | spread of the logits' gap |" in text
    for name in ("8.png", "8_curves.png", "8_progan-grown.png", "8_stylegan-grown.png"):
        assert Image.open(tmp_path / "page" / name).format == "PNG"
        assert f"({name})" in text


def test_each_arm_is_shown_as_many_images():
    assert growing.steps_of(8_000, 32) == 7 * 500
    assert growing_scores.SIZE == 64
    with pytest.raises(OptionError, match=r"--sizes must be powers of 2 from 8 to 128, .*; got 32 48"):
        growing.Options(sizes=(32, 48))
