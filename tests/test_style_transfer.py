"""The recipe of style transfer: presets, files, two processes, the network from a file, and mistakes."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from gan_data import read_image
from gan_losses import StyleWeights, VGG19Features, mean_grams, transfer_style
from gan_trainers import RunOptions
from PIL import Image

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
MISSING = "is missing; this preset expects pictures or folders of pictures"
SMALL = {"size": 32, "enlarge": 1, "images": 2, "steps": 2, "quiet": True}


@pytest.fixture(scope="module")
def recipe(example):
    return example("style_transfer")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two pictures of content and three of style."""
    root = tmp_path_factory.mktemp("pictures")
    for folder, source, count in (("content", "testA", 2), ("style", "trainB", 3)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / source).glob("*.webp"))[:count]:
            shutil.copy(file, root / folder)
    return root


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory):
    """A file with torchvision's names for the layers up to conv5_1, untrained."""
    network = VGG19Features(["conv5_1"], weights="random").network
    state = {
        f"features.{position}.{kind}": value
        for position, layer in enumerate(network)
        for kind, value in layer.state_dict().items()
    }
    torch.save(state, tmp_path_factory.mktemp("vgg") / "vgg19.pth")
    return next(tmp_path_factory.getbasetemp().glob("vgg*/vgg19.pth"))


@pytest.mark.parametrize(("preset", "styles"), [("emoji", 3), ("emoji-picture", 1)])
def test_the_emoji_presets_write_pictures_as_the_studies_read_them(
    recipe, example, train, tmp_path, preset, styles
):
    taken = {"pictures": 3} if preset == "emoji" else {}  # of 259
    train(recipe, preset, tmp_path, **SMALL, **taken)
    for state in ("real", "translated"):
        files = sorted((tmp_path / "pictures" / "a_to_b" / state).iterdir())
        assert [file.name[:5] for file in files] == ["0000-", "0001-"]
        assert read_image(files[0]).shape == (3, 32, 32)
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (2 * 96 + 2, 2 * 96 + 2)  # real and translated; enlarged to 96
    settings = json.loads((tmp_path / "settings.json").read_text())["settings"]
    assert (settings["emoji"], settings["pictures"], settings["network"]) == (True, styles, "lite0")
    assert settings["seed"] == 0
    _, style = example("support.style_transfer").find_pictures(
        recipe.Options(**{"emoji": True, "size": 32, "pictures": styles})
    )
    assert len(style) == styles


def test_the_paper_reads_vgg19_from_a_file_and_files_or_folders(
    recipe, train, two_processes, words, pictures, vgg19, tmp_path
):
    """The result is that of the function; two processes share the pictures and their noise."""
    (content, second), styles = (sorted((pictures / name).iterdir()) for name in ("content", "style"))
    given = {"content": pictures / "content", "style": (styles[0], pictures / "style"), "vgg19": vgg19}
    train(recipe, "paper", tmp_path / "one", **given, **SMALL)
    features = VGG19Features(
        ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv4_2"], weights=vgg19, pooling="average"
    )
    shrunk = [
        read_image(tmp_path / "one" / "pictures" / "a_to_b" / "real" / f"{index:04d}-{file.stem}.png")
        for index, file in enumerate((content, second))
    ]
    example_of_style = recipe.find_pictures(recipe.Options(**given, size=32))[1]
    grams = mean_grams(features, [example_of_style[index] for index in range(4)], range(5))
    torch.manual_seed(1)  # the seed of the run, and the number of the picture
    expected = transfer_style(
        shrunk[1][None], grams, features, content_layers=[5], style_layers=range(5),
        weights=StyleWeights(1.0, 1e3), steps=2, start="noise",
    )  # fmt: skip
    name = Path("pictures", "a_to_b", "translated", f"0001-{second.stem}.png")
    torch.testing.assert_close(read_image(tmp_path / "one" / name)[None], expected, rtol=0, atol=0.02)
    two_processes(recipe.__file__, "paper", *words(out=tmp_path / "two", **given, **SMALL))
    assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    assert (tmp_path / "two" / "grid.png").read_bytes() == (tmp_path / "one" / "grid.png").read_bytes()


