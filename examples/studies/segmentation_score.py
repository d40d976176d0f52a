"""The FCN score of generated pictures, and the scores of painted label maps (CycleGAN paper, section 5.1.1).

    python examples/studies/segmentation_score.py --segmenter RUN --pictures PICTURES --labels MAPS
    python examples/studies/segmentation_score.py painted --pictures PAINTED --labels MAPS

The first scores pictures that were made from label maps by the network of a run of segmentation.py, and
prints its scores on real pictures, the ceiling, below. The second reads label maps that a generator painted
by the nearest color in the palette of the true ones. Files match by their stems; that of 0000-STEM.png, as
recipes name results, is STEM.
"""

from dataclasses import dataclass
from pathlib import Path

import comparison
import torch
from gan_metrics import LabelScores, segmentation_scores
from gan_trainers import OptionError, run_recipe
from support.fcn import load_fcn
from support.label_scores import MEANS, fcn_scores, means, painted_label_scores, palette_of


@dataclass(frozen=True)
class Options:
    """What is compared with what."""

    pictures: Path | None = None  # folder of generated pictures, or of painted label maps
    labels: Path | None = None  # folder of the true label maps
    segmenter: Path = Path("runs/segmentation")  # folder of a run of segmentation.py
    painted: bool = False  # the pictures are painted label maps, which need no network


PRESETS = {"fcn": Options(), "painted": Options(painted=True)}


def main(options: Options) -> None:
    """Print the scores, and the IoU of each class."""
    if options.pictures is None or options.labels is None:
        raise OptionError("expected --pictures FOLDER --labels FOLDER; got only one of them, or none")
    pictures, labels = options.pictures.expanduser(), options.labels.expanduser()
    if options.painted:
        palette = palette_of(labels)
        names = [str(label) for label in range(len(palette))]
        print_table(names, {"painted label maps": painted_label_scores(pictures, labels, palette)})
        return
    net, settings = load_fcn(options.segmenter)
    names, ceiling = settings["names"], settings["ceiling"]
    scores = fcn_scores(net, pictures, labels, len(names), ignore=settings["ignore"], size=settings["size"])
    real = segmentation_scores(torch.tensor(ceiling["confusion"]))
    print_table(names, {"FCN score": scores, f"ceiling, {ceiling['pictures']} real pictures": real})


def print_table(names: list[str], rows: dict[str, LabelScores]) -> None:
    """Print scores as a table in Markdown; "nan" is the IoU of a class that occurs nowhere."""
    header = ["", *MEANS.values(), *(f"IoU of {name}" for name in names)]
    lines = [
        [row, *(f"{value:.4f}" for value in (*means(scores).values(), *scores.ious.tolist()))]
        for row, scores in rows.items()
    ]
    print(comparison.table(header, lines))


if __name__ == "__main__":
    run_recipe(main, PRESETS)
