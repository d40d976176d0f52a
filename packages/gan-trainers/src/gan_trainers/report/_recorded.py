"""What a run has written into its folder, read for a report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from gan_trainers.logs.curves import Row, ScalarLines, read_lines
from gan_trainers.logs.recorded_settings import read_recorded_settings


class RecordedRun(NamedTuple):
    """A run as its folder records it."""

    label: str
    settings: dict[str, Any]
    rows: list[Row]
    previews: dict[str, list[Path]]  # the grids of each name, the oldest first
    damage: list[str]  # sentences about what is damaged or missing


def read_runs(folders: Sequence[Path]) -> list[RecordedRun]:
    """Read runs and label each with the end of its path that tells it from the others.

    Raises:
        ValueError: a folder is not a run's, or has no scalars yet.
    """
    return [_read(folder, label) for folder, label in zip(folders, _labels(folders), strict=True)]


def _read(folder: Path, label: str) -> RecordedRun:
    log, settings = folder / "scalars.jsonl", folder / "settings.json"
    if not log.is_file() and not settings.is_file():
        raise ValueError(
            f"{folder}: expected the folder of a run, with settings.json and scalars.jsonl; give its --out"
        )
    recorded = read_recorded_settings(settings)
    missing = ScalarLines([], [], f"{log} is missing; there are no curves and scores")
    lines = read_lines(log) if log.is_file() else missing
    if not lines.rows and not lines.damage:
        raise ValueError(f"{log}: expected scalars; the run has not logged any yet")
    previews = {each.name: _grids(each) for each in sorted((folder / "previews").glob("*/"))}
    everything = {
        **(recorded.settings or {}),
        **{f"computed with {name}": value for name, value in recorded.computation.items()},
        **{f"version of {name}": version for name, version in recorded.versions.items()},
        "git commit": recorded.git_commit,
    }
    damage = [sentence for sentence in (recorded.damage, lines.damage) if sentence]
    shown = {name: grids for name, grids in previews.items() if grids}
    return RecordedRun(label, everything, lines.rows, shown, damage)


def _grids(folder: Path) -> list[Path]:
    """The grids of a preview, without files that are damaged or not named after a step."""
    return [file for file in sorted(folder.glob("*.png")) if file.stem.isdigit() and _is_sound(file)]


def _is_sound(picture: Path) -> bool:
    try:
        with Image.open(picture) as image:
            image.verify()
    except (OSError, SyntaxError, Image.DecompressionBombError):  # Pillow raises SyntaxError for a broken PNG
        return False
    return True


def _labels(runs: Sequence[Path]) -> list[str]:
    """The names of the folders, with as many parents as are needed to tell them apart."""
    parts = [run.resolve().parts for run in runs]
    depth = next(
        (depth for depth in range(1, 9) if len({each[-depth:] for each in parts}) == len(set(parts))), 8
    )
    return ["/".join(each[-depth:]) for each in parts]
