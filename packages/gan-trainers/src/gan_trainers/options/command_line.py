"""The command line of a recipe: a preset, and options that change some of its values."""

import dataclasses
import difflib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

from cyclopts import App, CycloptsError, Parameter

from gan_trainers._version import __version__
from gan_trainers.base.errors import OptionError, plain_errors
from gan_trainers.options._help import help_text

Options = TypeVar("Options")


def run_recipe(
    main: Callable[[Options], None], presets: Mapping[str, Options], arguments: Sequence[str] | None = None
) -> None:
    """Run a recipe from the command line: `recipe.py [PRESET] [--option value ...]`.

    A mistake of the user ends in one line, `error: ...`: with exit code 2 for wrong use, 1 for what failed.

    Args:
        main: the recipe, called with the options. The first line of its module's docstring heads the help.
        presets: options by name; the first preset is the default.
        arguments: of the command line; those of the program if not given.

    Raises:
        SystemExit: after a mistake, and after `--help` and `--version`.
    """
    with plain_errors():
        words = sys.argv[1:] if arguments is None else list(arguments)
        name, words = _split_preset(presets, words)
        if {"--help", "-h"} & set(words):
            module = inspect.getmodule(main)
            print(help_text(presets[name], _head(module, name, presets)))
        elif "--version" in words:
            print(f"gan-trainers {__version__}")
        else:
            main(parse_options(presets[name], words))


def parse_options(preset: Options, words: Sequence[str]) -> Options:
    """The preset with the values that a command line gives.

    Every field of the dataclass is an option, and so is every field of a dataclass in it, without a prefix.

    Args:
        preset: a dataclass.
        words: `[--option value ...]`.

    Raises:
        OptionError: names the option, and the closest one if it is unknown.
    """
    _refuse_empty(words)
    given: dict[str, Any] = {}
    app = App(name="recipe", help_flags=(), version_flags=())
    app.default(_with_options(given.update, preset))
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise OptionError(str(error)) from None
    return _replaced(preset, given)


def _split_preset(presets: Mapping[str, Any], words: list[str]) -> tuple[str, list[str]]:
    first = next(iter(presets))
    if not words or words[0].startswith("-"):
        return first, words
    name, *rest = words
    if name not in presets:
        close = difflib.get_close_matches(name, presets, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the presets are {', '.join(presets)}"
        raise OptionError(f"unknown preset {name!r}; {hint}")
    return name, rest


def _refuse_empty(words: Sequence[str]) -> None:
    """Refuse empty values: an empty path would be the current folder."""
    option = "the first value"
    for word in words:
        option = word.partition("=")[0] if word.startswith("--") else option
        if not word or (word.startswith("--") and word.endswith("=")):
            raise OptionError(f"{option} must not be empty; give a value or leave the option out")


def _with_options(call: Callable[[dict[str, Any]], None], preset: Any) -> Callable[..., None]:
    """A function with a keyword for each option, from which cyclopts makes a command line."""

    def command(**options: Any) -> None:
        call(options)

    parameters = list(_parameters(preset))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _parameters(preset: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(type(preset), include_extras=True)
    parameters: list[inspect.Parameter] = []
    for field in dataclasses.fields(preset):
        value = getattr(preset, field.name)
        if dataclasses.is_dataclass(value):
            parameters += _parameters(value)
            continue
        kind = hints[field.name]
        if isinstance(value, tuple):  # several values after one name: --data A B
            kind = Annotated[kind, Parameter(consume_multiple=True, negative=())]
        parameters.append(
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind)
        )
    return parameters


def _replaced(preset: Any, given: Mapping[str, Any]) -> Any:
    """The preset with the given values, also in nested dataclasses."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(preset):
        value = getattr(preset, field.name)
        if dataclasses.is_dataclass(value):
            changes[field.name] = _replaced(value, given)
        elif field.name in given:
            changes[field.name] = given[field.name]
    return dataclasses.replace(preset, **changes)


def _head(module: Any, name: str, presets: Mapping[str, Any]) -> str:
    """Usage, the first line of the recipe's docstring, and the presets."""
    first, *others = presets
    names = ", ".join([f"{first} (the default)", *others])
    about = (inspect.getdoc(module) or "").partition("\n")[0]
    return (
        f"Usage: {Path(sys.argv[0]).name} [PRESET] [--option value ...]\n\n{about}\n"
        f"Presets: {names}. The values below are those of {name}."
    )
