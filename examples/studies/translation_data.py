"""The images on which translations are compared: of both domains, to learn from and held out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from comparison import read_squares
from gan_data import find_domains, read_labels
from images import emoji, portraits
from torch import Tensor

Kind = Literal["portraits", "emoji"]


class Sides(NamedTuple):
    """Images of two domains, (N, 3, size, size) in [-1, 1]; those of equal index are counterparts."""

    a: Tensor
    b: Tensor


class TranslationData(NamedTuple):
    """A set of this repository at a size."""

    train: Sides
    test: Sides
    labels: (
        Tensor | None
    )  # (N, size, size) int64: the classes of the test images' pixels, where there are any


def read(kind: Kind, size: int) -> TranslationData:
    """Read a set whole: labels (A) and pictures (B) of the portraits, or Noto's and Twemoji's emoji."""
    train, test = find_domains([portraits() if kind == "portraits" else emoji()])
    labels = _label_maps(test[0], size) if kind == "portraits" else None
    return TranslationData(_sides(train, size), _sides(test, size), labels)


def _sides(domains: tuple[Sequence[Path], Sequence[Path]], size: int) -> Sides:
    a, b = (read_squares(files, size) for files in domains)
    return Sides(a, b)


def _label_maps(files: Sequence[Path], size: int) -> Tensor:
    maps = torch.stack([read_labels(file) for file in files])
    return F.interpolate(maps[:, None].double(), (size, size), mode="nearest-exact")[:, 0].long()
