"""The command `gan-data`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gan_data.base.errors import Finding
from gan_data.checking.check import check
from gan_data.files.find import find_images
from gan_data.transforms.label_maps import IGNORED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0: nothing would stop a training run. 1: something would, or anything was found and --strict given. 2: the
    folder cannot be looked at, or an option is out of range.
    """
    options = _parser().parse_args(arguments)
    folders = [x for x in (options.dir, options.dir_b, options.labels, options.instances) if x]
    try:
        count = sum(len(find_images(folder)) for folder in folders)
        if not options.json:
            print(f"looking at {count} images ...", file=sys.stderr)
        findings = check(
            options.dir,
            options.dir_b,
            size=options.size,
            labels=options.labels,
            instances=options.instances,
            classes=options.classes,
            ignore=options.ignore,
        )
    except ValueError as error:
        print(f"gan-data check: {error}", file=sys.stderr)
        return 2
    errors = sum(finding.severity == "error" for finding in findings)
    report = _as_json if options.json else _as_lines
    print(report(findings, count, errors))
    return int(errors > 0 or (options.strict and len(findings) > 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gan-data", description="Look after folders of images.")
    commands = parser.add_subparsers(required=True, metavar="check")
    command = commands.add_parser(
        "check",
        help="report what would go wrong in training",
        description="Decode every image of a folder and report, one line each, those that are corrupt, "
        "truncated, empty, mislabelled, too small, of odd size, grey, or without counterpart; and label and "
        "instance maps with values out of range.",
    )
    command.add_argument("dir", metavar="DIR", type=Path, help="a folder of images, searched in depth")
    command.add_argument(
        "dir_b", metavar="DIR_B", type=Path, nargs="?", help="the counterparts, matched by stem"
    )
    command.add_argument("--labels", metavar="DIR", type=Path, help="their label maps, matched by stem")
    command.add_argument("--instances", metavar="DIR", type=Path, help="their instance maps")
    command.add_argument("--classes", type=int, metavar="N", help="how many classes the label maps have")
    command.add_argument(
        "--ignore", type=int, metavar="LABEL", default=IGNORED, help="that of no class (255)"
    )
    command.add_argument("--size", type=int, metavar="PIXELS", help="the crop you want to train on")
    command.add_argument("--strict", action="store_true", help="exit with 1 on warnings too")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _as_lines(findings: list[Finding], count: int, errors: int) -> str:
    lines = [f"{finding.severity}: {finding}" for finding in findings]
    return "\n".join([*lines, f"{count} images, {errors} errors, {len(findings) - errors} warnings"])


def _as_json(findings: list[Finding], count: int, errors: int) -> str:
    listed = [asdict(finding) | {"path": str(finding.path)} for finding in findings]
    summary = {"images": count, "errors": errors, "warnings": len(findings) - errors, "findings": listed}
    return json.dumps(summary, indent=2)
