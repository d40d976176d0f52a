"""What a run has written into its folder, read for a report."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from gan_trainers.logs.curves import Row, read_scalars


class RecordedRun(NamedTuple):
    """A run as its folder records it."""

    label: str
    settings: dict[str, Any]
    rows: list[Row]
    previews: dict[str, list[Path]]  # the grids of each name, the oldest first


def read_runs(folders: Sequence[Path]) -> list[RecordedRun]:
    """Read runs and label each with the end of its path that tells it from the others.

    Raises:
        ValueError: a folder is not a run's, or has no scalars yet.
    """
    return [_read(folder, label) for folder, label in zip(folders, _labels(folders), strict=True)]


def _read(folder: Path, label: str) -> RecordedRun:
    log, settings = folder / "scalars.jsonl", folder / "settings.json"
    if not log.is_file() or not settings.is_file():
        raise ValueError(
            f"{folder}: expected the folder of a run, with settings.json and scalars.jsonl; give its --out"
        )
    written = json.loads(settings.read_text("utf-8"))
    versions = {f"version of {name}": version for name, version in written["versions"].items()}
    previews = {each.name: _grids(each) for each in sorted((folder / "previews").glob("*/"))}
    rows = read_scalars(log)
    if not rows:
        raise ValueError(f"{log}: expected scalars; the run has not logged any yet")
    computation = {f"computed with {name}": value for name, value in written.get("computation", {}).items()}
    everything = {**written["settings"], **computation, **versions, "git commit": written["git_commit"]}
    return RecordedRun(label, everything, rows, {name: grids for name, grids in previews.items() if grids})


def _grids(folder: Path) -> list[Path]:
    """The grids of a preview, without files that are damaged or not named after a step."""
    return [file for file in sorted(folder.glob("*.png")) if file.stem.isdigit() and _is_sound(file)]


def _is_sound(picture: Path) -> bool:
    try:
        with Image.open(picture) as image:
            image.verify()
    except (OSError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
        return False
    return True


def _labels(runs: Sequence[Path]) -> list[str]:
    """The names of the folders, with as many parents as are needed to tell them apart."""
    parts = [run.resolve().parts for run in runs]
    depth = next(
        (depth for depth in range(1, 9) if len({each[-depth:] for each in parts}) == len(set(parts))), 8
    )
    return ["/".join(each[-depth:]) for each in parts]
