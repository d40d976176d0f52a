"""pix2pix's recipe: pairs from every layout in both directions, resuming, and mistakes."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import Downscale, Images, bicubic_upscale, read_image, write_image
from gan_trainers import read_scalars
from PIL import Image

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"size": 32, "load_size": 36, "width": 4, "batch_size": 2, "steps": 2, "evaluate_every": 1}


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pix")


@pytest.fixture(scope="module")
def emoji(tmp_path_factory):
    """Six pairs to train on and three to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for kind, count in (("train", 6), ("test", 3)):
        names = [file.name for file in sorted((EMOJI / f"{kind}A").glob("*.webp"))[:count]]
        for side in "AB":
            (root / f"{kind}{side}").mkdir()
            for name in names:
                shutil.copy(EMOJI / f"{kind}{side}" / name, root / f"{kind}{side}")
    return root


@pytest.fixture(scope="module")
def halves(emoji, tmp_path_factory):
    """The same pairs, each in one image."""
    root = tmp_path_factory.mktemp("halves")
    for kind in ("train", "test"):
        (root / kind).mkdir()
        for a in sorted((emoji / f"{kind}A").iterdir()):
            both = torch.cat([read_image(a), read_image(emoji / f"{kind}B" / a.name)], dim=-1)
            write_image(root / kind / f"{a.stem}.png", both)
    return root


def written(out, name, direction="a_to_b"):
    folder = out / "pictures" / direction / name
    return torch.stack([read_image(file) for file in sorted(folder.iterdir())])


@pytest.mark.parametrize("direction", ["a-to-b", "b-to-a"])
def test_both_layouts_hold_the_same_pairs_in_either_direction(
    recipe, train, emoji, halves, tmp_path, direction
):
    for pairs, data in (("folders", emoji), ("halves", halves)):
        out = tmp_path / pairs
        train(recipe, "paper", out, data=(data,), pairs=pairs, direction=direction, **SMALL)
        assert {"psnr", "ssim", "untranslated", "pixel"} <= read_scalars(out / "scalars.jsonl")[-1].keys()
    folder = direction.replace("-", "_")
    source, true = (written(tmp_path / "folders", state, folder) for state in ("real", "true"))
    assert len(source) == len(true) == 3
    assert source.equal(written(tmp_path / "halves", "real", folder))
    assert true.equal(written(tmp_path / "halves", "true", folder))
    first, second = sorted((emoji / "testA").iterdir())[0], sorted((emoji / "testB").iterdir())[0]
    whole = Images([first if direction == "a-to-b" else second], size=32, load_size=32, flip=False)
    torch.testing.assert_close(source[0], whole[0], atol=1 / 127, rtol=0)


def test_photos_are_blurred_but_as_large_as_before(recipe, train, emoji, tmp_path):
    changes = SMALL | {"data": (emoji / "trainA",), "scale": 2, "validation": 0.3, "load_size": None}
    train(recipe, "super-resolution", tmp_path, **changes)
    source, true = written(tmp_path, "real"), written(tmp_path, "true")
    assert source.shape == true.shape
    blurred = bicubic_upscale(Downscale(2)(true[0]), 2).clamp(-1, 1)
    torch.testing.assert_close(source[0], blurred, atol=0.01, rtol=0)
    assert not source.equal(true)


def test_the_saved_network_is_the_papers(recipe, train, emoji, tmp_path):
    train(recipe, "paper", tmp_path, data=(emoji,), **SMALL)
    net = gan_nets.load(tmp_path / "a_to_b")
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    # Dropout stays on at test time (section 3.3), so that no two translations are equal.
    assert not net(picture).equal(net(picture))


@pytest.mark.parametrize(("direction", "folder"), [("a-to-b", "a_to_b"), ("b-to-a", "b_to_a")])
def test_cyclegans_generator_writes_what_unpaired_translation_does(
    recipe, train, emoji, tmp_path, direction, folder
):
    """At any size that it can halve twice, with the input's names."""
    changes = SMALL | {"generator": "resnet", "blocks": 1, "size": 28, "ema": True, "direction": direction}
    train(recipe, "paper", tmp_path, data=(emoji,), **changes)
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {folder}
    files = sorted((emoji / f"test{direction[0].upper()}").iterdir())
    for state in ("real", "translated", "true"):
        written = sorted((tmp_path / "pictures" / folder / state).iterdir())
        assert [path.name for path in written] == [f"{i:04d}-{f.stem}.png" for i, f in enumerate(files)]
    real = read_image(tmp_path / "pictures" / folder / "real" / f"0000-{files[0].stem}.png")
    whole = Images([files[0]], size=28, load_size=28, flip=False)[0]
    torch.testing.assert_close(real, whole, atol=1 / 127, rtol=0)
    net = gan_nets.load(tmp_path / folder)
    assert isinstance(net, gan_nets.ResnetGenerator)
    assert len(net.blocks) == 1


def test_the_upper_bound_has_cyclegans_generator_and_steps(recipe, example):
    """On the emoji and on the portraits; only the losses differ, and that there are pairs."""
    cyclegan = example("cyclegan").PRESETS["emoji"]
    for preset in ("emoji-resnet", "portraits"):
        chosen = recipe.PRESETS[preset]
        assert chosen.generator == "resnet"
        for name in ("size", "load_size", "width", "blocks", "layers", "lr", "batch_size", "steps", "ema"):
            assert getattr(chosen, name) == getattr(cyclegan, name), name
    for preset in ("emoji", "portraits"):  # the same images in the same order: results have equal names
        files = example("support.translation").find_files((), **{preset: True})
        upper_bound = recipe.PRESETS["emoji-resnet" if preset == "emoji" else preset]
        for domains, dataset in zip(
            files, example("support.pix2pix").find_datasets(upper_bound), strict=True
        ):
            assert dataset.pairs == list(zip(*domains, strict=True))
    nets = [recipe.build(chosen).g, example("cyclegan").build(cyclegan).g_ab]
    assert str(nets[0]) == str(nets[1])


