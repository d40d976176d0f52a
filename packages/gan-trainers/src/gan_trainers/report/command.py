"""The command `gan-trainers`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from gan_trainers._version import __version__
from gan_trainers.base.errors import OptionError, plain_errors

_app = App(
    name="gan-trainers",
    help="Inspect the folders of training runs.",
    version=f"gan-trainers {__version__}",
    help_format="plaintext",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: after a mistake, with one line on stderr: code 2 for wrong use, 1 for what failed.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    with plain_errors():
        try:
            words = ["report", "--help"] if words == ["report"] else words
            _app(words, exit_on_error=False, print_error=False, result_action="return_value")
        except CycloptsError as error:
            raise OptionError(str(error)) from None


@_app.command
def report(
    *runs: Annotated[Path, Parameter(name="RUN")],
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    pictures: int = 5,
) -> None:
    """Write one self-contained HTML page about one run or several.

    It shows findings about their health, scores, curves, previews over time, and how their settings differ.

    Args:
        runs: the folder of a run.
        output: the page; report.html, in the run's folder if there is only one.
        pictures: number of moments shown of each preview.
    """
    from gan_trainers.report._page import write_report  # not before it is needed: it imports torch

    page = output or (runs[0] if len(runs) == 1 else Path()) / "report.html"
    for sentence in write_report(runs, page, pictures=pictures):
        print(f"warning: {sentence}", file=sys.stderr)
    print(f"the report is in {page}")
