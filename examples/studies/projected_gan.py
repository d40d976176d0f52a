"""Projected GAN's claim, that it learns faster than with a conventional discriminator, measured.

    python examples/studies/projected_gan.py
    python examples/studies/projected_gan.py paper --data ~/art --steps 20000

The same generator is trained on the same images with the same seeds, with the projected discriminator and
with a conventional one. The page, README.md in the folder of the runs, has the distance to the data against
images and against seconds, the speed-up to the least distance of the conventional discriminator, and the
curves that the article of 2022-03-07 discusses. A finished run is not trained again.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import comparison
from comparison import Row, read_images
from gan_trainers import (
    Count,
    OptionError,
    Positive,
    RunOptions,
    Seed,
    check_ranges,
    draw_curves,
    run_recipe,
    write_grid,
)

DISTANCE = "frechet_distance"
CURVES = ["adversarial", "discriminator", "real_logits", "fake_logits", "p"]
HEADER = (
    *("run", "least distance", "after images", "after seconds"),
    *("last distance", "last precision", "last recall"),
)

Logs = list[list[Row]]  # of one arm, a run for each seed


@dataclass(frozen=True)
class Options:
    """Options that both arms share, except for the learning rate."""

    data: Path | None = None  # a folder of images, searched in depth
    animals: bool = False  # train on the animals of this repository instead
    conventional: Literal["fastgan", "dcgan"] = "fastgan"  # the discriminator to compare with
    seeds: tuple[Seed, ...] = (0, 1, 2)  # each is one run of both arms
    size: Count = 256  # side of the images, in pixels
    generator: Literal["fastgan-lite", "fastgan", "stylegan2", "dcgan"] = "fastgan-lite"
    width: Count | None = None  # channels of the generator; if not given, the published ones
    resize: Literal["official", "paper"] | Count = "official"  # of the backbone's input
    augment: Literal["diffaugment", "adaptive", "ada", "none"] = "adaptive"
    images_to_full: Count | None = None  # for an adaptive augmentation to rise to 1; if not given, a tenth
    lr: Positive = 2e-4  # learning rate of the arm with the projected discriminator
    conventional_lr: Positive = 2e-4  # learning rate of the other arm
    batch_size: Count = 8  # images per step
    steps: Count = 1_000  # of each run
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/projected_gan_arms"), evaluate_every=100)

    def __post_init__(self) -> None:
        check_ranges(self)
        if not self.seeds or self.run.seed:
            raise OptionError("--seeds must be one seed or more, in place of --seed; try --seeds 0 1 2")


PRESETS = {
    "animals": Options(animals=True, size=64, width=32, resize=128, lr=1e-3, conventional_lr=1e-3),
    "paper": Options(),
    "stylegan2": Options(generator="stylegan2", lr=2e-3, conventional_lr=2e-3),
}


def main(options: Options) -> None:
    """Train both arms with every seed, one run after the other, and compare them."""
    out, seeds = options.run.out, options.seeds
    rates = {"projected": options.lr, options.conventional: options.conventional_lr}
    arms: dict[str, dict[str, object]] = {
        f"{discriminator}-{seed}": {"discriminator": discriminator, "seed": seed, "lr": rate}
        for seed in seeds
        for discriminator, rate in rates.items()
    }
    shared = comparison.shared_options(options, "conventional", "conventional_lr", "seeds")
    comparison.train("projected_gan.py", "paper", arms, shared, out)
    budget = f"{options.steps:,} steps of {options.batch_size} images"
    write_page(out, options.page or out, options.conventional, seeds, budget)


def write_page(runs: Path, page: Path, conventional: str, seeds: tuple[int, ...], budget: str) -> None:
    """Write README.md and its images into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    names = {arm: [f"{arm}-{seed}" for seed in seeds] for arm in ("projected", conventional)}
    for arm, (first, *_) in names.items():
        write_grid(page / f"{arm}.png", *read_images(comparison.folder(runs, first) / "pictures").split(8))
    logs = comparison.read_logs(runs, [*names["projected"], *names[conventional]])
    for against in ("images", "seconds"):
        draw_curves(logs, page / f"{against}.png", [DISTANCE, "precision", "recall"], against=against)
    draw_curves(logs, page / "curves.png", CURVES, against="images")
    table = comparison.table(HEADER, (line(name, rows) for name, rows in logs.items()))
    ours, theirs = ([logs[name] for name in names[arm]] for arm in names)
    comparison.write_text(page, describe(table, ours, theirs, conventional, budget), runs)


def measured(rows: list[Row]) -> list[Row]:
    """The rows of the log that have a distance."""
    return [row for row in rows if DISTANCE in row]


def best(rows: list[Row]) -> Row:
    """The row with the least distance."""
    return min(measured(rows), key=lambda row: row[DISTANCE])


def speed_ups(ours: Logs, theirs: Logs, against: str) -> list[float]:
    """By which factor each of our runs reaches the least distance of theirs earlier; 0 if it never does."""
    factors: list[float] = []
    for rows, goal in zip(ours, map(best, theirs), strict=True):
        reached = (row[against] for row in measured(rows) if row[DISTANCE] <= goal[DISTANCE])
        factors.append(goal[against] / next(reached, math.inf))
    return factors


def line(name: str, rows: list[Row]) -> list[str]:
    """A run's line of the table."""
    least, last = best(rows), measured(rows)[-1]
    first = [f"{least[DISTANCE]:.0f}", f"{least['images']:,.0f}", f"{least['seconds']:,.0f}"]
    return [name, *first, f"{last[DISTANCE]:.0f}", f"{last['precision']:.2f}", f"{last['recall']:.2f}"]


def describe(table: str, ours: Logs, theirs: Logs, conventional: str, budget: str) -> str:
    """The page's text."""
    images, seconds = (speed_ups(ours, theirs, against) for against in ("images", "seconds"))
    our_best, their_best = (median(best(rows)[DISTANCE] for rows in runs) for runs in (ours, theirs))
    return f"""# Does a projected discriminator learn faster?

The claim of "Projected GANs Converge Faster" (Sauer et al. 2021), measured: the same generator, images,
augmentation and seeds, {budget}, with the projected discriminator and with the one of {conventional}.

**The projected discriminator reached the least distance of {conventional}'s after
{median(images):.1f} times fewer images and {median(seconds):.1f} times fewer seconds.**
These are medians over the seeds, of {listed(images)} in images and {listed(seconds)} in seconds. Below 1 it
was slower; 0 means that it never reached that distance. The median of the least distances is {our_best:.0f}
with the projected discriminator and {their_best:.0f} with {conventional}'s.

{table}

The distance is the Frechet distance between 256 samples and all of the data, in the features of a network
that neither discriminator uses (EfficientNet-Lite1; FID would use Inception). Lower is better.

![against images](images.png)
![against seconds](seconds.png)

Samples of the first seed after the last step, with the projected discriminator:

![projected](projected.png)

and with {conventional}'s:

![{conventional}]({conventional}.png)

The losses, the mean logits and the augmentation probability p:

![losses and p](curves.png)
"""


def listed(values: list[float]) -> str:
    """All values in words."""
    return ", ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
