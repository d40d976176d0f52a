"""Measure Projected GAN's claim, that it learns faster, and write the page about it.

    python examples/projected_gan_arms.py --steps 1000

The same generator learns from the same pictures, with the same seeds, under the projected discriminator and
under a conventional one. The page, which is README.md in the output folder, has the distance to the data
against pictures seen and against seconds, how much sooner the one is as good as the other ever becomes, and
the curves that the article of 2022-03-07 discusses. A run that was finished before is not repeated.
"""

from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

import torch
import tyro
from comparison import Row, pictures, train
from gan_trainers import draw_curves, plain_errors, read_scalars, write_grid

DISTANCE = "frechet_distance"
DISCUSSED = ["adversarial", "discriminator", "real_logits", "fake_logits", "p"]


class Best(NamedTuple):
    """Where a run was nearest to the data."""

    distance: float
    images: float
    seconds: float


def main(
    out: Path = Path("runs/projected_gan_arms"),
    page: Path | None = None,
    data: Path | None = None,
    conventional: Literal["fastgan", "dcgan"] = "fastgan",
    seeds: tuple[int, ...] = (0, 1, 2),
    generator: Literal["fastgan-lite", "fastgan", "stylegan2", "dcgan"] = "fastgan-lite",
    augment: Literal["diffaugment", "adaptive", "ada", "none"] = "adaptive",
    images_to_full: int | None = None,
    steps: int = 1_000,
    batch_size: int = 8,
    size: int | None = None,
    width: int | None = None,
    lr: float | None = None,
    conventional_lr: float | None = None,
    validate_every: int = 100,
    precision: str = "auto",
) -> None:
    """Train both arms with every seed, one run after the other, and compare them.

    Args:
        out: the folder of the runs.
        page: where the page and its pictures go; `out` if not given.
        data: a folder of pictures; the animals of this repository if not given.
        conventional: the discriminator to compare with.
        seeds: one run of each arm for each.
        generator: who draws, the same in both arms.
        augment: what is done to real and drawn pictures, the same in both arms.
        images_to_full: how many pictures an adaptive augmentation needs from 0 to 1.
        steps: how long each run is.
        batch_size: pictures a step.
        size: side of the pictures, in pixels.
        width: the generator's.
        lr: learning rate of the arm with the projected discriminator.
        conventional_lr: that of the other one.
        validate_every: steps between two measurements.
        precision: what the networks compute in.
    """
    arms = {"projected": lr, conventional: conventional_lr}
    for seed in seeds:
        for discriminator, rate in arms.items():
            options = {
                "--discriminator": discriminator,
                "--seed": seed,
                "--out": folder(out, discriminator, seed),
                "--data": data,
                "--generator": generator,
                "--augment": augment,
                "--images-to-full": images_to_full,
                "--steps": steps,
                "--batch-size": batch_size,
                "--size": size,
                "--width": width,
                "--lr": rate,
                "--validate-every": validate_every,
                "--precision": precision,
            }
            train("projected_gan.py", options)
    runs = {arm: [folder(out, arm, seed) for seed in seeds] for arm in arms}
    write_page(runs, page or out, f"{steps:,} steps of {batch_size} pictures")


def folder(out: Path, discriminator: str, seed: int) -> Path:
    """The run's folder."""
    return out / f"{discriminator}-{seed}"


def write_page(runs: dict[str, list[Path]], page: Path, budget: str) -> None:
    """Write README.md and its pictures into `page`; `runs` has both arms' folders, the projected first."""
    page.mkdir(parents=True, exist_ok=True)
    logs = {arm: [read_scalars(run / "scalars.jsonl") for run in folders] for arm, folders in runs.items()}
    curves = {runs[arm][i].name: rows for arm, several in logs.items() for i, rows in enumerate(several)}
    for against in ("images", "seconds"):
        draw_curves(curves, page / f"{against}.png", [DISTANCE, "precision", "recall"], against=against)
    draw_curves(curves, page / "curves.png", DISCUSSED, against="images")
    for arm, folders in runs.items():
        write_grid(page / f"{arm}.png", *pictures(folders[0] / "pictures").split(8))
    (page / "README.md").write_text(describe(runs, logs, budget), encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")


def best(rows: list[Row]) -> Best:
    """The least distance of a run, and when it was reached."""
    row = min((row for row in rows if DISTANCE in row), key=lambda row: row[DISTANCE])
    return Best(row[DISTANCE], row["images"], row["seconds"])


def reached(rows: list[Row], distance: float, against: str) -> float:
    """Images or seconds until a run was as near to the data; infinite if it never was."""
    return next((row[against] for row in rows if row.get(DISTANCE, torch.inf) <= distance), torch.inf)


def speed_up(ours: list[Row], theirs: list[Row], against: str) -> float:
    """How many times sooner one run is as near to the data as the other ever is."""
    goal = best(theirs)
    return getattr(goal, against) / reached(ours, goal.distance, against)


def describe(runs: dict[str, list[Path]], logs: dict[str, list[list[Row]]], budget: str) -> str:
    """The page's text."""
    (projected, ours), (conventional, theirs) = logs.items()
    faster = {
        against: [speed_up(a, b, against) for a, b in zip(ours, theirs, strict=True)]
        for against in ("images", "seconds")
    }
    lines = []
    for arm, folders in runs.items():
        for run, rows in zip(folders, logs[arm], strict=True):
            least = best(rows)
            last = [row for row in rows if DISTANCE in row][-1]
            figures = (
                f"{least.distance:.0f} | {least.images:,.0f} | {least.seconds:,.0f} | {last[DISTANCE]:.0f}"
            )
            lines.append(f"| {run.name} | {figures} | {last['precision']:.2f} | {last['recall']:.2f} |")
    table = "\n".join(lines)
    return f"""# Does a projected discriminator learn faster?

The claim of "Projected GANs Converge Faster" (Sauer et al. 2021), measured: the same generator, pictures,
augmentation and seeds, {budget}, once under the projected discriminator and once under {conventional}'s.

**To the least distance that {conventional}'s discriminator ever gave, the projected one came in
{median(faster["images"]):.1f} times fewer pictures and {median(faster["seconds"]):.1f} times fewer seconds.**
These are medians over the seeds, of {listed(faster["images"])} in pictures and {listed(faster["seconds"])} in
seconds; below 1 it came later, 0 means that it never came so near. The least distances of all are
{median(best(rows).distance for rows in ours):.0f} under the projected one and
{median(best(rows).distance for rows in theirs):.0f} under {conventional}'s, again the medians.

| run | least distance | after pictures | after seconds | last distance | last precision | last recall |
|---|---|---|---|---|---|---|
{table}

The distance is Frechet's, in the features of a network that neither discriminator looks through
(EfficientNet-Lite1; FID would be Inception's), from 256 new pictures to all of the data. Lower is better.

![against pictures](images.png)
![against seconds](seconds.png)

New pictures of the first seed at the end, under the projected discriminator:

![projected]({projected}.png)

and under {conventional}'s:

![{conventional}]({conventional}.png)

The losses, the mean logits and the augmentation's probability p:

![losses and p](curves.png)
"""


def listed(values: list[float]) -> str:
    """All values in words."""
    return ", ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
