"""Train every arm of `colorize.py` for the same number of steps and write the page that compares them.

    python examples/colorize_arms.py --steps 2000

The page, README.md in the output folder, shows the same held-out photos coloured by each arm, the curves
that article 002 discusses, and a table. An arm that was finished before is not trained again.
"""

from pathlib import Path

import tyro
from comparison import last, pictures, train
from gan_trainers import draw_curves, plain_errors, read_scalars, write_grid

ARMS = ("ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab")
CURVES = ["discriminator", "adversarial", "pixel", "psnr", "ssim", "colorfulness"]


def main(
    out: Path = Path("runs/colorize_arms"),
    page: Path | None = None,
    data: Path | None = None,
    steps: int = 2_000,
    size: int | None = None,
    width: int = 64,
    seed: int = 0,
) -> None:
    """Train all arms, one after the other, and compare them.

    Args:
        out: the folder of the runs, one for each arm.
        page: where the page and its pictures go; `out` if not given.
        data: a folder of photos; the flowers of this repository if not given.
        steps: how long each arm trains.
        size: side of the square crops, in pixels.
        width: channels of the networks' first layers.
        seed: the same for all arms.
    """
    for arm in ARMS:
        options = {
            "--colors": arm,
            "--out": out / arm,
            "--steps": steps,
            "--seed": seed,
            "--data": data,
            "--size": size,
            "--width": width,
        }
        train("colorize.py", options)
    write_page(out, page or out, steps)


def write_page(runs: Path, page: Path, steps: int) -> None:
    """Write README.md, photos.png and curves.png into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    first = runs / ARMS[0] / "pictures"
    columns = [pictures(first / "gray"), *(pictures(runs / arm / "pictures" / "colored") for arm in ARMS)]
    write_grid(page / "photos.png", *columns, pictures(first / "true"))
    scalars = {arm: read_scalars(runs / arm / "scalars.jsonl") for arm in ARMS}
    draw_curves(scalars, page / "curves.png", CURVES)
    (page / "README.md").write_text(describe(scalars, steps), encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")


def describe(scalars: dict[str, list[dict[str, float]]], steps: int) -> str:
    """The page's text."""
    measures = ("psnr", "ssim", "colorfulness", "discriminator", "adversarial", "pixel")
    lines = []
    for arm, rows in scalars.items():
        figures = " | ".join(f"{last(rows, name):.3f}" for name in measures)
        lines.append(f"| {arm} | {figures} | {rows[-1]['seconds']:.0f} |")
    table = "\n".join(lines)
    truth = last(scalars[ARMS[0]], "true_colorfulness")
    return f"""# Colouring in several colour spaces

Each arm trained for {steps} steps on the same photos with the same seed. An arm's name is the generator's
colour space, the discriminator's, and "gray" if that one sees the grey picture as well.

![photos](photos.png)

Held-out photos, from left to right: the grey input, {", ".join(ARMS)}, and the true photo.

| arm | {" | ".join(measures)} | seconds |
{"|---" * (len(measures) + 2)}|
{table}

PSNR (dB), SSIM and colourfulness are means over all held-out photos, of the averaged generator at the last
step; the true photos have a colourfulness of {truth:.1f}. The losses are means over the last steps; the pixel
losses of different colour spaces do not compare.

![curves](curves.png)
"""


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
