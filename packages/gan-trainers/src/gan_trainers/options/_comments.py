"""The comments beside the fields of a dataclass, which are their help on the command line."""

import dataclasses
import inspect
import io
import tokenize
from typing import Any


def field_comments(cls: type[Any]) -> dict[str, str]:
    """The comment on the line of each field, by the field's name; "" for none.

    Comments on further lines of the field, and on lines of their own right below it, are joined.
    """
    comments = {field.name: "" for field in dataclasses.fields(cls)}
    name, depth, starts_line = "", 0, True
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(cls)).readline):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            depth += 1 if token.type == tokenize.INDENT else -1
        elif token.type == tokenize.NEWLINE:
            starts_line = True
        elif token.type == tokenize.NL:
            name = name if token.line.strip() else ""  # a comment after a blank line is not about the field
        elif token.type == tokenize.COMMENT:
            if name in comments and depth == 1:
                comments[name] = f"{comments[name]} {token.string.lstrip('# ')}".strip()
        elif starts_line:
            name, starts_line = token.string if depth == 1 else "", False
    return comments
