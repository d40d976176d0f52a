"""Pix2pix's recipe: pairs from every layout, the paper's direction, resuming, bad input."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import read_image, write_image
from gan_trainers import plain_errors, read_scalars
from PIL import Image

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"size": 32, "load_size": 36, "width": 4, "batch_size": 2, "steps": 2, "validate_every": 1}


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pix")


@pytest.fixture(scope="module")
def emoji(tmp_path_factory):
    """Six pairs to learn from and three to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for kind, count in (("train", 6), ("test", 3)):
        names = [file.name for file in sorted((EMOJI / f"{kind}A").glob("*.png"))[:count]]
        for side in "AB":
            (root / f"{kind}{side}").mkdir()
            for name in names:
                shutil.copy(EMOJI / f"{kind}{side}" / name, root / f"{kind}{side}")
    return root


@pytest.fixture(scope="module")
def halves(emoji, tmp_path_factory):
    """The same pairs, each in one picture."""
    root = tmp_path_factory.mktemp("halves")
    for kind in ("train", "test"):
        (root / kind).mkdir()
        for a in sorted((emoji / f"{kind}A").iterdir()):
            both = torch.cat([read_image(a), read_image(emoji / f"{kind}B" / a.name)], dim=-1)
            write_image(root / kind / a.name, both)
    return root


def written(out, name):
    return torch.stack([read_image(file) for file in sorted((out / "pictures" / name).iterdir())])


@pytest.mark.parametrize("direction", ["a-to-b", "b-to-a"])
def test_both_layouts_hold_the_same_pairs_in_either_direction(recipe, emoji, halves, tmp_path, direction):
    for pairs, data in (("folders", emoji), ("halves", halves)):
        out = tmp_path / pairs
        recipe.main((data,), out, pairs=pairs, direction=direction, **SMALL)
        assert {"psnr", "ssim", "untranslated", "pixel"} <= read_scalars(out / "scalars.jsonl")[-1].keys()
    source, true = written(tmp_path / "folders", "source"), written(tmp_path / "folders", "true")
    assert len(source) == len(true) == 3
    assert source.equal(written(tmp_path / "halves", "source"))
    assert true.equal(written(tmp_path / "halves", "true"))
    first, second = sorted((emoji / "testA").iterdir())[0], sorted((emoji / "testB").iterdir())[0]
    whole = recipe.Images([first if direction == "a-to-b" else second], size=32, load_size=32, flip=False)
    torch.testing.assert_close(source[0], whole[0], atol=1 / 127, rtol=0)


def test_photos_are_blurred_but_as_large_as_before(recipe, emoji, tmp_path):
    photos = emoji / "trainA"
    recipe.main(
        (photos,), tmp_path, pairs="enlarge", scale=2, validation=0.3, **(SMALL | {"load_size": None})
    )
    source, true = written(tmp_path, "source"), written(tmp_path, "true")
    assert source.shape == true.shape
    half = recipe.Downscale(2)
    torch.testing.assert_close(
        source[0], recipe.bicubic_upscale(half(true[0]), 2).clamp(-1, 1), atol=0.01, rtol=0
    )
    assert not source.equal(true)


def test_the_network_that_is_left_is_the_papers(recipe, emoji, tmp_path):
    recipe.main((emoji,), tmp_path, **SMALL)
    net = gan_nets.load(tmp_path / "translator")
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    # Dropout stays on at test (section 3.3), so that no two translations are alike.
    assert not net(picture).equal(net(picture))


def test_without_the_condition_the_discriminator_sees_one_picture(recipe, emoji, tmp_path):
    recipe.main((emoji,), tmp_path, conditional=False, ema=True, generator="official", **SMALL)
    assert read_scalars(tmp_path / "scalars.jsonl")[-1]["step"] == 2


def test_looking_more_often_changes_nothing_but_the_looks(recipe, emoji, tmp_path):
    for name, every in (("often", 1), ("seldom", 2)):
        recipe.main((emoji,), tmp_path / name, **{**SMALL, "validate_every": every})
    often, seldom = (gan_nets.load(tmp_path / name / "translator") for name in ("often", "seldom"))
    assert all(map(torch.equal, often.state_dict().values(), seldom.state_dict().values()))


def test_resuming_equals_an_uninterrupted_run(recipe, run_until, emoji, tmp_path):
    recipe.main((emoji,), tmp_path / "whole", **SMALL)
    run_until(recipe, 2, (emoji,), tmp_path / "killed", **SMALL)
    recipe.main((emoji,), tmp_path / "killed", **SMALL)
    last = "checkpoints/00000002/shared.safetensors"
    assert (tmp_path / "killed" / last).read_bytes() == (tmp_path / "whole" / last).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "options", "words"),
    [
        (lambda root: (root / "trainA" / "alone.png").touch(), {}, "alone"),
        (lambda root: Image.new("RGB", (9, 9)).save(root / "testB" / "new.png"), {}, "new"),
        (lambda _: None, {"pairs": "halves"}, "one folder; got 0"),
    ],
)
def test_bad_pairs_end_in_one_sentence(recipe, emoji, tmp_path, capsys, spoil, options, words):
    root = tmp_path / "bad"
    shutil.copytree(emoji, root)
    spoil(root)
    data = () if options else (root,)
    with pytest.raises(SystemExit) as exit_, plain_errors():
        recipe.main(data, tmp_path / "out", **options, **SMALL)
    complaint = str(exit_.value.code) if options else capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint.startswith("error: ")
    assert words in complaint
