"""Mistakes in the words of a command line that cyclopts lets pass."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from gan_trainers.base.errors import OptionError
from gan_trainers.options.ranges import describe


def check_words(words: Sequence[str], kinds: Mapping[str, Any]) -> None:
    """Refuse empty values, of which a path would be the current folder, and fractions of whole numbers.

    Args:
        words: `[--option value ...]`.
        kinds: the types of the options, by their names on the command line.

    Raises:
        OptionError: names the option.
    """
    for option, value in _values(words):
        if not value:
            raise OptionError(f"{option} must not be empty; give a value or leave the option out")
        if "." in value and _is_whole(kinds.get(option)):
            raise OptionError(f"{option} must be {describe(kinds[option])}; got {value}")


def _values(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every value, and the option that it is given to."""
    option = "the first value"
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("--") else (option, "=", word)
        option = name
        if equals:
            yield name, value


def _is_whole(kind: Any) -> bool:
    """Whether all numbers of a type are whole."""
    leaves = _leaves(kind)
    return int in leaves and not leaves & {float, str, Path}


def _leaves(kind: Any) -> set[Any]:
    """The types that unions and tuples are made of."""
    if get_origin(kind) is Annotated:
        return _leaves(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType, tuple):
        return {leaf for each in get_args(kind) for leaf in _leaves(each)}
    return {kind}
