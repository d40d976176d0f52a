"""The command `gan-data`."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from gan_data._version import __version__
from gan_data.base.errors import Finding
from gan_data.base.text import printable
from gan_data.checking.check import check
from gan_data.checking.index import index_folder
from gan_data.files.images import require_images
from gan_data.transforms.classes import IGNORED, check_classes

AtLeast1 = Annotated[int, Parameter(validator=Number(gte=1))]

app = App(
    name="gan-data",
    help="Check and index folders of images before training.",
    version=f"gan-data {__version__}",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit.

    Raises:
        SystemExit: 0: nothing would stop a training run. 1: something would, or with --strict there are
            warnings, or a folder cannot be checked. 2: wrong use.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # of a pipe on Windows, which cannot encode every name
        sys.stdout.reconfigure(errors="backslashreplace")
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if any(not token or (token.startswith("--") and token.endswith("=")) for token in tokens):
        # A path would be the current folder, as of a shell's variable that is not set.
        print("error: a value is empty; give one, or leave the option out", file=sys.stderr)
        raise SystemExit(2)
    try:
        app(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except (OSError, ValueError, ImportError) as error:
        if "GAN_TRACEBACK" in os.environ:
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _require_other_label(classes: int | None = None, ignore: int = IGNORED, **_: object) -> None:
    if classes is not None:
        check_classes(classes, ignore)


@app.command(name="check", validator=_require_other_label)
def run_check(
    directory: Path,
    counterparts: Path | None = None,
    /,
    *,
    labels: Path | None = None,
    instances: Path | None = None,
    classes: AtLeast1 | None = None,
    ignore: int = IGNORED,
    size: AtLeast1 | None = None,
    strict: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Report what would go wrong in training.

    Decodes every image of a folder and reports, one line each, those that are
    corrupt, truncated, empty, too small, of odd size, gray, without counterpart,
    or of another format than their suffix; and label and instance maps with
    values out of range. Of a manifest only images that changed are opened.

    Args:
        directory: Folder of images, including its subfolders, or its manifest.
        counterparts: Folder of their counterparts, matched by stem.
        labels: Folder of their label maps, matched by stem.
        instances: Folder of their instance maps, matched by stem.
        classes: Number of classes in the label maps.
        ignore: Label of pixels without a class.
        size: Side of the crop for training, in pixels.
        strict: Exit with 1 on warnings too.
        as_json: Print one JSON object.
    """
    folders = [folder for folder in (directory, counterparts, labels, instances) if folder is not None]
    count = sum(len(require_images(folder).files) for folder in folders)
    if not as_json:
        print(f"checking {count} images ...", file=sys.stderr)
    findings = check(
        directory,
        counterparts,
        size=size,
        labels=labels,
        instances=instances,
        classes=classes,
        ignore=ignore,
    )
    errors = sum(finding.severity == "error" for finding in findings)
    report = _as_json if as_json else _as_lines
    print(report(findings, count, errors))
    return int(errors > 0 or (strict and len(findings) > 0))


@app.command(name="index")
def run_index(
    directory: Path,
    /,
    *,
    out: Path | None = None,
    validation: Annotated[float, Parameter(validator=Number(gt=0, lt=1))] = 0.1,
    workers: AtLeast1 | None = None,
) -> int:
    """Write what is known of a folder's images into one file.

    The manifest stands for the folder in this command and wherever a folder of
    images is expected: its images are neither searched for nor opened at the
    start. The command again opens only images that are new or changed.

    Args:
        directory: Folder of images, including its subfolders.
        out: Manifest; if not given, DIRECTORY.parquet beside the folder.
        validation: Part of the images to mark as held out, by content.
        workers: Threads that read and decode; if not given, by the cores.
    """

    def report(files: int, opened: int) -> None:
        print(f"{files} images, {opened} of them opened ...", file=sys.stderr)

    result = index_folder(directory, out, validation=validation, workers=workers, report=report)
    if result.passed_over:
        print(f"passed over {result.passed_over}", file=sys.stderr)
    counts = f"{result.files} images, {result.opened} opened, {result.broken} broken, {result.gone} gone"
    print(printable(f"{result.manifest}: {counts}"))
    return 0


def _as_lines(findings: list[Finding], count: int, errors: int) -> str:
    lines = [f"{finding.severity}: {finding}" for finding in findings]
    return "\n".join([*lines, f"{count} images, {errors} errors, {len(findings) - errors} warnings"])


def _as_json(findings: list[Finding], count: int, errors: int) -> str:
    listed = [asdict(finding) | {"path": str(finding.path)} for finding in findings]
    summary = {"images": count, "errors": errors, "warnings": len(findings) - errors, "findings": listed}
    return json.dumps(summary, indent=2)
