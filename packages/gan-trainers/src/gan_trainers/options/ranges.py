"""Ranges of options, declared in their types and checked when the options are made.

@dataclass(frozen=True)
class Options:
    blocks: Count = 9  # residual blocks
    cycle_weight: Weight = 10.0  # lambda

    def __post_init__(self) -> None:
        check_ranges(self)
"""

import dataclasses
import math
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from gan_trainers.base.errors import OptionError


@dataclasses.dataclass(frozen=True)
class Range:
    """The finite numbers from `least` to `most`, without those that are excluded.

    Examples:
        >>> from typing import Annotated
        >>> Angle = Annotated[float, Range(0, 360, without_most=True)]  # for a field of options
        >>> Range(0, 360)
        Range(least=0, most=360, without_least=False, without_most=False)
    """

    least: float
    most: float = math.inf
    without_least: bool = False
    without_most: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.least if self.without_least else value >= self.least
        below = value < self.most if self.without_most else value <= self.most
        return above and below and math.isfinite(value)

    def __str__(self) -> str:
        lower = f"above {self.least}" if self.without_least else f"at least {self.least}"
        upper = f"below {self.most}" if self.without_most else f"at most {self.most}"
        return lower if self.most == math.inf else f"{lower} and {upper}"


Count = Annotated[int, Range(1)]
"""At least 1: steps, images, channels, layers."""
CountOrZero = Annotated[int, Range(0)]
"""At least 0."""
Seed = Annotated[int, Range(0, 2**32 - 1)]
"""From 0 to 2^32 - 1."""
Positive = Annotated[float, Range(0, without_least=True)]
"""Above 0: a learning rate."""
Weight = Annotated[float, Range(0)]
"""At least 0: of a term of a loss; 0 leaves the term out."""
Fraction = Annotated[float, Range(0, 1, without_least=True, without_most=True)]
"""Between 0 and 1, without either."""
Probability = Annotated[float, Range(0, 1, without_most=True)]
"""From 0 on, below 1."""


def check_ranges(options: Any) -> None:
    """Check every field of a dataclass of options against its type; call it in `__post_init__`.

    Types are int, float, bool, str, Path, `Literal`, None, their unions, tuples of them, and `Annotated`
    numbers with a `Range`. Numbers that are nan or infinite are never in a range. Fields that are dataclasses
    check themselves.

    Raises:
        OptionError: names the option as it is typed on the command line, the value, and the values allowed.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     size: Count = 256  # side of the crops, in pixels
        ...     def __post_init__(self) -> None:
        ...         check_ranges(self)
        >>> Options(size=0)
        Traceback (most recent call last):
            ...
        gan_trainers.base.errors.OptionError: --size must be a whole number of at least 1; got 0
    """
    hints = get_type_hints(type(options), include_extras=True)
    for field in dataclasses.fields(options):
        value, kind = getattr(options, field.name), hints[field.name]
        if not dataclasses.is_dataclass(value) and not _allows(kind, value):
            raise OptionError(f"{option_name(field.name)} must be {describe(kind)}; got {_shown(value)}")


def option_name(field: str) -> str:
    """The name of a field on the command line: `cycle_weights` is `--cycle-weights`."""
    return f"--{field.replace('_', '-')}"


def _allows(kind: Any, value: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _allows(arguments[0], value) and all(
            value in each for each in arguments[1:] if _is_range(each)
        )
    if origin in (Union, UnionType):
        return any(_allows(each, value) for each in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and _allows_items(arguments, value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _allows_items(kinds: tuple[Any, ...], values: tuple[Any, ...]) -> bool:
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(values)
    return len(kinds) == len(values) and all(map(_allows, kinds, values))


def _is_range(annotation: Any) -> bool:
    return isinstance(annotation, Range)


def describe(kind: Any) -> str:
    """The values that a type allows, as a part of a sentence."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = " and ".join(str(each) for each in arguments[1:] if _is_range(each))
        return (
            describe(arguments[0]) + (" " if limits.startswith("above") else " of ") * bool(limits) + limits
        )
    if origin in (Union, UnionType):
        given = [describe(each) for each in arguments if each is not NoneType]
        return " or ".join(given) + (", or left out" if NoneType in arguments else "")
    if origin is Literal:
        return " or ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in arguments)
    if origin is tuple and arguments[-1] is ...:
        return f"any number of values, each {describe(arguments[0])}"
    if origin is tuple:
        return f"{len(arguments)} values: {', '.join(map(describe, arguments))}"
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", Path: "a path"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _shown(value: Any) -> str:
    return " ".join(map(_shown, value)) if isinstance(value, tuple) else str(value)
