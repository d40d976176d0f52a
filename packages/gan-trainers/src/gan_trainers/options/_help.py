"""The help of a recipe: one line an option, with the value that it has if it is not given."""

import dataclasses
import shutil
import textwrap
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from gan_trainers.options._comments import field_comments
from gan_trainers.options.ranges import option_name

_WIDEST_LABEL = 34  # columns; after a longer label the text begins on the next line


def help_text(options: Any, head: str) -> str:
    """`head`, the options of the dataclass, and then those of the dataclasses in it.

    Args:
        options: an instance, whose values are shown.
        head: usage and description.
    """
    own = [field for field in dataclasses.fields(options) if not _is_nested(options, field)]
    nested = [getattr(options, field.name) for field in dataclasses.fields(options) if field not in own]
    head = "\n".join("\n".join(_wrap(line)) for line in head.splitlines())
    sections = [head, "\n".join(["Options of the paper:", *_lines(options, own)])]
    for shared in nested:
        sections.append("\n".join(["Options of every recipe:", *_lines(shared, dataclasses.fields(shared))]))
    return "\n\n".join(sections)


def _is_nested(options: Any, field: "dataclasses.Field[Any]") -> bool:
    return dataclasses.is_dataclass(getattr(options, field.name))


def _lines(
    options: Any, fields: "list[dataclasses.Field[Any]] | tuple[dataclasses.Field[Any], ...]"
) -> list[str]:
    hints, comments = get_type_hints(type(options)), field_comments(type(options))
    lines: list[str] = []
    for field in fields:
        kind, value = hints[field.name], getattr(options, field.name)
        lines += _entry(_label(field.name, kind, value), _text(comments[field.name], kind, value))
    return lines


def _entry(label: str, text: str) -> list[str]:
    indent = " " * (_WIDEST_LABEL + 2)
    lines = _wrap(text, indent) or [""]
    if len(label) > _WIDEST_LABEL:
        return [label, *lines]
    return [f"{label:{_WIDEST_LABEL + 2}}{lines[0].lstrip()}".rstrip(), *lines[1:]]


def _wrap(text: str, indent: str = "") -> list[str]:
    """Lines as wide as the terminal."""
    width = shutil.get_terminal_size(fallback=(110, 45)).columns
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _label(name: str, kind: Any, value: Any) -> str:
    """`--size 64`; without a value `--steps INT`; a switch `--[no-]counterparts`."""
    option = option_name(name)
    if bool in _members(kind):
        return f"  --[no-]{option.removeprefix('--')}"
    if value is None or value == ():
        return f"  {option} {_placeholder(kind)}"
    values = value if isinstance(value, tuple) else (value,)
    return f"  {option} {' '.join(map(_short, values))}"


def _short(value: Any) -> str:
    """A value as it may be typed, numbers to six digits."""
    return str(float(f"{value:.6g}")) if isinstance(value, float) else str(value)


def _placeholder(kind: Any) -> str:
    (*_, last) = _members(kind)
    if get_origin(last) is tuple:
        return " ".join("..." if each is ... else _placeholder(each) for each in get_args(last))
    names = {int: "INT", float: "FLOAT", str: "TEXT", Path: "PATH"}
    return "|".join(dict.fromkeys(names.get(each, "NAME") for each in _members(kind)))


def _text(comment: str, kind: Any, value: Any) -> str:
    """The comment, and what the label leaves out: whether a switch is on, and the choices."""
    if bool in _members(kind):
        return f"{comment} ({ {True: 'on', False: 'off', None: 'not given'}.get(value, value) })"
    members = _members(kind)
    literals = [each for each in members if get_origin(each) is Literal]
    choices = [str(choice) for each in literals for choice in get_args(each)]
    choices += [_placeholder(each) for each in members if literals and each not in literals]
    return f"{comment} [{', '.join(choices)}]".strip() if choices else comment


def _members(kind: Any) -> tuple[Any, ...]:
    """The types of a union, without None; or the type itself."""
    if get_origin(kind) in (Literal, tuple, None):
        return (kind,)
    return tuple(each for each in get_args(kind) if each is not NoneType)
