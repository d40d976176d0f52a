"""What is wrong with a set of label maps as a whole."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from gan_data.base.errors import DataError, Finding, first_few
from gan_data.base.threads import map_in_threads
from gan_data.checking._inspection import inspect_labels
from gan_data.transforms.classes import IGNORED, check_classes

AT_ONCE = 64  # maps


def require_labels(maps: Sequence[Path], classes: int, *, ignore: int | None = IGNORED) -> list[Finding]:
    """Make sure that label maps can be trained on, before training starts.

    Decoding ends as soon as every class has occurred, so a sound set takes little time; `check` decodes all.

    Args:
        maps: the files.
        classes: the number of classes.
        ignore: the label of pixels without a class; None if there is none.

    Returns:
        Warnings: classes that never occur. Empty if all do, or there are no maps.

    Raises:
        DataError: a map cannot be read or has labels out of range; no pixel of any map is of a class; or they
            are masks of 0 and 255, and 255 is ignored.
        ValueError: `classes` is less than 1, or `ignore` is one of the classes.

    Examples:
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> Image.frombytes("L", (2, 1), bytes([0, 1])).save("1.png")
        >>> [finding.problem for finding in require_labels([Path("1.png")], classes=3)]
        ['holds no pixel of class 2; labels go from 0 to 2']
    """
    check_classes(classes, ignore)
    inspect = partial(inspect_labels, classes=classes, ignore=ignore)
    occurring: set[int] = set()
    for start in range(0, len(maps), AT_ONCE):
        for inspection in map_in_threads(inspect, maps[start : start + AT_ONCE]):
            _raise_errors(inspection.findings)
            occurring |= inspection.labels
        if occurring.issuperset(range(classes)):
            return []
    folder = Path(os.path.commonpath([path.parent for path in maps])) if maps else Path()
    return _raise_errors(findings_of_set(folder, occurring, classes, ignore))


def findings_of_set(
    folder: Path, occurring: Iterable[int], classes: int | None, ignore: int | None
) -> list[Finding]:
    """The problems of a folder of label maps in which these labels occur."""
    labels = {*occurring}
    missing = [label for label in range(classes or 0) if label not in labels]
    if labels == {0, IGNORED} and classes == 2 and ignore == IGNORED:
        problem = "holds masks of 0 and 255, but 255 is ignored and class 1 never occurs"
        return [Finding(folder, "error", problem, "save them with 1 instead of 255, or as PNG of 1 bit")]
    if labels == {ignore}:
        problem = f"holds no pixel of any class: all are {ignore}, which is ignored"
        remedy = "correct the maps, or give another label to ignore (--ignore)"
        return [Finding(folder, "error", problem, remedy)]
    if classes and labels and missing:
        which = f"class {missing[0]}" if len(missing) == 1 else f"classes {first_few(missing)}"
        problem = f"holds no pixel of {which}; labels go from 0 to {classes - 1}"
        return [Finding(folder, "warning", problem, "correct the maps, or give the right number of classes")]
    return []


def _raise_errors(findings: list[Finding]) -> list[Finding]:
    """The findings, unless one is an error, which is raised."""
    for finding in findings:
        if finding.severity == "error":
            raise DataError(str(finding))
    return findings
