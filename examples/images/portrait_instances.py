"""Instance maps of the portraits of this repository: the connected areas of each class.

The portraits have exact label maps and no instance maps; two eyes that do not touch are two instances.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from gan_data import find_images, read_labels
from PIL import Image
from torch import Tensor


def write_instances(labels: Path, out: Path) -> Path:
    """Write the instance map of each label map, unless the folder exists.

    Args:
        labels: a folder of label maps.
        out: the folder to create, with an instance map of the same name for each.

    Returns:
        `out`.
    """
    if out.is_dir():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as temporary:
        written = Path(temporary, "maps")
        written.mkdir()
        for file in find_images(labels):
            instances = instances_of(read_labels(file))
            Image.fromarray(instances.to(torch.uint16).numpy()).save(written / f"{file.stem}.png")
        try:
            written.rename(out)
        except OSError:
            if not out.is_dir():  # else another process has just written the same maps
                raise
    return out


def instances_of(labels: Tensor) -> Tensor:
    """(H, W) classes to (H, W) int64 instances: 1000 times the class plus a number within it.

    So they are numbered in Cityscapes. The background, class 0, is one instance.
    """
    areas, numbers = connected(labels), torch.zeros_like(labels)
    for label in labels[labels > 0].unique():
        here = labels == label
        numbers[here] = areas[here].unique(return_inverse=True)[1]
    return 1000 * labels + numbers


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
