"""Pictures scored by label maps: the FCN score, and the scores of painted label maps, of folders."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from gan_data import LabeledFiles, find_images, read_image, read_labels
from gan_metrics import (
    ConfusionMatrix,
    LabelScores,
    nearest_color_labels,
    predict_labels,
    segmentation_scores,
)
from gan_trainers import OptionError
from PIL import Image
from torch import Tensor

NUMBER = re.compile(r"^\d{4,}-")  # that `numbered_name` gives results
MEANS = {"pixel_accuracy": "pixel accuracy", "class_accuracy": "class accuracy", "class_iou": "class IoU"}


def fcn_scores(
    network: Callable[[Tensor], Tensor],
    pictures: Path,
    labels: Path,
    classes: int,
    *,
    ignore: int | None = 255,
    size: int | None = None,
) -> LabelScores:
    """How well a segmentation network finds in pictures the label maps that they were made from.

    A map that is larger or smaller than its picture is resized to it by the nearest pixel.

    Args:
        network: see `gan_metrics.predict_labels`; on the CPU.
        pictures: a folder of generated pictures, named as the maps are, or as the results of the recipes:
            0000-NAME.png is the picture of NAME.png.
        labels: a folder of label maps; there may be more than pictures.
        classes: the number of classes.
        ignore: the label of void; None if there is none.
        size: the shorter side that each picture must have: the one that the network was trained with.

    Raises:
        OptionError: a picture has no map, another size, or other proportions than its map; a label is out of
            range.
        DataError: a file cannot be read.
    """
    counts = ConfusionMatrix(classes, ignore=ignore)
    for file in matched(pictures, labels):
        picture, truth = read_pair(file, classes, ignore)
        if size not in (None, min(picture.shape[-2:])):
            raise OptionError(
                f"{file.photo} has {shown(picture)} pixels, and the network was trained with {size}x{size}; "
                f"give pictures of that size, or train with --size {min(picture.shape[-2:])}"
            )
        counts.add(predict_labels(network, picture), truth)
    return segmentation_scores(counts.compute())


def painted_label_scores(
    pictures: Path, labels: Path, palette: Sequence[Sequence[int]], *, ignore: int | None = 255
) -> LabelScores:
    """The scores of painted label maps, read by the nearest class color.

    Arguments and errors are those of `fcn_scores`.

    Args:
        pictures: a folder of painted maps.
        labels: a folder of true label maps.
        palette: the RGB color of each class, 0 to 255.
        ignore: the label of void in the true maps; None if there is none.
    """
    counts = ConfusionMatrix(len(palette), ignore=ignore)
    for file in matched(pictures, labels):
        picture, truth = read_pair(file, len(palette), ignore)
        counts.add(nearest_color_labels(picture, palette), truth)
    return segmentation_scores(counts.compute())


def matched(pictures: Path, labels: Path) -> list[LabeledFiles]:
    """Each picture of a folder with its label map in another one.

    Raises:
        OptionError: a picture has none.
    """
    maps = {file.stem: file for file in find_images(labels)}
    files = find_images(pictures)
    found = [maps.get(file.stem) or maps.get(NUMBER.sub("", file.stem)) for file in files]
    if alone := [file.name for file, label_map in zip(files, found, strict=True) if label_map is None]:
        raise OptionError(
            f"expected a label map in {labels} for each picture of {pictures}; {len(alone)} have none: "
            f"{alone[0]}{', ...' if alone[1:] else ''}; name pictures as their maps, or as 0000-MAP.png"
        )
    return [LabeledFiles(photo, label_map, None) for photo, label_map in zip(files, found, strict=True)]


def read_pair(file: LabeledFiles, classes: int, ignore: int | None) -> tuple[Tensor, Tensor]:
    """A picture (1, 3, H, W) in [-1, 1], and its label map (1, H, W), resized to it by the nearest pixel.

    Raises:
        OptionError: they differ in proportions, or a label is out of range.
        DataError: a file cannot be read.
    """
    picture, labels = read_image(file.photo)[None], read_labels(file.labels or "")[None]
    wrong = ((labels < 0) | (labels >= classes)) & (labels != (-1 if ignore is None else ignore))
    if wrong.any():
        raise OptionError(
            f"{file.labels} holds the label {int(labels[wrong][0])}, but labels go from 0 to {classes - 1}"
            f"{'' if ignore is None else f', and {ignore} is ignored'}; give the maps of these classes"
        )
    (height, width), (map_height, map_width) = picture.shape[-2:], labels.shape[-2:]
    if height * map_width != width * map_height:
        raise OptionError(
            f"{file.photo} has {shown(picture)} pixels, and its label map {file.labels} {shown(labels)}; "
            "expected the same proportions"
        )
    resized = F.interpolate(labels[None].double(), (height, width), mode="nearest-exact")
    return picture, resized[0].long()


def shown(image: Tensor) -> str:
    """Width and height."""
    return f"{image.shape[-1]}x{image.shape[-2]}"


def palette_of(labels: Path) -> list[list[int]]:
    """The RGB color of each class, 0 to 255: the palette of the first label map of a folder.

    Raises:
        OptionError: it has none.
    """
    first = find_images(labels)[0]
    with Image.open(first) as label_map:
        colors = label_map.getpalette() if label_map.mode == "P" else None
    if colors is None:
        raise OptionError(
            f"expected label maps whose palette holds the class colors; {first} has none; save palette PNG"
        )
    return torch.tensor(colors).view(-1, 3).tolist()


def means(scores: LabelScores) -> dict[str, float]:
    """The three scores by name."""
    return {name: getattr(scores, name) for name in MEANS}


def plain(scores: LabelScores) -> dict[str, float | list[float | None]]:
    """All scores by name, for JSON: None for those that a class does not have."""
    by_class = {"accuracies": scores.accuracies, "ious": scores.ious}
    return means(scores) | {
        name: [None if math.isnan(value) else value for value in values.tolist()]
        for name, values in by_class.items()
    }


def described(scores: LabelScores, names: Sequence[str]) -> str:
    """The three scores, and the IoU of each class that has one."""
    three = ", ".join(f"{MEANS[name]} {value:.4f}" for name, value in means(scores).items())
    ious = zip(names, scores.ious.tolist(), strict=True)
    return f"{three} ({', '.join(f'{name} {iou:.3f}' for name, iou in ious if not math.isnan(iou))})"
