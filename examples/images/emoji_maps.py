"""Label and instance maps of the emoji of this repository, in the layout that pix2pixHD reads.

Nobody has drawn such maps, so they are made from the drawings. Reduced to eight colours, a drawing falls
apart into areas: these are the instances. An area's class joins what people wrote about the emoji
(`names.csv`) with how much paint is on it. So the maps say "a coloured part of an animal", and leave open
which colour, how it is shaded, and what is finer than an area.
"""

import csv
import shutil
import tempfile
from pathlib import Path

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
TONES = ("coloured", "pale", "dark")
CLASSES = 1 + len(CATEGORIES) * len(TONES)  # class 0 is the paper around the drawing
COLORS = 8  # of a reduced drawing, numbered from 0
WHITE = 255  # one more


def write_emoji_maps(source: Path, out: Path) -> Path:
    """Write the maps of Noto's emoji beside copies of the pictures, unless they are there.

    Args:
        source: the folder that `images.emoji()` returns.
        out: the folder to make, of `train_img`, `train_label`, `train_inst`, and the same three for `test`.

    Returns:
        `out`.
    """
    if out.is_dir():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as aside, (source / "names.csv").open("r") as names:
        for row in csv.DictReader(names):
            drawing = source / f"{row['split']}A" / row["file"]
            if drawing.exists():
                _write(drawing, row["category"], Path(aside, "maps"), row["split"])
        try:
            Path(aside, "maps").rename(out)
        except OSError:
            if not out.is_dir():  # else another process has just put the same maps there
                raise
    return out


def maps_of(drawing: Path, category: str) -> tuple[Tensor, Tensor]:
    """The class and the instance of each pixel.

    Args:
        drawing: a picture file, on white.
        category: one of `CATEGORIES`.

    Returns:
        (H, W) int64 classes, below `CLASSES`, and (H, W) int64 instances, 1000 times the class and a number
        within it, as Cityscapes has them. The paper is 0 in both.
    """
    picture = (read_image(drawing) + 1) / 2
    numbers = _reduced(drawing, white=picture.amin(0) > 0.96)
    areas = connected(numbers)
    tone = _tone(instance_mean(picture[None], areas[None, None])[0])
    labels = 1 + CATEGORIES.index(category) * len(TONES) + tone
    edge = torch.cat([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    labels[(numbers == WHITE) & torch.isin(areas, edge)] = 0  # white within the drawing is drawn
    return labels, 1000 * labels + _counted(labels, areas)


def connected(values: Tensor) -> Tensor:
    """(H, W) numbers to (H, W): the first place that is reached by sides over pixels of the same number."""
    height, width = values.shape
    number = values.flatten().tolist()
    first = [-1] * len(number)
    for start, wanted in enumerate(number):
        reached = [start] if first[start] < 0 else []
        while reached:
            place = reached.pop()
            if first[place] < 0 and number[place] == wanted:
                first[place] = start
                row, column = divmod(place, width)
                reached += [place - width] * (row > 0) + [place + width] * (row < height - 1)
                reached += [place - 1] * (column > 0) + [place + 1] * (column < width - 1)
    return torch.tensor(first).view(height, width)


def _reduced(drawing: Path, white: Tensor) -> Tensor:
    """(H, W) the number of each pixel's colour; the lines of mixed colours between two areas are gone."""
    with Image.open(drawing) as file:
        image = file.convert("RGB").quantize(COLORS, kmeans=3, dither=Image.Dither.NONE)
    numbers = Image.frombytes("L", image.size, image.tobytes())
    numbers.paste(WHITE, mask=Image.fromarray(white.numpy()))
    for _ in range(2):
        numbers = numbers.filter(ImageFilter.ModeFilter(3))
    return torch.frombuffer(bytearray(numbers.tobytes()), dtype=torch.uint8).view(image.height, image.width)


def _tone(color: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] to the places in `TONES`: by saturation and value, as painters call them."""
    value, least = color.amax(0), color.amin(0)
    pale = value - least < 0.2 * value
    return torch.where(value < 0.45, 2, pale.long())


def _counted(labels: Tensor, areas: Tensor) -> Tensor:
    """The areas of each class numbered from 0; the paper is one whatever its parts."""
    numbers = torch.zeros_like(areas)
    for label in labels[labels > 0].unique():
        here = labels == label
        numbers[here] = areas[here].unique(return_inverse=True)[1]
    return numbers


def _write(drawing: Path, category: str, out: Path, split: str) -> None:
    labels, instances = maps_of(drawing, category)
    files = {kind: out / f"{split}_{kind}" / drawing.name for kind in ("img", "label", "inst")}
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(drawing, files["img"])
    Image.fromarray(labels.to(torch.uint8).numpy()).save(files["label"])
    Image.fromarray(instances.to(torch.uint16).numpy()).save(files["inst"])
