"""The identity loss of CycleGAN (section 5.2): does it keep colors?

    python examples/studies/cyclegan_identity.py --jobs 2

Domain A has drawn faces as mosaics, B other faces as they were drawn. Both have all colors of hair and skin,
so that nothing but the identity loss says which color a translation is to have; and the truth is known: the
face before it became a mosaic. A finished run is not trained again.
"""

from dataclasses import dataclass
from math import pi
from pathlib import Path

import comparison
import torch
from comparison import Job, read_images
from gan_data import mosaic, write_pictures
from gan_metrics import psnr
from gan_trainers import Count, RunOptions, check_ranges, run_recipe, write_grid
from spread import Rows, lower, over_seeds
from torch import Tensor
from translation_data import Sides, read

TILE = 4  # pixels
ARMS = {"without": 0.0, "with identity loss": 5.0}  # its weight; lambda / 2 in section 5.2
PSNR, HUE = "PSNR, dB", "mean difference of hue, degrees"
CHANGED = "pixels whose hue changed by over 30 degrees, %"
SATURATED = 0.3  # the least chroma of a pixel whose hue is compared, of 2


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    size: Count = 64  # side of the images, in pixels
    width: Count = 16  # channels of the first layers
    steps: Count = 2_000  # of each run
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/cyclegan_identity"))

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"paper": Options()}


def main(options: Options) -> None:
    """Train both arms, and compare them."""
    out, data = options.run.out, options.run.out / "data"
    true = write_domains(data, options.size)
    shared = comparison.shared_options(options, "seeds", "jobs", "seed")
    # The test images of A and B are of equal names: true pairs.
    shared |= {"data": data, "load_size": options.size, "blocks": 3, "counterparts": True}
    runs = {
        (arm, seed): Job(
            "cyclegan.py",
            "paper",
            {**shared, "identity_weight": weight, "seed": seed},
            comparison.seed_folder(out, arm, seed),
        )
        for arm, weight in ARMS.items()
        for seed in range(options.run.seed, options.run.seed + options.seeds)
    }
    comparison.train_jobs(list(runs.values()), options.jobs)
    write_page(runs, true, options)


def write_domains(data: Path, size: int) -> Sides:
    """Write both domains as PNG; returns the test images of A, and the faces that they were."""
    faces = read("portraits", size)
    train, test = faces.train.b, faces.test.b
    half = len(train) // 2  # no face is in both domains
    domains = {"trainA": mosaic(train[:half], TILE, 0), "trainB": train[half:]}
    domains |= {"testA": mosaic(test, TILE, 0), "testB": test}
    for name, images in domains.items():
        if not (data / name).is_dir():
            write_pictures(data, [f"{index:04d}" for index in range(len(images))], **{name: images})
    return Sides(domains["testA"], test)


def write_page(runs: dict[tuple[str, int], Job], true: Sides, options: Options) -> None:
    """Write README.md and a picture."""
    page = options.page or options.run.out
    page.mkdir(parents=True, exist_ok=True)
    translated = {key: read_images(job.out / "pictures/a_to_b/translated") for key, job in runs.items()}
    first = (translated[arm, options.run.seed][:8] for arm in ARMS)
    write_grid(page / "identity.png", true.a[:8], *first, true.b[:8])
    rows = {"the mosaic": over_seeds([scores(true.a, true.b)])}
    for arm in ARMS:
        seeds = [images for (name, _), images in translated.items() if name == arm]
        rows[arm] = over_seeds([scores(images, true.b) for images in seeds])
    comparison.write_text(page, describe(rows, options), options.run.out)


def scores(images: Tensor, true: Tensor) -> dict[str, float]:
    """Images (N, 3, H, W) beside the true ones."""
    differences = hue_differences(images, true)
    changed = (differences > 30).double().mean().item()
    return {PSNR: psnr(images, true).item(), HUE: differences.mean().item(), CHANGED: 100 * changed}


def hue_differences(images: Tensor, true: Tensor) -> Tensor:
    """(M,): the absolute differences of hue, 0 to 180 degrees, of all pixels whose true color has one."""
    hue, _ = hue_and_chroma(images)
    true_hue, chroma = hue_and_chroma(true)
    difference = (hue - true_hue).abs()
    return torch.minimum(difference, 360 - difference)[chroma > SATURATED]


def hue_and_chroma(images: Tensor) -> tuple[Tensor, Tensor]:
    """(N, H, W) each: the angle in the plane across the gray axis, in degrees, and the distance from it."""
    red, green, blue = images.double().unbind(1)
    x, y = red - (green + blue) / 2, (green - blue) * 3**0.5 / 2
    return torch.atan2(y, x) * 180 / pi, torch.hypot(x, y)


def describe(rows: Rows, options: Options) -> str:
    """The page's text."""
    without, with_identity = (rows[arm][HUE] for arm in ARMS)
    return f"""# The identity loss and colors

```sh
{comparison.study_command("cyclegan_identity.py", options, PRESETS)}
```

![mosaics, translations, faces](identity.png)

From left to right: mosaics of {TILE}x{TILE} pixels (A), translated {", ".join(ARMS)}, and the true faces (B).

The identity loss keeps colors (section 5.2): {lower(with_identity, without, "without it", 1)} degrees of hue.

{comparison.score_table(rows, {PSNR: 2, HUE: 1, CHANGED: 1})}

Each arm was trained for {options.steps:,} steps at {options.size}x{options.size} pixels, with first layers of
{options.width} channels and {options.seeds} seeds; the numbers are means over the seeds, and ± half the
distance between the lowest and the highest; "open" is a difference no larger than that distance. The hue is
compared where the true face has a color.
"""


if __name__ == "__main__":
    run_recipe(main, PRESETS)
