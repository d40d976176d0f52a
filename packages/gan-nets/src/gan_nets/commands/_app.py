"""The command `gan-nets`, its errors and exit codes."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, Parameter

from gan_nets._version import __version__
from gan_nets.commands._convert import convert
from gan_nets.commands._demo import demo
from gan_nets.commands._export import export
from gan_nets.commands._push import push
from gan_nets.commands._text import printable
from gan_nets.commands._translate import translate

app = App(
    name="gan-nets",
    help="Use trained networks.",
    version=f"gan-nets {__version__}",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)
COMMANDS = {function.__name__: app.command(function) for function in (translate, convert, export, demo, push)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error is one sentence on stderr.

    With the environment variable GAN_TRACEBACK set, what fails raises its own exception instead.

    Args:
        arguments: of the command line; None means those of this process.

    Raises:
        SystemExit: with code 2 after wrong use, with 1 after a failure.
    """
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if len(tokens) == 1 and tokens[0] in COMMANDS:
        tokens.append("--help")
    if any(not token or (token.startswith("--") and token.endswith("=")) for token in tokens):
        # A path would be the current folder, as of a shell's variable that is not set.
        _stop(ValueError("a value is empty; give one, or leave the option out"), code=2)
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _stop(error, code=2)
    except (ImportError, OSError, ValueError) as error:
        if "GAN_TRACEBACK" in os.environ:
            raise
        _stop(error, code=1)


def _stop(error: Exception, code: int) -> NoReturn:
    print(printable(" ".join(["error:", *str(error).split()])), file=sys.stderr)
    raise SystemExit(code) from None
