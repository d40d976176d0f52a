"""What the CycleGAN study computes: trivial rows, measures and verdicts."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison
import cyclegan_identity
from spread import Spread, higher, lower, over_seeds
from translation_scores import Domain
from translation_tables import FROM_PAIRS, class_scores, labels_by_color
from translation_verdicts import verdicts
from trivial import ColorTable, NearestPair, blurred, mean_image, zoomed_and_blurred


def features(images):
    """The mean, and the mean difference of neighbors: two maps."""
    return [images, (images[..., 1:] - images[..., :-1]).abs()]


def test_a_color_table_has_the_mean_output_of_each_color():
    red, blue = torch.tensor([1.0, -1, -1]), torch.tensor([-1.0, -1, 1])
    sources = torch.stack([red, red, blue])[:, :, None, None].expand(3, 3, 1, 2)
    targets = torch.stack([blue, red, torch.zeros(3)])[:, :, None, None].expand(3, 3, 1, 2)
    table = ColorTable(sources, targets)
    assert table(red[None, :, None, None]).flatten().tolist() == [0, -1, 0]  # the mean of blue and red
    assert table(blue[None, :, None, None]).flatten().tolist() == [0, 0, 0]
    white = torch.ones(1, 3, 1, 1)  # a color that no pair has: the mean of all
    torch.testing.assert_close(table(white), targets.mean((0, 2, 3))[None, :, None, None])


def test_other_trivial_rows():
    torch.manual_seed(0)
    images, targets = (torch.rand(5, 3, 16, 16) * 2 - 1 for _ in range(2))
    assert NearestPair(images, targets)(images + 0.01).equal(targets)
    assert mean_image(targets)(images)[3].equal(targets.mean(0))
    flat = torch.full((1, 3, 64, 64), 0.25)
    for trivial in (blurred, zoomed_and_blurred):
        torch.testing.assert_close(trivial(flat), flat)
    assert blurred(images).std() < images.std() / 2


def test_a_spread_is_above_another_if_they_differ_by_more_than_their_seeds():
    low, high = Spread((1.0, 1.2)), Spread((1.4, 1.5))
    assert high.above(low)
    assert not low.above(high)
    assert not Spread((1.15, 1.35)).above(low)
    assert low.text(2) == "1.10 ±0.10"
    assert over_seeds([{"x": 1.0}, {"x": 3.0}])["x"].mean == 2


def test_one_seed_answers_nothing():
    one, other = Spread((1.0,)), Spread((2.0,))
    assert higher(other, one, "other") == "**Open, one seed**: 2.00 against 1.00 (other)"
    assert lower(Spread((0.5, 0.6)), one, "trivial") == "**Yes**: 0.55 ±0.05 against 1.00 (trivial)"


def test_a_domain_knows_its_own_images_from_others_and_from_collapsed_ones():
    torch.manual_seed(0)
    bright, dark = (sign * torch.rand(60, 3, 8, 8) for sign in (1, -1))
    domain = Domain(features, bright[:30], dark[:30])
    ours, theirs, collapsed = (
        domain.scores(x) for x in (bright[30:], dark[30:], bright[:1].expand(30, -1, -1, -1))
    )
    assert (ours["taken for real"], theirs["taken for real"]) == (1, 0)
    assert abs(ours["kernel distance"]) < 1 < theirs["kernel distance"]
    assert ours["variety"] == pytest.approx(1, abs=0.05)
    assert collapsed["variety"] == 0


def test_labels_by_color_are_scored_in_percent():
    skin_and_hair = torch.tensor([[240, 190, 150], [90, 60, 200]]) / 127.5 - 1
    images = skin_and_hair.T[None, :, None, :]
    labels = labels_by_color(images)
    assert labels.tolist() == [[[1, 2]]]
    scores = class_scores(labels, torch.tensor([[[1, 1]]]))
    assert scores == {"pixel accuracy": 50, "class accuracy": 50, "class IoU": 25}


def rows(**values):
    return {name.replace("_", " "): iou(value) for name, value in values.items()}


def iou(value):
    return {"class IoU": Spread((value, value))}  # of two seeds


def test_verdicts_follow_the_tables():
    trivial = rows(nothing=20.0) | {name: iou(90.0) for name in FROM_PAIRS}
    methods = rows(CycleGAN=50.0, CoGAN=10.0, cycle_alone=20.0, GAN_alone=60.0)
    methods |= {"BiGAN/ALI": methods["CoGAN"], "pixel loss + GAN": methods["CoGAN"]}
    methods |= {"feature loss + GAN": methods["CoGAN"], "pix2pix, with pairs": iou(55.0)}
    methods |= {f"GAN + {way} cycle": methods["cycle alone"] for way in ("forward", "backward")}
    cycles = {
        "CycleGAN": 25.0,
        "the mean image": 12.0,
        "GAN + forward cycle": 24.0,
        "GAN + backward cycle": 14.0,
    }
    found = verdicts(trivial, methods, {name: Spread((x, x)) for name, x in cycles.items()}, "a_to_b")
    answers = {statement: answer.split("**")[1] for statement, answer in found.items()}
    assert answers.pop("Removing a loss hurts: GAN alone") == "No"
    assert set(answers.values()) == {"Yes"}
    close = found["CycleGAN comes close to pix2pix, which has pairs"]
    assert close == "**Yes**: 50.00 ±0.00 against 55.00 ±0.00"
    assert "24.0" in found["A direction whose cycle is not trained is lost"]
    methods["CycleGAN"] = iou(19.0)  # what has not learned says nothing of the rest
    assert list(verdicts(trivial, methods, {}, "a_to_b")) == ["CycleGAN is better than doing nothing"]


def test_hues_are_compared_where_there_is_color():
    red, green, gray = (torch.tensor(c) for c in ([1.0, -1, -1], [-1.0, 1, -1], [0.0, 0, 0]))
    true = torch.stack([red, green, gray], dim=1)[None, :, None, :]
    images = torch.stack([red, red, red], dim=1)[None, :, None, :]
    torch.testing.assert_close(
        cyclegan_identity.hue_differences(images, true), torch.tensor([0.0, 120.0]).double()
    )


def test_jobs_that_fail_are_named(tmp_path, capfd):
    job = comparison.Job("cyclegan.py", "emoji", {"size": 7}, tmp_path)
    with pytest.raises(SystemExit, match=r"cyclegan\.py emoji --size 7 .* failed; its own error is above"):
        comparison.train_jobs([job], 1)
    assert "--size must be a multiple of 4" in capfd.readouterr().err
