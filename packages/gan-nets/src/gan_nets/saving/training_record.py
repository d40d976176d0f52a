"""What a run of gan-trainers recorded in its folder, for the card of a network that it trained."""

import json
import math
import shlex
from collections.abc import Generator
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any, NamedTuple

SETTINGS, SCALARS = "settings.json", "scalars.jsonl"
COUNTERS = ("step", "seconds", "images")


class Figure(NamedTuple):
    """The last value of a scalar, and its step."""

    name: str
    value: float
    step: int


class Origin(NamedTuple):
    """What a network of the run started from.

    Attributes:
        network: its name in the run.
        source: a path, of absolute ones the last name; or a repository on the Hub.
        licenses: of those weights; None stands for one that is not known.
        on_hub: whether the source is a repository.
    """

    network: str
    source: str
    licenses: tuple[str | None, ...]
    on_hub: bool


class TrainingRecord(NamedTuple):
    """How a network was trained.

    Attributes:
        counters: step, seconds and images, those that were logged.
        figures: the scalars.
        command: the command line, with the last name of each absolute path; None if it was not recorded.
        size: side of the training images in pixels, or None.
        origins: the existing weights that it started from.
    """

    counters: dict[str, float]
    figures: tuple[Figure, ...]
    command: str | None
    size: int | None
    origins: tuple[Origin, ...] = ()


def read_training_record(folder: Path) -> TrainingRecord | None:
    """The record of the run that a network's folder lies in; None outside of a run.

    The figures of a checkpoint are those until its step, otherwise the last ones. Damaged lines are left out.

    Args:
        folder: of a network in a run's folder, of one of its checkpoints, or of the run.
    """
    above = folder.absolute().parents
    runs = (folder, *above[:2])  # of a run, a network's or "checkpoints", and a checkpoint's
    run = next((each for each in runs if all((each / name).is_file() for name in (SETTINGS, SCALARS))), None)
    if run is None:
        return None
    is_checkpoint = folder.absolute().parent.name == "checkpoints" and folder.name.isdecimal()
    until = int(folder.name) if is_checkpoint else math.inf
    counters: dict[str, float] = {}
    figures: dict[str, Figure] = {}
    for row in _rows(run / SCALARS):
        if (step := row.get("step", 0)) > until:
            break
        counters |= {name: row[name] for name in COUNTERS if name in row}
        figures |= {name: Figure(name, row[name], int(step)) for name in row if name not in COUNTERS}
    recorded = _json_object((run / SETTINGS).read_text("utf-8", errors="replace"))
    settings, command = recorded.get("settings"), recorded.get("command")
    settings = settings if isinstance(settings, dict) else {}
    size = settings.get("size")
    return TrainingRecord(
        counters,
        tuple(figures.values()),
        _without_places(command) if isinstance(command, str) else None,
        size if isinstance(size, int) and not isinstance(size, bool) else None,
        tuple(_origins(settings.get("started_from"))),
    )


def _origins(recorded: Any) -> Generator[Origin]:
    """What a run recorded of the weights that its networks started from; nothing of what is damaged."""
    for network, each in recorded.items() if isinstance(recorded, dict) else ():
        if not isinstance(each, dict) or not isinstance(each.get("source"), str):
            continue
        licenses = each.get("licenses")
        names = licenses if isinstance(licenses, list) and licenses else [None]
        known = tuple(name if isinstance(name, str) else None for name in names)
        yield Origin(network, _without_place(each["source"]), known, each.get("on_hub") is True)


def _rows(file: Path) -> Generator[dict[str, float]]:
    """The finite numbers of each line."""
    for line in file.read_text("utf-8", errors="replace").split("\n"):
        yield {
            name: value
            for name, value in _json_object(line).items()
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        }


def _json_object(text: str) -> dict[str, Any]:
    """Empty for another text."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _without_places(command: str) -> str:
    """A command whose absolute paths, which name a user's folders, are cut to their last name."""
    try:
        return shlex.join(map(_without_place, shlex.split(command)))
    except ValueError:  # a quotation that does not end
        return command


def _without_place(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    for kind in (PurePath, PureWindowsPath):
        path = kind(value)
        if path.is_absolute() or value.startswith("~"):
            return f"{option}{equals}{path.name}"
    return argument
