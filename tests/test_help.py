"""The help of every recipe fits a screen and says something about every option."""

import dataclasses
import inspect
import io
import sys
import tokenize
from pathlib import Path

import pytest
from gan_trainers import RunOptions, run_recipe
from gan_trainers.options._comments import field_comments

EXAMPLES = Path(__file__).parents[1] / "examples"
RECIPES = sorted(path.stem for path in EXAMPLES.glob("*.py"))

each_recipe = pytest.mark.parametrize("name", RECIPES)


def test_all_recipes_are_found():
    assert RECIPES == [
        "bigan", "coarse_to_fine", "cogan", "colorize", "content_gan", "cut", "cyclegan", "esrgan", "pix2pix",
        "pix2pixhd", "progan", "projected_gan", "r3gan", "real_esrgan", "segmentation", "srgan",
        "style_transfer", "stylegan2",
    ]  # fmt: skip


@each_recipe
def test_the_help_has_at_most_47_lines_for_every_preset(example, capsys, monkeypatch, name):
    recipe = example(name)
    monkeypatch.setenv("COLUMNS", "110")  # the default width
    monkeypatch.setattr(sys, "argv", [str(EXAMPLES / f"{name}.py")])
    for preset in recipe.PRESETS:
        run_recipe(recipe.main, recipe.PRESETS, [preset, "--help"])
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) <= 47, preset
        assert max(map(len, lines)) <= 110, preset
        assert lines[0] == f"Usage: {name}.py [PRESET] [--option value ...]"
        assert lines[2] == inspect.getdoc(recipe).partition("\n")[0]


def comments_beside_fields(cls):
    """The texts of all comments of a class, up to its first method."""
    source = inspect.getsource(cls).partition("    def ")[0]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]


def assert_every_field_has_its_comment(cls):
    comments = field_comments(cls)
    assert list(comments) == [field.name for field in dataclasses.fields(cls)]
    assert [name for name, comment in comments.items() if not comment and name != "run"] == []
    assert " ".join(filter(None, comments.values())) == " ".join(comments_beside_fields(cls))


@each_recipe
def test_every_option_has_a_help_text_and_no_comment_is_lost(example, name):
    assert_every_field_has_its_comment(example(name).Options)


def test_every_option_of_every_recipe_has_a_help_text():
    assert_every_field_has_its_comment(RunOptions)


@each_recipe
def test_the_presets_are_of_the_recipes_options_and_write_to_a_folder_of_its_own(example, name):
    recipe = example(name)
    assert {type(preset) for preset in recipe.PRESETS.values()} == {recipe.Options}
    assert {preset.run.out for preset in recipe.PRESETS.values()} == {Path("runs") / name}
    assert all(preset.run.seed == 0 for preset in recipe.PRESETS.values())


@each_recipe
def test_the_defaults_are_a_preset_and_the_first_needs_no_data(example, name):
    """The defaults are the paper's; a preset is of images of this repository if it is named after them.

    Recipes for photographs need no such preset: without --data, they take those of this repository.
    """
    recipe = example(name)
    assert recipe.Options() in recipe.PRESETS.values()
    embedded = {"emoji", "animals", "portraits"}
    assert next(iter(recipe.PRESETS)) in embedded | {"photos"}
    for preset, options in recipe.PRESETS.items():
        sources = {source for source in embedded if getattr(options, source, None)}
        named = embedded & {"portraits" if preset == "waifu2x" else preset.partition("-")[0]}
        assert sources == named
