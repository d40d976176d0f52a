"""The arguments in a config.json, which anybody may have written, against the types of the constructor."""

import math
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

LEAST_LIMIT = 1024  # of numbers that a file of weights does not show, such as the size of images
LONGEST = 100  # items of a list


def check_arguments(constructor: Callable[..., Any], arguments: Mapping[str, Any], largest: int) -> None:
    """Raise ValueError for the first argument that is not of its type; unknown names are left to the call.

    Args:
        constructor: with annotations.
        arguments: by name.
        largest: the largest dimension of the weights, or their number if that is larger. A width or a depth
            is not above it; a number that is could take any time.
    """
    hints, parameters = get_type_hints(constructor), signature(constructor).parameters
    for name, value in arguments.items():
        if name not in hints:
            continue
        default = parameters[name].default
        most = max(largest, LEAST_LIMIT, 4 * default if isinstance(default, int) else 0)
        if not _fits(value, hints[name], most):
            raise ValueError(f"expected {name} as {_words(hints[name], most)}; got {short(value)}")


def _fits(value: Any, hint: Any, most: int) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in inner)
    if origin in (Union, UnionType):
        return any(_fits(value, each, most) for each in inner)
    if origin is Sequence:
        items = isinstance(value, list | tuple) and len(value) <= LONGEST
        return items and all(_fits(each, inner[0], most) for each in value)
    if hint not in (int, float):
        return isinstance(value, hint)
    number = isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= most


def _words(hint: Any, most: int) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, inner))
    if origin in (Union, UnionType):
        return " or ".join(_words(each, most) for each in inner)
    if origin is Sequence:
        return f"a list of {_words(inner[0], most)}"
    names = {int: f"an integer up to {most}", float: f"a number up to {most}", bool: "true or false"}
    return {**names, str: "a string", NoneType: "null"}.get(hint, str(hint))


def short(value: object) -> str:
    """A value of a file in an error, not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
