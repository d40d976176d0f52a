"""The command `gan-nets`: each of its commands is a module of this folder with an `add`."""

import argparse
import os
import sys
from collections.abc import Sequence

from gan_nets.commands import _convert, _demo, _export, _translate

COMMANDS = (_convert, _demo, _export, _translate)  # each asks for its extra when it runs


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence, and exit code 1.

    With the environment variable GAN_TRACEBACK set, it is the whole traceback.

    Raises:
        SystemExit: with code 1 after a mistake, with 2 for a command line that makes no sense.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ImportError, OSError, ValueError) as error:
        if "GAN_TRACEBACK" in os.environ:
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gan-nets", description="Use networks that were trained.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
