"""The command `gan-trainers`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from gan_trainers._errors import plain_errors
from gan_trainers._report import write_report


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence, and exit code 1."""
    options = _parser().parse_args(arguments)
    page = options.output or (options.runs[0] if len(options.runs) == 1 else Path()) / "report.html"
    with plain_errors():
        write_report(options.runs, page, pictures=options.pictures)
        print(f"the report is in {page}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gan-trainers", description="Look after the folders of runs.")
    commands = parser.add_subparsers(required=True, metavar="report")
    command = commands.add_parser(
        "report",
        help="write one HTML page about one run or several",
        description="Write one self-contained HTML page about one run or several: hints at their health, "
        "scores, curves, pictures side by side in the course of time, settings and how they differ.",
    )
    command.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="the folder of a run")
    command.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the page (report.html, in the run's folder if one)"
    )
    command.add_argument(
        "--pictures", metavar="N", type=int, default=5, help="how many moments of each preview to show (5)"
    )
    return parser
