"""A recipe's tests of its command line.

The first line heads the help.
"""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from gan_trainers import (
    Count,
    CountOrZero,
    OptionError,
    RunOptions,
    Weight,
    __version__,
    check_ranges,
    linear_decay,
    parse_options,
    run_recipe,
)


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's."""

    data: tuple[Path, ...] = ()  # folders to train on
    size: Count | Literal["jitter"] | None = 256  # side in pixels
    blocks: Count | None = None  # residual blocks; if not given, 9
    pool_size: CountOrZero = 50  # earlier fakes
    weights: tuple[Weight, Weight] = (10.0, 10.0)  # lambda of both cycles
    order: Literal["joint", "alternating"] = "joint"  # of the updates; a comment that goes on
    # in the line below
    start: Path | None = None  # a network to start from
    perceptual: Literal["torchvision"] | Path | None = None  # weights of VGG19
    blur: tuple[Weight, Count] | None = None  # at first, and the steps until it has faded
    flip: bool = True  # mirror images

    # Not about `flip`.
    lr: Weight = 2e-4  # learning rate
    run: RunOptions = RunOptions(out=Path("runs/paper"))

    def __post_init__(self) -> None:
        check_ranges(self)  # not a comment of a field
        if self.flip and self.size is None:
            raise OptionError("--flip expects --size")


PRESETS = {
    "small": Options(size=64, blocks=3, start=Path("trained")),
    "paper": Options(),
    "photos": Options(size="jitter", run=RunOptions(out=Path("runs/photos"), evaluate_every=250)),
}


def main(options):
    """Prints what it got."""
    print(options)


@pytest.fixture
def call(capsys):
    """The exit code, and what was printed to the two streams."""

    def run(*words, main=main):
        code = 0
        try:
            run_recipe(main, PRESETS, words)
        except SystemExit as left:
            code = left.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


# ------------------------------------------------------------------- presets


def test_the_first_preset_is_the_default(call):
    assert call() == call("small") == (0, f"{PRESETS['small']}\n", "")


def test_a_preset_and_changes(call):
    changed = dataclasses.replace(PRESETS["paper"], size=128)
    assert call("paper", "--size", "128") == (0, f"{changed}\n", "")
    changed = dataclasses.replace(PRESETS["small"], size=128)
    assert call("--size", "128") == (0, f"{changed}\n", "")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("papr", "did you mean paper?"), ("xyz", "the presets are small, paper, photos")],
)
def test_an_unknown_preset_is_refused_with_a_suggestion(call, name, hint):
    assert call(name) == (2, "", f"error: unknown preset '{name}'; {hint}\n")


def test_a_preset_after_options_is_refused(call):
    code, _, error = call("--size", "128", "paper")
    assert (code, error) == (
        2,
        "error: expected [PRESET] [--option value ...]; got paper without an option\n",
    )


# ------------------------------------------------------------------- options


def parsed(*words, preset="paper"):
    """The values that differ from those of the preset, nested ones too."""
    before, after = PRESETS[preset], parse_options(PRESETS[preset], words)
    found = {}
    for old, new in ((before, after), (before.run, after.run)):
        names = [field.name for field in dataclasses.fields(old) if field.name != "run"]
        found |= {name: getattr(new, name) for name in names if getattr(new, name) != getattr(old, name)}
    return found


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("", {}),
        ("--data a", {"data": (Path("a"),)}),
        ("--data a b", {"data": (Path("a"), Path("b"))}),
        ("--data a --data b --blocks 2", {"data": (Path("a"), Path("b")), "blocks": 2}),
        ("--size 64", {"size": 64}),
        ("--size=64", {"size": 64}),
        ("--size jitter", {"size": "jitter"}),
        ("--pool-size 0", {"pool_size": 0}),
        ("--weights 0 1e-3", {"weights": (0.0, 1e-3)}),
        ("--order alternating", {"order": "alternating"}),
        ("--start runs/x", {"start": Path("runs/x")}),
        ("--perceptual torchvision", {"perceptual": "torchvision"}),
        ("--perceptual vgg.pth", {"perceptual": Path("vgg.pth")}),
        ("--no-flip", {"flip": False}),
        ("--flip", {}),
        ("--lr 0", {"lr": 0.0}),
        ("--lr -0.0", {"lr": 0.0}),
        ("--lr .5", {"lr": 0.5}),
    ],
)
def test_values_become_what_their_types_say(words, values):
    """0 is a value, and not "not given"."""
    found = parsed(*words.split())
    if "lr" in values:
        found = {"lr": 2e-4} | found
    assert found == values
    assert [type(value) for value in found.values()] == [type(value) for value in values.values()]


