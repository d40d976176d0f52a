"""The command `gan-metrics`."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error is one sentence on stderr.

    With the environment variable GAN_TRACEBACK set, what fails raises its own exception instead.

    Args:
        arguments: of the command line; None means those of this process.

    Raises:
        SystemExit: with code 2 after wrong use, with 1 after a failure.
    """
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from cyclopts import CycloptsError

        from gan_metrics.study._app import app
    except ModuleNotFoundError as error:
        _stop(
            f"this needs the module {error.name}; install it with: pip install 'gan-metrics[study]', or from "
            "a clone: pip install 'packages/gan-metrics[study]'",
            code=1,
        )
    if tokens in (["study"], *(["study", name] for name in ("make", "serve", "report"))):
        tokens.append("--help")
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _stop(str(error), code=2)
    except (ImportError, OSError, ValueError) as error:
        if "GAN_TRACEBACK" in os.environ:
            raise
        _stop(str(error), code=1)


def _stop(sentence: str, code: int) -> NoReturn:
    """Print an error on one line, without control characters or bytes of file names that are no text."""
    line = " ".join(["error:", *sentence.split()])
    print("".join(each if each.isprintable() else ascii(each)[1:-1] for each in line), file=sys.stderr)
    raise SystemExit(code) from None
