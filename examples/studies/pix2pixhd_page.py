"""The page of the pix2pixHD study: scores beside the trivial ones, pictures, and the verdicts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from comparison import Setup, bold, read_images, score_table, seed_folder, table, time_table, write_text
from gan_metrics import feature_distance, grid_strength, psnr, ssim
from gan_projected import Backbone
from gan_trainers import write_grid
from spread import Rows, higher, lower, over_seeds
from torch import Tensor
from translation_tables import class_scores

FULL, ONE_SCALE, NO_MATCHING = "pix2pixHD", "one discriminator", "without feature matching"
TRANSPOSED, NO_BOUNDARIES, NO_ENCODER = "transposed convolutions", "without boundaries", "without an encoder"
AT_ONCE = "one generator at full size"
ARMS: dict[str, dict[str, object]] = {
    FULL: {},
    ONE_SCALE: {"scales": (1, 1)},
    NO_MATCHING: {"feature_matching_weight": 0.0},
    TRANSPOSED: {"upsample": "transposed"},
    NO_BOUNDARIES: {"boundaries": False},
    NO_ENCODER: {"features": 0},
    AT_ONCE: {},  # its size and steps follow from those of the others
}
FILLS = "each instance filled with its mean color"
IOU, GRID, PSNR = "class IoU", "grid, dB", "PSNR, dB"
DIGITS = {"pixel accuracy": 1, "class accuracy": 1, IOU: 1, PSNR: 2, GRID: 1}  # 3 for all others
SHOWN = 6


class Truth(NamedTuple):
    """Held-out pictures with their maps."""

    pictures: Tensor  # (N, 3, H, W)
    labels: Tensor  # (N, H, W) int64
    instances: Tensor  # (N, H, W) int64
    mean_colors: Tensor  # (classes, 3), of the training pictures


class Measures(NamedTuple):
    """How pictures painted from label maps are scored."""

    truth: Truth
    features: Backbone
    labels_of: Callable[[Tensor], Tensor]  # the classes that a segmentation network sees

    def __call__(self, pictures: Tensor) -> dict[str, float]:
        """The scores of pictures (N, 3, H, W)."""
        true = self.truth.pictures
        with torch.no_grad():
            distance = feature_distance(self.features, pictures, true).item()
        return {
            **class_scores(self.labels_of(pictures), self.truth.labels),
            PSNR: psnr(pictures, true).item(),
            "SSIM": ssim(pictures, true).item(),
            "feature distance": distance,
            GRID: (grid_strength(pictures, period=2) - grid_strength(true, period=2)).item(),
        }


def painted(out: Path, arm: str, seed: int, state: str = "generated") -> Tensor:
    """The pictures of a run, (N, 3, H, W): with the instance features of the true ones, or sampled ones."""
    return read_images(seed_folder(out, arm, seed) / "pictures" / state)


def instance_fills(truth: Truth) -> Tensor:
    """Each instance filled with the mean color that it has in the true picture: (N, 3, H, W)."""
    return torch.stack([_filled(*each) for each in zip(truth.pictures, truth.instances, strict=True)])


def _filled(picture: Tensor, instances: Tensor) -> Tensor:
    numbers, index = instances.unique(return_inverse=True)
    counts = torch.bincount(index.flatten(), minlength=len(numbers))
    sums = torch.zeros(3, len(numbers)).index_add_(1, index.flatten(), picture.flatten(1))
    return (sums / counts)[:, index]


def class_fills(truth: Truth) -> Tensor:
    """Each class filled with its mean color in the training pictures: (N, 3, H, W)."""
    return truth.mean_colors[truth.labels].movedim(-1, 1)


def write_page(measures: Measures, out: Path, page: Path, seeds: Sequence[int], setup: Setup) -> None:
    """Write README.md and its picture into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    truth = measures.truth
    trivial = {
        "each class filled with its mean color": over_seeds([measures(class_fills(truth))]),
        FILLS: over_seeds([measures(instance_fills(truth))]),
    }
    trained = {arm: over_seeds([measures(painted(out, arm, seed)) for seed in seeds]) for arm in ARMS}
    sampled = f"{FULL}, sampled colors"
    trained[sampled] = over_seeds([measures(painted(out, FULL, seed, "sampled1")) for seed in seeds])
    columns = [class_fills(truth), instance_fills(truth)]
    columns += [painted(out, arm, seeds[0]) for arm in ARMS]
    columns += [painted(out, FULL, seeds[0], "sampled1"), truth.pictures]
    write_grid(page / "pictures.png", *(images[:: len(images) // SHOWN][:SHOWN] for images in columns))
    true = {"**true pictures**": over_seeds([measures(truth.pictures)])}
    write_text(page, describe(true | trivial, trained, verdicts(trivial, trained), out, seeds, setup), out)


def verdicts(trivial: Rows, trained: Rows) -> dict[str, str]:
    """What the paper says of each part, and what was found."""

    def better(arm: str, other: str, score: str = IOU) -> str:
        compare = lower if score == GRID else higher
        return compare(trained[arm][score], trained[other][score], other)

    return {
        "pix2pixHD is nearer to the truth than flat fills: PSNR": higher(
            trained[FULL][PSNR], trivial[FILLS][PSNR], FILLS
        ),
        "and its classes are found better": higher(trained[FULL][IOU], trivial[FILLS][IOU], FILLS),
        "Several discriminators are better than one": better(FULL, ONE_SCALE),
        "Feature matching helps": better(FULL, NO_MATCHING),
        "From coarse to fine is better than one large generator": better(FULL, AT_ONCE),
        "Boundaries of instances help": better(FULL, NO_BOUNDARIES),
        "The encoder helps: PSNR": better(FULL, NO_ENCODER, PSNR),
        "and its classes are found better, too": better(FULL, NO_ENCODER),
        "Resized upsampling leaves less of a grid than the paper's": better(FULL, TRANSPOSED, GRID),
    }


def describe(
    fixed: Rows, trained: Rows, found: dict[str, str], out: Path, seeds: Sequence[int], setup: Setup
) -> str:
    """The page's text."""
    runs = {arm: [seed_folder(out, arm, seed) for seed in seeds] for arm in ARMS}
    names = ", ".join([*[*fixed][1:], *trained])
    return f"""# pix2pixHD: drawn faces from label maps

```sh
{setup.command}
```

![pictures](pictures.png)

Pictures from label maps that were held out, from left to right: {names}, and the true picture.

{setup.opening}

{table(["the paper", "here"], ([*each] for each in found.items()))}

"Yes" and "no" are differences larger than that between the seeds, of the class IoU if nothing else is said.

{score_table(fixed | bold(trained), DIGITS)}

All arms but "{NO_ENCODER}" and the sampled colors are given three numbers of each instance of the true
picture, as the flat fills are given its mean color. Pixel accuracy, class accuracy and class IoU (percent)
are the FCN score: how well a segmentation network that was trained on real pictures finds the labels in
painted ones. The feature distance is EfficientNet-Lite0's, not LPIPS. The grid is a pattern of two pixels,
in dB above the true pictures'.

{time_table(runs)}
"""
