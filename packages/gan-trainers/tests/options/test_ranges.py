"""The ranges of options: what each type allows, and the sentence for what it does not."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import pytest
from gan_trainers import (
    Count,
    CountOrZero,
    Fraction,
    OptionError,
    Positive,
    Probability,
    Range,
    RunOptions,
    Seed,
    Weight,
    check_ranges,
)

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Options:
    a_count: Count = 1
    a_count_or_zero: CountOrZero = 0
    a_seed: Seed = 0
    a_positive: Positive = 1.0
    a_weight: Weight = 0.0
    a_fraction: Fraction = 0.5
    a_probability: Probability = 0.0
    a_maybe_count: Count | None = None
    a_pair: tuple[Weight, Weight] = (0.0, 1.0)
    a_maybe_pair: tuple[CountOrZero, CountOrZero] | None = None
    a_list: tuple[Path, ...] = ()
    a_choice: Literal["paper", "modern"] = "paper"
    a_size: Count | Literal["jitter"] | None = "jitter"
    a_file: Literal["torchvision"] | Path | None = None
    a_switch: bool = False
    a_maybe_switch: bool | None = None
    a_text: str = "text"
    a_decade: Annotated[int, Range(10, 19)] = 10
    a_plain_int: int = -1
    a_plain_float: float = -0.5

    def __post_init__(self) -> None:
        check_ranges(self)


ALLOWED = {
    "a_count": [1, 2, 10**9],
    "a_count_or_zero": [0, 1],
    "a_seed": [0, 2**32 - 1],
    "a_positive": [1e-30, 1, 1e30],
    "a_weight": [0, 0.0, 0.5, 100],
    "a_fraction": [1e-9, 0.5, 0.999],
    "a_probability": [0, 0.0, 0.5, 0.999],
    "a_maybe_count": [None, 1],
    "a_pair": [(0, 0), (10.0, 0.5)],
    "a_maybe_pair": [None, (0, 3)],
    "a_list": [(), (Path("a"),), (Path("a"), Path("b"), Path("c"))],
    "a_choice": ["paper", "modern"],
    "a_size": [1, "jitter", None],
    "a_file": ["torchvision", Path("vgg.pth"), None],
    "a_switch": [True, False],
    "a_maybe_switch": [True, False, None],
    "a_text": ["", "any"],
    "a_decade": [10, 19],
    "a_plain_int": [-(10**9), 0, 7],
    "a_plain_float": [-1e9, 0, 7.5],
}

COUNT = "a whole number of at least 1"
COUNT_OR_ZERO = "a whole number of at least 0"
SEED = "a whole number of at least 0 and at most 4294967295"
POSITIVE = "a number above 0"
WEIGHT = "a number of at least 0"
FRACTION = "a number above 0 and below 1"
PROBABILITY = "a number of at least 0 and below 1"
WHOLE, NUMBER = [1.0, 0.5, True, False, "1", NAN, INF, -INF], [True, False, "1", NAN, INF, -INF]

REFUSED = {
    "a_count": (COUNT, [0, -1, None, (1,), *WHOLE]),
    "a_count_or_zero": (COUNT_OR_ZERO, [-1, None, (0,), *WHOLE]),
    "a_seed": (SEED, [-1, 2**32, None, *WHOLE]),
    "a_positive": (POSITIVE, [0, 0.0, -0.0, -1e-30, None, (1.0,), *NUMBER]),
    "a_weight": (WEIGHT, [-1e-30, -1, None, (1.0,), *NUMBER]),
    "a_fraction": (FRACTION, [0, 1, 0.0, 1.0, -0.5, 1.5, None, *NUMBER]),
    "a_probability": (PROBABILITY, [1, 1.0, -1e-9, 1.5, None, *NUMBER]),
    "a_maybe_count": (f"{COUNT}, or left out", [0, -1, (), *WHOLE]),
    "a_pair": (
        f"2 values: {WEIGHT}, {WEIGHT}",
        [(), (1.0,), (1.0, 1.0, 1.0), (1.0, -1.0), (NAN, 1.0), (1.0, INF), (None, 1.0), (True, 1.0), None],
    ),
    "a_maybe_pair": (
        f"2 values: {COUNT_OR_ZERO}, {COUNT_OR_ZERO}, or left out",
        [(-1, 0), (1,), (0.5, 1), 1],
    ),
    "a_list": (
        "any number of values, each a path",
        [("a",), (Path("a"), None), None, Path("a"), [Path("a")]],
    ),
    "a_choice": ('"paper" or "modern"', ["papers", "", None, 1]),
    "a_size": (f'{COUNT} or "jitter", or left out', [0, -1, 1.5, "crop", True, NAN, (1,)]),
    "a_file": ('"torchvision" or a path, or left out', ["vgg.pth", 1, True]),
    "a_switch": ("True or False", [None, 0, 1, "True"]),
    "a_maybe_switch": ("True or False, or left out", [0, 1, "True"]),
    "a_text": ("a text", [None, 1, Path("text")]),
    "a_decade": ("a whole number of at least 10 and at most 19", [9, 20, *WHOLE]),
    "a_plain_int": ("a whole number", [0.5, True, None, "1", NAN]),
    "a_plain_float": ("a number", [True, None, "1"]),
}


def test_every_type_is_tested():
    names = {field.name for field in fields(Options)}
    assert ALLOWED.keys() == REFUSED.keys() == names


@pytest.mark.parametrize("name", ALLOWED)
def test_what_a_type_allows(name):
    for value in ALLOWED[name]:
        assert getattr(Options(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, values) in REFUSED.items() for value in values]
)
def test_what_a_type_refuses_and_the_sentence(name, value):
    """The sentence names the option as it is typed, what it may be, and the value."""
    with pytest.raises(OptionError) as refused:
        Options(**{name: value})
    option, what = f"--{name.replace('_', '-')}", REFUSED[name][0]
    sentence = str(refused.value)
    assert sentence.startswith(f"{option} must be {what}; got ")
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert sentence.endswith(f"; got {shown}")


def test_the_first_option_that_is_wrong_is_named():
    with pytest.raises(OptionError, match="--a-count must be"):
        Options(a_weight=-1, a_count=0)


def test_options_in_options_check_themselves():
    @dataclass(frozen=True)
    class Nested:
        run: RunOptions = RunOptions(out=Path("run"))

        def __post_init__(self) -> None:
            check_ranges(self)

    assert Nested().run.seed == 0
    with pytest.raises(OptionError, match="--accumulate must be a whole number of at least 1; got 0"):
        Nested(RunOptions(out=Path("run"), accumulate=0))


def test_a_range():
    assert 3 in Range(3)
    assert 2.999 not in Range(3)
    assert 3 not in Range(3, without_least=True)
    assert 4 in Range(3, 4)
    assert 4 not in Range(3, 4, without_most=True)
    assert not any(value in Range(-INF) for value in (INF, -INF, NAN))
    assert str(Range(3)) == "at least 3"
    assert str(Range(3, without_least=True)) == "above 3"
    assert str(Range(3, 4)) == "at least 3 and at most 4"
    assert str(Range(3, 4, without_least=True, without_most=True)) == "above 3 and below 4"


def test_an_option_error_is_a_value_error():
    assert issubclass(OptionError, ValueError)