def test_the_same_command_again_makes_the_missing_pictures_alone(recipe, train, mistake, pictures, tmp_path):
    given = SMALL | {"network": "lite0", "style": (pictures / "style",), "content": pictures / "content"}
    out = tmp_path / "out"
    train(recipe, "paper", out, **given)
    folder = out / "pictures" / "a_to_b" / "translated"
    first, second = sorted(folder.iterdir())
    finished, lost = first.stat().st_mtime_ns, second.read_bytes()
    second.unlink()
    train(recipe, "paper", out, **given)
    assert (first.stat().st_mtime_ns, second.read_bytes()) == (finished, lost)
    assert not list(out.glob("unfinished*"))
    code, error = mistake(recipe, "paper", out=out, **given | {"steps": 3})
    sentence = f"{out} has pictures made with --steps 2; give another --out, or delete it"
    assert (code, error) == (2, f"error: {sentence}")


def killed(*_, **__):
    raise KeyboardInterrupt


def test_a_picture_that_was_replaced_is_made_again_and_another_style_or_damage_is_told(
    recipe, train, mistake, pictures, tmp_path
):
    """Pictures of the same name are compared; settings.json tells of the style, unless it is damaged."""
    shutil.copytree(pictures, tmp_path / "in")
    given = SMALL | {
        "network": "lite0",
        "style": (tmp_path / "in/style",),
        "content": tmp_path / "in/content",
    }
    out = tmp_path / "out"
    train(recipe, "paper", out, **given)
    first, second = (file.read_bytes() for file in sorted((out / "pictures/a_to_b/translated").iterdir()))
    one, two = sorted((tmp_path / "in/content").iterdir())
    shutil.copy(two, one)
    train(recipe, "paper", out, **given)
    again = [file.read_bytes() for file in sorted((out / "pictures/a_to_b/translated").iterdir())]
    assert again[0] != first
    assert again[1] == second
    shutil.copy(pictures / "content" / one.name, one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "transfer_style", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, "paper", out, **given)
    train(recipe, "paper", out, **given)  # the one that was broken off is not taken for finished
    restored = [file.read_bytes() for file in sorted((out / "pictures/a_to_b/translated").iterdir())]
    assert restored == [first, second]
    shutil.copy(two, sorted((tmp_path / "in/style").iterdir())[0])
    code, error = mistake(recipe, "paper", out=out, **given)
    sentence = f"{out} has pictures made with other files of --style; give another --out, or delete it"
    assert (code, error) == (2, f"error: {sentence}")
    (out / "settings.json").write_text("[]")
    code, error = mistake(recipe, "paper", out=out, **given)
    assert code == 2
    assert error.startswith(f"error: {out / 'settings.json'} is damaged, so that nothing tells how the")
    assert error.endswith("give another --out, or delete it")


def test_its_own_options_of_a_run_are_named_as_those_of_the_other_recipes(recipe):
    shared = set(RunOptions.__dataclass_fields__)
    assert set(type(recipe.Options().run).__dataclass_fields__) <= shared


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        (
            "paper",
            {"style": "a"},
            f"--content {MISSING}",
        ),
        (
            "paper",
            {"content": "a"},
            f"--style {MISSING}",
        ),
        (
            "emoji",
            {"style": "a"},
            "--content and --style expect a preset without emoji, such as: style_transfer.py paper --content "
            "FOLDER --style FOLDER",
        ),
        (
            "emoji",
            {"style_weight": 0, "content_weight": 0},
            "--content-weight or --style-weight must be above 0; got 0 for both",
        ),
        ("emoji", {"steps": 0}, "--steps must be a whole number of at least 1; got 0"),
        (
            "emoji",
            {"network": "vgg19"},
            "--vgg19 is missing; expected a .pth or .safetensors file of torchvision's vgg19, or --network "
            "lite0",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(recipe, preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(recipe, mistake, pictures, tmp_path):
    given = {"content": pictures / "content", "style": pictures / "style"}
    code, error = mistake(recipe, "paper", out=tmp_path / "out", vgg19=tmp_path / "none.pth", **given)
    assert code == 1
    assert "none.pth, not a file" in error
