"""The page of the pix2pix study: scores beside the trivial ones, pictures, and the verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from comparison import Setup, bold, read_images, score_table, seed_folder, table, time_table, write_text
from gan_metrics import colorfulness
from gan_trainers import write_grid
from spread import Rows, Spread, higher, over_seeds
from translation_tables import Task, trivial_rows

L1, GAN, CGAN, BOTH, L1_GAN = "L1", "GAN", "cGAN", "L1 + cGAN", "L1 + GAN"
NO_SKIPS, NO_SKIPS_L1 = "encoder-decoder, L1 + cGAN", "encoder-decoder, L1"
PATCHES = {f"L1 + cGAN, patches of {side}": layers for side, layers in ((1, 0), (16, 1), (34, 2))}
ARMS: dict[str, dict[str, object]] = {
    L1: {"discriminator": "none"},
    GAN: {"discriminator": "unconditional", "l1_weight": 0.0},
    CGAN: {"l1_weight": 0.0},
    L1_GAN: {"discriminator": "unconditional"},
    BOTH: {},
    NO_SKIPS_L1: {"generator": "encoder-decoder", "discriminator": "none"},
    NO_SKIPS: {"generator": "encoder-decoder"},
    **{name: {"layers": layers} for name, layers in PATCHES.items()},
}
DECIDES, COLOR = "class IoU", "colorfulness"
DIGITS = {"pixel accuracy": 1, "class accuracy": 1, DECIDES: 1, "PSNR": 2, COLOR: 1}  # 3 for all others
SHOWN = 8


class Results(NamedTuple):
    """The scores of the true pictures, of what took no training, and of the arms."""

    truth: Rows
    trivial: Rows
    trained: Rows


def write_page(task: Task, out: Path, page: Path, seeds: Sequence[int], setup: Setup) -> None:
    """Write README.md and its picture into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    painted = {arm: [read_images(pictures(out, arm, seed)) for seed in seeds] for arm in ARMS}
    scored = task._replace(score=lambda images: task.score(images) | {COLOR: colorfulness(images).item()})
    results = Results(
        {"**true pictures**": over_seeds([scored.score(task.targets)])},
        trivial_rows(scored),
        {arm: over_seeds([scored.score(images) for images in runs]) for arm, runs in painted.items()},
    )
    columns = [task.sources, *(runs[0] for runs in painted.values()), task.targets]
    write_grid(page / "pictures.png", *(images[:: len(images) // SHOWN][:SHOWN] for images in columns))
    write_text(page, describe(results, out, seeds, setup), out)


def pictures(out: Path, arm: str, seed: int) -> Path:
    """The folder of the pictures that a run painted from the test images."""
    return seed_folder(out, arm, seed) / "pictures/a_to_b/translated"


def verdicts(trivial: Rows, trained: Rows, truth: dict[str, Spread]) -> dict[str, str]:
    """Each statement of sections 4.1 to 4.4 and what was found."""
    without_pairs = [name for name in trivial if "pair" not in name]
    nothing = max(without_pairs, key=lambda name: trivial[name][DECIDES].mean)

    def above(arm: str, other: str) -> str:
        return higher(trained[arm][DECIDES], trained[other][DECIDES], other)

    table_of_colors = "a table of colors, from pairs"
    near = {name: abs(row[COLOR].mean - truth[COLOR].mean) for name, row in trained.items()}
    return {
        f"{BOTH} is better than doing nothing": higher(
            trained[BOTH][DECIDES], trivial[nothing][DECIDES], nothing
        ),
        "and than a table of colors that has pairs, too": higher(
            trained[BOTH][DECIDES], trivial[table_of_colors][DECIDES], table_of_colors
        ),
        "cGAN alone is better than L1 alone (table 1)": above(CGAN, L1),
        f"{BOTH} is better than L1 alone": above(BOTH, L1),
        f"{BOTH} is better than cGAN alone": above(BOTH, CGAN),
        "Without L1, the discriminator should see the input": above(CGAN, GAN),
        "with L1, too": above(BOTH, L1_GAN),
        "Skip connections help, with L1 (table 2)": above(L1, NO_SKIPS_L1),
        "and with L1 + cGAN": above(BOTH, NO_SKIPS),
        **{f"Patches of 70 are better (table 3): {name}": above(BOTH, name) for name in PATCHES},
        "L1 alone is grayer than the truth, cGAN is not (section 4.2)": (
            f"**{'Yes' if near[BOTH] < near[L1] else 'No'}**: colorfulness {trained[L1][COLOR].text(1)} and "
            f"{trained[BOTH][COLOR].text(1)}, of {truth[COLOR].text(1)}"
        ),
    }


def describe(results: Results, out: Path, seeds: Sequence[int], setup: Setup) -> str:
    """The page's text."""
    (truth,) = results.truth.values()
    found = verdicts(results.trivial, results.trained, truth)
    runs = {arm: [seed_folder(out, arm, seed) for seed in seeds] for arm in ARMS}
    return f"""# pix2pix: losses, skip connections and patches

```sh
{setup.command}
```

![pictures](pictures.png)

Drawn faces from label maps that were held out, from left to right: the map; {"; ".join(ARMS)}; and the true
picture.

{setup.opening}

{table(["the paper", "here"], ([*each] for each in found.items()))}

"Yes" and "no" are differences of the {DECIDES} larger than that between the seeds.

{score_table(results.truth | results.trivial | bold(results.trained), DIGITS)}

Pixel accuracy, class accuracy and class IoU (percent) are the FCN score: how well a segmentation network that
was trained on real pictures finds in a painted one the labels that it was made from; the row of the true
pictures is its ceiling. The other columns are those of the [comparison of CycleGAN](../cyclegan/README.md).

{time_table(runs)}
"""
