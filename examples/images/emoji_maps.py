"""Label and instance maps of the emoji of this repository, in the layout that pix2pixHD reads.

The emoji have no such maps, so they are computed from the images. An image reduced to eight colors consists
of connected areas: these are the instances. The class of an area combines the category of the emoji
(`names.csv`) with the tone of the area. So the maps contain "a colored area of an animal", but not its
color, its shading, or details smaller than an area.
"""

import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from gan_data import read_image
from gan_nets import instance_mean
from PIL import Image, ImageFilter
from torch import Tensor

CATEGORIES = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
)
TONES = ("colored", "pale", "dark")
CLASSES = 1 + len(CATEGORIES) * len(TONES)  # class 0 is the background
COLORS = 8  # of a reduced image, numbered from 0
WHITE = 255  # the number of white


def write_emoji_maps(source: Path, out: Path) -> Path:
    """Write the maps of Noto's emoji, and copies of the images, unless the folder exists.

    Args:
        source: the folder that `images.emoji()` returns.
        out: the folder to create, with `train_img`, `train_label`, `train_inst`, and the same for `test`.

    Returns:
        `out`.
    """
    if out.is_dir():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as temporary, (source / "names.csv").open("r") as names:
        for row in csv.DictReader(names):
            image = source / f"{row['split']}A" / row["file"]
            if image.exists():
                _write(image, row["category"], Path(temporary, "maps"), row["split"])
        try:
            Path(temporary, "maps").rename(out)
        except OSError:
            if not out.is_dir():  # else another process has just written the same maps
                raise
    return out


def maps_of(image: Path, category: str) -> tuple[Tensor, Tensor]:
    """The class and the instance of each pixel.

    Args:
        image: a picture file, on white.
        category: one of `CATEGORIES`.

    Returns:
        (H, W) int64 classes, below `CLASSES`, and (H, W) int64 instances: 1000 times the class plus a number
        within it, as in Cityscapes. The background is 0 in both.
    """
    rgb01 = (read_image(image) + 1) / 2
    numbers = _reduced(image, white=rgb01.amin(0) > 0.96)
    areas = connected(numbers)
    tone = _tone(instance_mean(rgb01[None], areas[None, None])[0])
    labels = 1 + CATEGORIES.index(category) * len(TONES) + tone
    edge = torch.cat([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    labels[(numbers == WHITE) & torch.isin(areas, edge)] = 0  # white inside is a part of the emoji
    return labels, 1000 * labels + _numbered(labels, areas)


def connected(values: Tensor) -> Tensor:
    """(H, W) values to (H, W) areas of equal, 4-connected values; each is numbered by its first pixel.

    Every pixel starts with its own number; runs of equal values along rows, then along columns, take their
    least number until nothing changes.
    """
    pixels = values.numpy()
    across, down = _run_starts(pixels), _run_starts(pixels.T)
    areas = np.arange(pixels.size).reshape(pixels.shape)
    while True:
        before = areas
        areas = _least_of_runs(_least_of_runs(areas, across).T, down).T
        if np.array_equal(areas, before):
            return torch.from_numpy(np.ascontiguousarray(areas))


def _run_starts(pixels: np.ndarray) -> np.ndarray:
    """The positions, counted along rows, at which a run of equal values begins; each row begins one."""
    starts = np.ones(pixels.shape, bool)
    starts[:, 1:] = pixels[:, 1:] != pixels[:, :-1]
    return np.flatnonzero(starts)


def _least_of_runs(areas: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Each number replaced by the least one in its run."""
    least = np.minimum.reduceat(areas.ravel(), starts)
    return np.repeat(least, np.diff(starts, append=areas.size)).reshape(areas.shape)


def _reduced(image: Path, white: Tensor) -> Tensor:
    """(H, W) the number of each pixel's color; lines of mixed colors between two areas are filtered out."""
    with Image.open(image) as file:
        reduced = file.convert("RGB").quantize(COLORS, kmeans=3, dither=Image.Dither.NONE)
    numbers = Image.frombytes("L", reduced.size, reduced.tobytes())
    numbers.paste(WHITE, mask=Image.fromarray(white.numpy()))
    for _ in range(2):
        numbers = numbers.filter(ImageFilter.ModeFilter(3))
    pixels = torch.frombuffer(bytearray(numbers.tobytes()), dtype=torch.uint8)
    return pixels.view(reduced.height, reduced.width)


def _tone(color: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] to (H, W) indices into `TONES`, by saturation and value (HSV)."""
    value, least = color.amax(0), color.amin(0)
    pale = value - least < 0.2 * value
    return torch.where(value < 0.45, 2, pale.long())


def _numbered(labels: Tensor, areas: Tensor) -> Tensor:
    """(H, W) the areas of each class numbered from 0; the background is one area."""
    numbers = torch.zeros_like(areas)
    for label in labels[labels > 0].unique():
        here = labels == label
        numbers[here] = areas[here].unique(return_inverse=True)[1]
    return numbers


def _write(image: Path, category: str, out: Path, split: str) -> None:
    labels, instances = maps_of(image, category)
    files = {kind: out / f"{split}_{kind}" / image.name for kind in ("img", "label", "inst")}
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, files["img"])
    Image.fromarray(labels.to(torch.uint8).numpy()).save(files["label"])
    Image.fromarray(instances.to(torch.uint16).numpy()).save(files["inst"])
