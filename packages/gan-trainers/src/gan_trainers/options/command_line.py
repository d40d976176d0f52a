"""The command line of a recipe: a preset, and options that change some of its values."""

import dataclasses
import difflib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from gan_trainers._version import __version__
from gan_trainers.base.errors import OptionError, plain_errors
from gan_trainers.options._help import help_text
from gan_trainers.options._words import check_words
from gan_trainers.options.ranges import option_name

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
        SystemExit: after a mistake, after `--help` and `--version`, and after Ctrl-C with code 130.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     size: Count = 256  # side of the crops, in pixels
        >>> run_recipe(lambda options: print(options.size), {"paper": Options()}, ["paper", "--size", "64"])
        64
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
            try:
                main(parse_options(presets[name], words))
            except KeyboardInterrupt:  # outside of the loop, or a second one in it
                if "GAN_TRACEBACK" in os.environ:
                    raise
                print("\nstopped at once; the same command goes on from the last checkpoint", file=sys.stderr)
                raise SystemExit(130) from None


def parse_options(preset: Options, words: Sequence[str]) -> Options:
    """The preset with the values that a command line gives.

    Every field of the dataclass is an option, and so is every field of a dataclass in it, without a prefix.

    Args:
        preset: a dataclass.
        words: `[--option value ...]`.

    Raises:
        OptionError: names the option, and the closest one if it is unknown.

    Examples:
        >>> from pathlib import Path
        >>> preset = RunOptions(out=Path("runs/mine"))
        >>> parse_options(preset, ["--seed", "3", "--precision", "fp32"]).seed
        3
    """
    parameters = list(_parameters(preset))
    check_words(words, {option_name(each.name): each.annotation for each in parameters})
    given: dict[str, Any] = {}
    app = App(name="recipe", help_flags=(), version_flags=())
    app.default(_with_options(given.update, parameters))
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except UnusedCliTokensError as error:
        unused = " ".join(error.unused_tokens or ())
        raise OptionError(f"expected [PRESET] [--option value ...]; got {unused} without an option") from None
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


def _with_options(
    call: Callable[[dict[str, Any]], None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """A function with a keyword for each option, from which cyclopts makes a command line."""

    def command(**options: Any) -> None:
        call(options)

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
        kind = _none_first(hints[field.name])
        if isinstance(value, tuple):  # several values after one name: --data A B
            kind = Annotated[kind, Parameter(consume_multiple=(1, None), negative=())]
        parameters.append(
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind)
        )
    return parameters


def _none_first(kind: Any) -> Any:
    """The same type; cyclopts tries the members of a union in order, and would read None as a path."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return Union[tuple(sorted(get_args(kind), key=lambda each: each is not NoneType))]  # noqa: UP007


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