def test_options_of_every_recipe_have_no_prefix():
    words = "--out x --seed 0 --precision bf16 --channels-last --trackers wandb aim --evaluate-every 3"
    assert parsed(*words.split()) == {
        "out": Path("x"),
        "precision": "bf16",
        "channels_last": True,
        "trackers": ("wandb", "aim"),
        "evaluate_every": 3,
    }
    assert parsed("--no-channels-last", "--compile") == {"channels_last": False, "compile": True}
    assert parsed("--compile", "reduce-overhead", "--quiet") == {"compile": "reduce-overhead", "quiet": True}
    with pytest.raises(OptionError, match=r"Unknown option: --run\.seed\. Did you mean --seed\?"):
        parsed("--run.seed", "1")


def test_one_changed_value_leaves_the_other_nested_ones():
    options = parse_options(PRESETS["photos"], ["--seed", "7"])
    assert options.run == RunOptions(out=Path("runs/photos"), seed=7, evaluate_every=250)
    assert options.size == "jitter"


@pytest.mark.parametrize("none", ["None", "none"])
def test_none_is_not_given(none):
    assert parsed("--blocks", none, preset="small") == {"blocks": None}
    assert parsed("--start", none, preset="small") == {"start": None}
    assert parsed("--evaluate-every", none, preset="photos") == {"evaluate_every": None}
    assert parsed("--size", none, "--no-flip") == {"size": None, "flip": False}
    assert parsed("--perceptual", none) == {}


@pytest.mark.parametrize("option", ["--pool-size", "--lr", "--seed", "--weights"])
def test_none_is_refused_where_a_value_is_needed(call, option):
    code, _, error = call("paper", option, *["None"] * (1 + (option == "--weights")))
    assert code == 2
    assert option in error


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--blocs 2", "Unknown option: --blocs. Did you mean --blocks?"),
        ("--evaluate-evry 2", "Unknown option: --evaluate-evry. Did you mean --evaluate-every?"),
        ("--size huge", 'Invalid value for --size: unable to convert "huge" into '),
        ("--size 0", '--size must be a whole number of at least 1 or "jitter", or left out; got 0'),
        ("--size 1.5", '--size must be a whole number of at least 1 or "jitter", or left out; got 1.5'),
        ("--size=64.0", '--size must be a whole number of at least 1 or "jitter", or left out; got 64.0'),
        ("--blocks 2.5", "--blocks must be a whole number of at least 1, or left out; got 2.5"),
        ("--pool-size .5", "--pool-size must be a whole number of at least 0; got .5"),
        ("--seed 0.5", "--seed must be a whole number of at least 0 and at most 4294967295; got 0.5"),
        ("--seed -1", "--seed must be a whole number of at least 0 and at most 4294967295; got -1"),
        ("--lr nan", "--lr must be a number of at least 0; got nan"),
        ("--lr inf", "--lr must be a number of at least 0; got inf"),
        ("--lr -1", "--lr must be a number of at least 0; got -1.0"),
        ("--lr x", 'Invalid value for --lr: unable to convert "x" into float.'),
        ("--weights 1", "Parameter --weights requires 2 positional arguments. Only got 1."),
        ("--weights 1 2 3", "expected [PRESET] [--option value ...]; got 3 without an option"),
        ("--weights 1 -2", "; got 1.0 -2.0"),
        ("--order both", 'Invalid value "both" for --order. Choose from: "joint", "alternating".'),
        ("--order jont", 'Did you mean "joint"?'),
        ("--flip True", "expected [PRESET] [--option value ...]; got True without an option"),
        ("--blocks", "--blocks"),
        ("--data", "Parameter --data requires at least 1 element. Got 0."),
        ("--blocks 1 --blocks 2", "Parameter --blocks specified multiple times."),
        ("--size None", "--flip expects --size"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_with_exit_code_2(call, words, sentence):
    code, output, error = call("paper", *words.split())
    assert (code, output) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert sentence in error


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--out", ""], "--out"),
        (["--out="], "--out"),
        (["--data", "a", ""], "--data"),
        (["--start", "", "--size", "64"], "--start"),
        ([""], "the first value"),
    ],
)
def test_an_empty_value_is_refused(words, option):
    """An empty path would be the current folder."""
    with pytest.raises(
        OptionError, match=f"^{option} must not be empty; give a value or leave the option out$"
    ):
        parse_options(PRESETS["paper"], words)


# ------------------------------------------------------------------- help, version, exit codes


def sections(output):
    """The options of the two groups by name: what their lines say, joined."""
    own, shared, group = {}, {}, None
    for line in output.splitlines():
        if line in ("Options of the paper:", "Options of every recipe:"):
            group = own if "paper" in line else shared
        elif line.startswith("  --") and group is not None:
            name = line.split()[0]
            group[name] = line
        elif line and group is not None:
            group[name] += line
    return tuple({name: " ".join(lines.split()) for name, lines in each.items()} for each in (own, shared))


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")


