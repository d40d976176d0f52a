"""Every method's scores in one direction of one set, beside the trivial ones."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from comparison import read_images
from gan_metrics import confusion_matrix, nearest_color_labels, psnr, segmentation_scores
from images import PORTRAIT_COLORS
from spread import Rows, Spread, over_seeds
from torch import Tensor
from translation_arms import ARMS, run_folder
from translation_data import TranslationData
from translation_scores import Domain, Features, pair_scores
from trivial import ColorTable, NearestPair, blurred, mean_image, untouched, zoomed_and_blurred

COMPARED = 250  # training images of each domain with which a set of translations is compared
FROM_PAIRS = ("a table of colors, from pairs", "the nearest pair's")


class Task(NamedTuple):
    """A direction of a set, and how its translations are scored."""

    kind: str
    direction: str
    sources: Tensor  # test images (N, 3, H, W)
    targets: Tensor  # their counterparts
    pairs: tuple[Tensor, Tensor]  # training images in this direction, in pairs, for the trivial rows alone
    score: Callable[[Tensor], dict[str, float]]


def make_task(
    kind: str,
    direction: str,
    data: TranslationData,
    features: Features,
    labels_of: Callable[[Tensor], Tensor] | None,
) -> Task:
    """The task of a direction.

    Args:
        kind: the set.
        direction: a_to_b or b_to_a.
        data: its images.
        features: the feature extractor of the measures.
        labels_of: the classes (N, H, W) that are seen in translations, or None for a set without classes.
    """
    (a, b), (test_a, test_b) = data.train, data.test
    sources, targets, pairs = (test_a, test_b, (a, b)) if direction == "a_to_b" else (test_b, test_a, (b, a))
    others, images = (side[:COMPARED] for side in pairs)
    domain = Domain(features, images, torch.cat([others, blurred(others), blurred(images)]))

    def score(translated: Tensor) -> dict[str, float]:
        scores = {}
        if labels_of is not None and data.labels is not None:
            scores |= class_scores(labels_of(translated), data.labels)
        return scores | pair_scores(features, translated, targets) | domain.scores(translated)

    return Task(kind, direction, sources, targets, pairs, score)


def class_scores(found: Tensor, labels: Tensor) -> dict[str, float]:
    """The measures of the Cityscapes benchmark, of label maps (N, H, W), in percent."""
    scores = segmentation_scores(confusion_matrix(found, labels, len(PORTRAIT_COLORS), ignore=None))
    means = scores.pixel_accuracy, scores.class_accuracy, scores.class_iou
    return dict(zip(("pixel accuracy", "class accuracy", "class IoU"), (100 * x for x in means), strict=True))


def labels_by_color(images: Tensor) -> Tensor:
    """The class with the nearest color, (N, H, W): how the paper reads painted label maps."""
    return nearest_color_labels(images, list(PORTRAIT_COLORS.values()))


def trivial_rows(task: Task) -> Rows:
    """The scores of what took no training; `FROM_PAIRS` need pairs, which CycleGAN has not."""
    color_table, nearest_pair = FROM_PAIRS
    makers: dict[str, Callable[[Tensor], Tensor]] = {
        "the input": untouched,
        "the input, blurred": blurred,
        "the input, zoomed and blurred": zoomed_and_blurred,
        "the mean image": mean_image(task.pairs[1]),
        color_table: ColorTable(*task.pairs),
        nearest_pair: NearestPair(*task.pairs),
    }
    return {name: over_seeds([task.score(make(task.sources))]) for name, make in makers.items()}


def method_rows(task: Task, out: Path, seeds: Iterable[int]) -> Rows:
    """The scores of the trained methods."""
    return {
        name: over_seeds([task.score(translated(task, out, name, seed)) for seed in seeds]) for name in ARMS
    }


def translated(task: Task, out: Path, name: str, seed: int, state: str = "translated") -> Tensor:
    """The test images of a method's run in a state, (N, 3, H, W)."""
    run = run_folder(out, task.kind, name, task.direction, seed)
    return read_images(run / "pictures" / task.direction / state)


def reconstructions(task: Task, out: Path, seeds: Iterable[int]) -> dict[str, Spread]:
    """PSNR of the reconstructed sources in dB, of the methods that have any, and of the mean image."""
    sources, _ = task.pairs
    found = {"the mean image": Spread((psnr(mean_image(sources)(task.sources), task.sources).item(),))}
    for name, arm in ARMS.items():
        if not arm.one_sided:
            states = (translated(task, out, name, seed, "reconstructed") for seed in seeds)
            found[name] = Spread(tuple(psnr(state, task.sources).item() for state in states))
    return found
