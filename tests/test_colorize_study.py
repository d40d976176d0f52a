"""The study of colorize.py: what needs no network, what its verdicts say, and its page end to end."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gan_colorspace import rgb_to_gray, rgb_to_ycrcb, split
from gan_data import read_image
from gan_projected import Backbone
from gan_trainers import OptionError
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison
from colorize_verdicts import ERROR, RED, verdicts, verdicts_of_training
from spread import Spread
from trivial_colors import ConstantColor, LumaTable, NearestByLuma

ALONE = "with features, no discriminator"
TRANSLATED = f"{ALONE}, as translated"
ARMS = ("ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab", "with features", ALONE)


@pytest.fixture(scope="module")
def two_tones():
    """Six photos: dark ones are red, bright ones are blue."""
    dark = torch.tensor([0.0, -0.8, -0.8]).reshape(1, 3, 1, 1).expand(3, 3, 16, 16)
    bright = torch.tensor([0.2, 0.2, 0.9]).reshape(1, 3, 1, 1).expand(3, 3, 16, 16)
    return torch.cat([dark, bright])


def test_one_constant_color_is_the_mean_chroma(two_tones):
    luma, chroma = split(rgb_to_ycrcb(two_tones))
    found_luma, found = split(rgb_to_ycrcb(ConstantColor(two_tones)(luma * 0.3)))
    torch.testing.assert_close(found_luma, luma * 0.3, atol=1e-5, rtol=0)
    expected = (chroma[0, :, 0, 0] + chroma[-1, :, 0, 0]) / 2
    torch.testing.assert_close(found[0, :, 0, 0], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("make", [LumaTable, NearestByLuma])
def test_colors_are_found_by_luma(two_tones, make):
    method = make(two_tones[[0, 1, 2, 0, 1]] if make is NearestByLuma else two_tones)
    torch.testing.assert_close(method(rgb_to_gray(two_tones[:1])), two_tones[:1], atol=1e-5, rtol=0)


def test_a_luma_that_no_photo_has_gets_the_mean_color(two_tones):
    white = LumaTable(two_tones)(torch.full((1, 1, 2, 2), 0.5))
    constant = ConstantColor(two_tones)(torch.full((1, 1, 2, 2), 0.5))
    torch.testing.assert_close(white, constant, atol=1e-5, rtol=0)


def test_gray_photos_are_not_measured(example, photos, tmp_path):
    color, *_ = files = sorted(photos.iterdir())[:3]
    Image.open(color).convert("L").save(tmp_path / "gray.png")
    found = example("colorize_page").in_color([*files, tmp_path / "gray.png"], 32)
    assert found.shape == (3, 3, 32, 32)


def rows(early, late):
    names = ("cr_correlation", "discriminator", "adversarial", "accuracy")
    return [dict.fromkeys(names, early) | {"step": 25}, dict.fromkeys(names, late) | {"step": 100}]


def test_a_verdict_needs_more_than_the_spread_of_the_seeds():
    def row(*errors):
        others = (RED, "correlation of Cb", "colorfulness", "feature distance")
        return {ERROR: Spread(errors)} | dict.fromkeys(others, Spread((1.0, 1.0)))

    trained = dict.fromkeys((*ARMS, TRANSLATED), row(8.0, 9.0)) | {
        "ycrcb-ycrcb": row(8.4, 9.4),
        "rgb-rgb": row(12.0, 12.0),
    }
    logs = {arm: [rows(1.0, 0.5), rows(1.0, 0.5)] for arm in ARMS}
    found = verdicts({"gray": row(10.5), "constant": row(11.0)}, trained)
    nearer = found["ycrcb-rgb is nearer to the true colors than doing nothing"]
    assert nearer == "**Yes**: 8.50 ±0.50 against 10.50 (gray)"
    haze = found["The discriminator should see RGB: in YCrCb there is a haze"]
    assert haze == "**Open, within the spread**: 8.50 ±0.50 against 8.90 ±0.50 (ycrcb-ycrcb)"
    assert found["RGB alone is second to YCrCb"].startswith("**Yes**")
    lost = verdicts({"gray": row(8.0)}, trained)
    assert lost["RGB alone is second to YCrCb"] == (
        "**Not answered**: 8.50 ±0.50 and 12.00 ±0.00 (rgb-rgb) are no better than 8.00 (gray)"
    )
    found = verdicts_of_training(logs)
    assert found["The discriminator's loss falls"].startswith("**Yes**: 0.50 ±0.00 against 1.00")
    assert found["the generator's cross-entropy rises"].startswith("**No**")


def test_the_command_of_a_page_says_what_differs_from_the_nearest_preset(example):
    study = example("studies.colorize")
    photos, portraits = study.PRESETS.values()

    def command(options):
        return comparison.study_command("colorize.py", options, study.PRESETS)

    assert command(photos) == "python examples/studies/colorize.py"
    changed = replace(portraits, steps=400, test=(Path("photos/cid22"),), jobs=2, page=Path("page"))
    assert command(changed) == "python examples/studies/colorize.py portraits --test cid22 --steps 400"
    run = replace(photos.run, seed=3, precision="fp32", out=Path("elsewhere"), quiet=True)
    changed = replace(photos, run=run)
    assert command(changed) == "python examples/studies/colorize.py --seed 3 --precision fp32"


def test_test_sets_of_one_name_are_refused(example):
    study = example("studies.colorize")
    options = replace(study.PRESETS["photos"], test=(Path("Set5/HR"), Path("Set14/HR")))
    with pytest.raises(OptionError, match="two test sets are named HR, after the folders of --test; rename"):
        study.read(options)


def test_portraits_are_drawings_to_train_on_and_others_to_measure_with(example):
    study = example("studies.colorize")
    train, (held_out,) = study.read(study.PRESETS["portraits"])
    assert train.shape[1:] == held_out.photos.shape[1:] == (3, 64, 64)
    assert (len(train), len(held_out.photos)) == (1799, 200)  # one of 1,800 is gray, and left out


def test_the_page_has_all_arms_beside_the_trivial_rows(example, train_or_copy, photos, tmp_path, page_setup):
    recipe, page = example("colorize"), example("colorize_page")
    small = {"size": 32, "load_size": 32, "width": 4, "batch_size": 2, "steps": 2, "evaluate_every": 1}
    for arm in ARMS:
        own = page.ARMS[arm]
        kind = own["colors"].partition("-")[0], own["network"], own["adversarial_weight"] > 0
        run = comparison.seed_folder(tmp_path, arm, 5)
        train_or_copy(kind, recipe, "photos", run, data=photos, seed=5, **own, **small)
    images = torch.stack([read_image(file) for file in sorted(photos.iterdir())])
    tests = [page.TestSet("Held-out images", images[6:9], True), page.TestSet("others", images[6:], False)]
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "notes.md").write_text("By hand.")
    page.write_page(tmp_path, tmp_path / "page", [5], images[:6], tests, Backbone(weights="pypi"), page_setup)
    text = (tmp_path / "page" / "README.md").read_text()
    for name in (
        "**true images**",
        "gray",
        "one constant color",
        *(f"**{arm}**" for arm in (*ARMS, TRANSLATED)),
    ):
        lines = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert [line.count("|") for line in lines] == [7, 7]  # a table of each test set
    assert text.count("| **true images** | 0.00 | 1.00 | 1.00 |") == 2
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {ALONE} |"))
    assert line.startswith(f"| {ALONE} |  |  |  |  | ")  # its log has no discriminator, but seconds
    for name in ("photos", "strip"):
        assert Image.open(tmp_path / "page" / f"{name}.png").format == "PNG"
    assert f"\n{page_setup.command}\n" in text
    assert "\n7 runs of commit " in text
    assert text.endswith("\n[Notes](notes.md), written by hand.\n")
    assert (tmp_path / "page" / "notes.md").read_text() == "By hand."