def test_an_unconditional_discriminator_the_official_generator_and_an_average(recipe, train, emoji, tmp_path):
    changes = {"discriminator": "unconditional", "ema": True, "generator": "official", **SMALL}
    train(recipe, "paper", tmp_path, data=(emoji,), **changes)
    assert read_scalars(tmp_path / "scalars.jsonl")[-1]["step"] == 2


def test_the_arms_of_the_papers_section_4(recipe, train, emoji, tmp_path):
    """L1 alone with an encoder-decoder, and a discriminator of single pixels without L1."""
    alone = {"discriminator": "none", "generator": "encoder-decoder", **SMALL}
    train(recipe, "paper", tmp_path / "alone", data=(emoji,), **alone)
    row = read_scalars(tmp_path / "alone" / "scalars.jsonl")[-1]
    assert "pixel" in row
    assert not {"adversarial", "discriminator"} & row.keys()
    assert not gan_nets.load(tmp_path / "alone" / "a_to_b").skips
    train(recipe, "paper", tmp_path / "pixels", data=(emoji,), layers=0, l1_weight=0.0, **SMALL)
    row = read_scalars(tmp_path / "pixels" / "scalars.jsonl")[-1]
    assert {"adversarial", "discriminator"} <= row.keys()
    assert "pixel" not in row


def test_more_evaluations_do_not_change_the_network(recipe, train, emoji, tmp_path):
    for name, every in (("often", 1), ("seldom", 2)):
        train(recipe, "paper", tmp_path / name, data=(emoji,), **SMALL | {"evaluate_every": every})
    often, seldom = (gan_nets.load(tmp_path / name / "a_to_b") for name in ("often", "seldom"))
    assert all(map(torch.equal, often.state_dict().values(), seldom.state_dict().values()))


@pytest.mark.parametrize("generator", ["paper", "resnet"])
def test_resuming_equals_an_uninterrupted_run(recipe, train, run_until, emoji, tmp_path, generator):
    changes = SMALL | {"generator": generator, "blocks": 1 if generator == "resnet" else None}
    train(recipe, "paper", tmp_path / "whole", data=(emoji,), **changes)
    run_until(recipe, 2, "paper", tmp_path / "killed", data=(emoji,), **changes)
    train(recipe, "paper", tmp_path / "killed", data=(emoji,), **changes)
    last = "checkpoints/00000002/shared.safetensors"
    assert (tmp_path / "killed" / last).read_bytes() == (tmp_path / "whole" / last).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda root: (root / "trainA" / "alone.png").touch(), "alone"),
        (lambda root: Image.new("RGB", (9, 9)).save(root / "testB" / "new.png"), "new"),
    ],
)
def test_bad_pairs_end_in_one_sentence(recipe, mistake, emoji, tmp_path, spoil, name):
    root = tmp_path / "bad"
    shutil.copytree(emoji, root)
    spoil(root)
    code, error = mistake(recipe, "paper", data=root, out=tmp_path / "out", **SMALL)
    assert code == 1
    assert name in error


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        ("paper", {"pairs": "halves"}, "--pairs halves expects --data with one folder; got 0"),
        ("super-resolution", {}, "--pairs photos expects --data with one folder; got 0"),
        ("paper", {}, "--data expects one folder, or one for A and one for B; got 0"),
        ("paper", {"data": ("a", "b", "c")}, "--data expects one folder, or one for A and one for B; got 3"),
        (
            "emoji",
            {"data": "a"},
            "--data expects another preset, such as: pix2pix.py paper --data FOLDER",
        ),
        (
            "emoji",
            {"discriminator": "none", "l1_weight": 0},
            "--l1-weight must be above 0 without a discriminator; got 0.0",
        ),
        (
            "emoji",
            {"size": 40},
            "--size must be a multiple of 16, so that the U-Net has 4 levels or more; got 40",
        ),
        (
            "emoji-resnet",
            {"size": 30},
            "--size must be a multiple of 4, 8 or more, with --generator resnet; got 30",
        ),
        (
            "super-resolution",
            {"data": "a", "size": 64, "scale": 3},
            "--size must be a multiple of --scale 3; got 64",
        ),
        ("emoji", {"blocks": 3}, "--blocks expects --generator resnet; got paper"),
        ("emoji", {"l1_weight": -1}, "--l1-weight must be a number of at least 0; got -1.0"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(recipe, preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("size", "levels"), [(304, 4), (48, 4), (320, 6)])
def test_a_shallower_unet_than_the_papers_is_printed(example, capsys, size, levels):
    support = example("support.pix2pix")
    assert support.unet_depth(size) == levels
    support.print_unet_depth(size)
    printed = capsys.readouterr().out
    assert printed.startswith(f"--size {size} can be halved {levels} times, so the U-Net has {levels} levels")


@pytest.mark.parametrize("size", [32, 64, 256, 512, 768])
def test_a_unet_as_deep_as_it_can_be_is_not(example, capsys, size):
    example("support.pix2pix").print_unet_depth(size)
    assert capsys.readouterr().out == ""
