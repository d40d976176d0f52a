"""What the studies share: arms, which are runs of a recipe, their logs and images, and the page.

A study imports this module first, which makes the recipes, `support` and `images` importable.
"""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import torch
from gan_data import Images, read_image
from gan_trainers import OptionError, read_scalars
from provenance import provenance
from spread import Rows, Spread
from torch import Tensor

EXAMPLES = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(EXAMPLES))  # before this folder, since a recipe and its study have the same file name

WITHOUT_EFFECT = ("out", "workers", "trackers", "quiet")  # on results, of the fields of a `run`
Row = dict[str, float]


def shared_options(options: Any, *without: str) -> dict[str, Any]:
    """The options of a study that all arms have, by field, those of its `run` included; the page is not one.

    Args:
        options: the dataclass of the study.
        without: further fields that are not options of the recipe, or that each arm sets itself.
    """
    fields = dataclasses.asdict(options)
    fields |= fields.pop("run")
    return {name: value for name, value in fields.items() if name not in ("page", *without)}


class Setup(NamedTuple):
    """What a page says first."""

    command: str  # that makes the page again
    budget: str  # steps, sizes and seeds, a sentence

    @property
    def opening(self) -> str:
        """The budget, and what a number is."""
        number = "the mean over the seeds, and ± half the distance between the lowest and the highest"
        return f"{self.budget} Each number is {number}."


def study_command(study: str, options: Any, presets: Mapping[str, Any]) -> str:
    """The shortest command that starts a study with these options: a preset, and what differs from it.

    Folders are named without their parents, which are those of one machine.

    Args:
        study: its file in examples/studies/.
        options: the dataclass of the study; its `page` and `jobs`, and what of its `run` changes no result,
            are left out.
        presets: of the study; the first is the default.
    """
    commands = []
    for preset, defaults in presets.items():
        changed = _changes(options, defaults, "page", "jobs", "run")
        changed |= _changes(options.run, defaults.run, *WITHOUT_EFFECT)
        words = command_line({name: _without_parents(value) for name, value in changed.items()})
        first = [] if preset == next(iter(presets)) else [preset]
        commands.append(" ".join(["python", f"examples/studies/{study}", *first, *words]))
    return min(commands, key=len)


def _changes(options: Any, defaults: Any, *without: str) -> dict[str, Any]:
    """The fields of a dataclass, but for some, that differ from the defaults."""
    values = ((each.name, getattr(options, each.name)) for each in dataclasses.fields(options))
    return {name: value for name, value in values if name not in without and value != getattr(defaults, name)}


def _without_parents(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_without_parents(each) for each in value)
    return value.name if isinstance(value, Path) else value


class Job(NamedTuple):
    """A run of a recipe."""

    recipe: str  # its file in examples/
    preset: str
    options: Mapping[str, object]
    out: Path


def train_jobs(jobs: Sequence[Job], at_once: int) -> None:
    """Run recipes on one process each, `at_once` beside each other; a finished run is not trained again.

    Raises:
        SystemExit: a run failed; those that go on beside it are finished first.
    """
    threads = str(max(1, (os.cpu_count() or 1) // at_once))
    environment = {**os.environ, "OMP_NUM_THREADS": threads}

    def run(job: Job) -> None:
        words = command_line({**job.options, "out": job.out, "quiet": True})
        print(f"{job.recipe} {job.preset} {' '.join(words)}", flush=True)
        command = [sys.executable, str(EXAMPLES / job.recipe), job.preset, *words]
        if subprocess.run(command, check=False, env=environment).returncode != 0:
            raise SystemExit(f"error: `python {' '.join(command[1:])}` failed; its own error is above")

    with ThreadPoolExecutor(at_once) as pool:
        for _ in pool.map(run, jobs):
            pass


def command_line(options: Mapping[str, object]) -> list[str]:
    """Options by field as they are typed: `--size 64 --no-compile --cycle-weights 10 0`."""
    words: list[str] = []
    for field, value in options.items():
        name = field.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        elif value is not None and value != ():
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name}", *map(str, values)]
    return words


def folder(out: Path, arm: str) -> Path:
    """The folder of an arm's run: that of `GAN + forward` is `gan-forward`."""
    return out / re.sub("[^a-z0-9]+", "-", arm.lower())


def seed_folder(out: Path, arm: str, seed: int) -> Path:
    """The folder of an arm's run with a seed."""
    return folder(out, arm) / f"seed-{seed}"


def last(rows: Sequence[Row], name: str) -> float:
    """The last value of a scalar."""
    return next(row[name] for row in reversed(rows) if name in row)


def read_images(files: Path, count: int | None = None) -> Tensor:
    """(N, 3, H, W) in [-1, 1]: the images of a folder by name, or `count` of them at equal distances."""
    paths = sorted(files.glob("*.png"))
    if count is not None:
        paths = paths[:: max(1, len(paths) // count)][:count]
    return torch.stack([read_image(path) for path in paths])


def read_squares(files: Sequence[Path], size: int) -> Tensor:
    """(N, 3, size, size) in [-1, 1]: the middle square of each image, resized."""
    images = Images(files, size=size, load_size=size, crop="center", flip=False)
    return torch.stack([images[index] for index in range(len(images))])


def check_set_names(names: Sequence[str]) -> None:
    """Make sure that test sets, which a page tells apart by their names, have different ones.

    Raises:
        OptionError: two of them have the same.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OptionError(f"two test sets are named {twice}, after the folders of --test; rename a folder")


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a line that is shorter than the header ends in empty cells."""
    cells = [[*line, *[""] * (len(header) - len(line))] for line in (header, *lines)]
    head, *body = (f"| {' | '.join(line)} |" for line in cells)
    return "\n".join([head, f"|{'---|' * len(header)}", *body])


def score_table(rows: Rows, digits: Mapping[str, int]) -> str:
    """A table of scores, each with its own number of digits; 3 if nothing else is said.

    A row without a score that others have gets an empty cell.
    """
    scores = list(dict.fromkeys(score for row in rows.values() for score in row))
    lines = (
        [name, *(row[score].text(digits.get(score, 3)) if score in row else "" for score in scores)]
        for name, row in rows.items()
    )
    return table(["", *scores], lines)


def score_cells(row: Mapping[str, Spread], digits: Mapping[str, int]) -> list[str]:
    """The cells of a row of `score_table`, without its name."""
    return [score.text(digits.get(name, 3)) for name, score in row.items()]


def bold(rows: Rows) -> Rows:
    """The same rows with bold names: what was trained, beside what was not."""
    return {f"**{name}**": row for name, row in rows.items()}


def time_table(runs: Mapping[str, Iterable[Path]]) -> str:
    """Seconds of the runs of each arm."""

    def seconds(run: Path) -> float:
        return read_scalars(run / "scalars.jsonl")[-1]["seconds"]

    spreads = {arm: Spread(tuple(map(seconds, folders))) for arm, folders in runs.items()}
    return table(["arm", "seconds of a run"], ([arm, each.text(0)] for arm, each in spreads.items()))


def write_text(page: Path, text: str, out: Path) -> None:
    """Write README.md into the page's folder; its last section says where the numbers come from.

    Args:
        page: the page's folder. What was written by hand is in its notes.md, to which the page links.
        text: the page without that section.
        out: folder of the runs.
    """
    notes = "\n[Notes](notes.md), written by hand.\n" if (page / "notes.md").exists() else ""
    section = f"## Runs and machine\n\n{provenance(out)}\n{notes}"
    (page / "README.md").write_text(f"{text.rstrip()}\n\n{section}", encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")
