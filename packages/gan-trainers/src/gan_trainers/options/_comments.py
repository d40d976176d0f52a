"""The comments beside the fields of a dataclass, which are their help on the command line."""

import inspect
import io
import tokenize


def field_comments(cls: type) -> dict[str, str]:
    """The comment on the line of each field, by the field's name; "" for none.

    Comments on the lines of a field that takes several lines are joined.
    """
    comments: dict[str, str] = {}
    name, depth, starts_line = "", 0, True
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(cls)).readline):
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL):
            depth += {tokenize.INDENT: 1, tokenize.DEDENT: -1}.get(token.type, 0)
        elif token.type == tokenize.NEWLINE:
            starts_line = True
        elif token.type == tokenize.COMMENT:
            if name and depth == 1 and not starts_line:
                comments[name] = f"{comments[name]} {token.string.lstrip('# ')}".strip()
        elif starts_line and depth == 1:
            name = token.string if token.type == tokenize.NAME else ""
            if name:
                comments[name] = ""
            starts_line = False
        else:
            starts_line = False
    return comments
