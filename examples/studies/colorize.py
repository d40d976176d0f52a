"""The color spaces of colorize.py compared, as in article 002.

    python examples/studies/colorize.py
    python examples/studies/colorize.py photos --data ~/photos --steps 20000

The page, README.md in the folder of the runs, has the same held-out photos colorized by each arm, a table of
scores, and the curves that the article discusses. A finished arm is not trained again.
"""

from dataclasses import dataclass
from pathlib import Path

import comparison
from comparison import Row, last, read_images
from gan_trainers import Count, RunOptions, check_ranges, draw_curves, run_recipe, write_grid

COLORS = ("ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab")
ARMS = {colors: {"colors": colors} for colors in COLORS}
SCORES = ["psnr", "ssim", "colorfulness"]
LOSSES = ["discriminator", "adversarial", "pixel"]


@dataclass(frozen=True)
class Options:
    """Options that all arms share."""

    data: Path | None = None  # a folder of photos, searched in depth
    flowers: bool = False  # train on the flowers of this repository instead
    size: Count = 256  # side of the square crops, in pixels
    width: Count = 64  # channels of the first layers
    steps: Count = 2_000  # of each arm
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/colorize_arms"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"flowers": Options(flowers=True, size=32), "photos": Options()}


def main(options: Options) -> None:
    """Train all arms, one after the other, and compare them."""
    out = options.run.out
    comparison.train("colorize.py", "photos", ARMS, comparison.shared_options(options), out)
    write_page(out, options.page or out, options.steps)


def write_page(runs: Path, page: Path, steps: int) -> None:
    """Write README.md, photos.png and curves.png into `page` from the finished runs."""
    images = {arm: comparison.folder(runs, arm) / "pictures" for arm in ARMS}
    first = images[COLORS[0]]
    colored = [read_images(folder / "colored") for folder in images.values()]
    write_grid(page / "photos.png", read_images(first / "gray"), *colored, read_images(first / "true"))
    logs = comparison.read_logs(runs, ARMS)
    draw_curves(logs, page / "curves.png", LOSSES + SCORES)
    comparison.write_text(page, describe(logs, steps))


def describe(logs: dict[str, list[Row]], steps: int) -> str:
    """The page's text."""
    lines = [
        [arm, *(f"{last(rows, name):.3f}" for name in SCORES + LOSSES), f"{rows[-1]['seconds']:.0f}"]
        for arm, rows in logs.items()
    ]
    true_colorfulness = last(logs[COLORS[0]], "true_colorfulness")
    return f"""# Colorization in several color spaces

Each arm was trained for {steps} steps on the same photos with the same seed. The name of an arm has the color
space of the generator, that of the discriminator, and "gray" if the discriminator sees the gray image too.

![photos](photos.png)

Held-out photos, from left to right: the gray input, {", ".join(ARMS)}, and the true photo.

{comparison.table(["arm", *SCORES, *LOSSES, "seconds"], lines)}

PSNR (dB), SSIM and colorfulness are means over all held-out photos, for the averaged generator at the last
step. The true photos have a colorfulness of {true_colorfulness:.1f}. The losses are means over the last
steps; the pixel losses of different color spaces cannot be compared.

![curves](curves.png)
"""


if __name__ == "__main__":
    run_recipe(main, PRESETS)