@pytest.mark.usefixtures("wide")
def test_help_shows_the_numbers_of_the_preset_and_the_papers_options_first(call):
    code, output, error = call("--help")
    assert (code, error) == (0, "")
    assert "A recipe's tests of its command line.\n" in output
    assert "heads the help" not in output
    assert "Presets: small (the default), paper, photos. The values below are those of small.\n" in output
    assert output.index("Options of the paper:") < output.index("Options of every recipe:")
    own, shared = sections(output)
    names = [
        "data",
        "size",
        "blocks",
        "pool-size",
        "weights",
        "order",
        "start",
        "perceptual",
        "blur",
        "[no-]flip",
        "lr",
    ]
    assert list(own) == [f"--{name}" for name in names]
    names = [
        "out",
        "seed",
        "precision",
        "[no-]compile",
        "[no-]channels-last",
        "[no-]activation-checkpointing",
    ]
    names += ["accumulate", "workers", "trackers", "[no-]quiet", "evaluate-every"]
    assert list(shared) == [f"--{name}" for name in names]
    assert own["--size"] == "--size 64 side in pixels [jitter, INT]"
    assert own["--blocks"] == "--blocks 3 residual blocks; if not given, 9"
    assert own["--weights"] == "--weights 10.0 10.0 lambda of both cycles"
    assert own["--data"] == "--data PATH ... folders to train on"
    assert own["--blur"] == "--blur FLOAT INT at first, and the steps until it has faded"
    assert own["--[no-]flip"] == "--[no-]flip mirror images (on)"
    assert own["--order"].endswith(
        "of the updates; a comment that goes on in the line below [joint, alternating]"
    )
    assert own["--perceptual"].split()[:2] == ["--perceptual", "NAME|PATH"]
    assert own["--perceptual"].endswith("weights of VGG19 [torchvision, PATH]")
    assert shared["--[no-]channels-last"].endswith("(not given)")
    assert shared["--evaluate-every"].split()[:2] == ["--evaluate-every", "INT"]


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_a_preset(call, flag):
    _, output, _ = call("photos", flag)
    assert "The values below are those of photos." in output
    own, shared = sections(output)
    assert own["--size"].split()[:2] == ["--size", "jitter"]
    assert own["--blocks"].split()[:2] == ["--blocks", "INT"]
    assert own["--start"].split()[:2] == ["--start", "PATH"]
    assert shared["--out"].split()[:2] == ["--out", "runs/photos"]
    assert shared["--evaluate-every"].split()[:2] == ["--evaluate-every", "250"]


def test_help_fits_the_terminal(call, monkeypatch):
    for width in (70, 110):
        monkeypatch.setenv("COLUMNS", str(width))
        _, output, _ = call("--help")
        assert max(map(len, output.splitlines())) <= width


def test_help_has_no_comment_of_another_line(call):
    _, output, _ = call("--help")
    assert "Not about" not in output
    assert "not a comment" not in output


def test_version(call):
    assert call("--version") == call("paper", "--version") == (0, f"gan-trainers {__version__}\n", "")


def test_what_fails_is_one_line_with_exit_code_1(call):
    def fails(_):
        linear_decay(1, start=2, end=1)

    assert call(main=fails) == (1, "", "error: linear_decay expects start <= end; got start=2 and end=1\n")


def test_a_mistake_that_the_recipe_finds_has_exit_code_2(call):
    def refuses(_):
        raise OptionError("--data is missing")

    assert call(main=refuses) == (2, "", "error: --data is missing\n")


def test_ctrl_c_outside_of_a_loop_is_one_sentence(call):
    def interrupted(_):
        raise KeyboardInterrupt

    sentence = "\nstopped at once; the same command goes on from the last checkpoint\n"
    assert call(main=interrupted) == (130, "", sentence)


def test_other_errors_keep_their_traceback():
    def has_a_bug(_):
        raise KeyError

    with pytest.raises(KeyError):
        run_recipe(has_a_bug, PRESETS, [])


def test_gan_traceback_shows_where_a_mistake_was_found(monkeypatch):
    monkeypatch.setenv("GAN_TRACEBACK", "1")
    with pytest.raises(OptionError):
        run_recipe(main, PRESETS, ["--size", "0"])


PROGRAM = '''
"""A recipe in a file of its own."""

from dataclasses import dataclass
from pathlib import Path

from gan_trainers import Count, RunOptions, check_ranges, run_recipe


@dataclass(frozen=True)
class Options:
    steps: Count = 3  # of training
    run: RunOptions = RunOptions(out=Path("runs/x"))

    def __post_init__(self) -> None:
        check_ranges(self)


def main(options: Options) -> None:
    print(options.steps)


if __name__ == "__main__":
    run_recipe(main, {"only": Options()})
'''


@pytest.mark.parametrize(
    ("words", "code", "output", "error"),
    [
        (["--steps", "5"], 0, "5\n", ""),
        (["--steps", "0"], 2, "", "error: --steps must be a whole number of at least 1; got 0\n"),
        (["only", "--help"], 0, "  --steps 3                         of training\n", ""),
    ],
)
def test_a_program_takes_the_words_of_its_command_line(tmp_path, words, code, output, error):
    program = tmp_path / "recipe.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, error)
    assert output in done.stdout
    if "--help" in words:
        assert done.stdout.startswith(
            "Usage: recipe.py [PRESET] [--option value ...]\n\nA recipe in a file of its own.\n"
        )
