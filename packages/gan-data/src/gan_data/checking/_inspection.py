"""Inspecting one file."""

import math
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageStat

from gan_data.base.errors import Finding
from gan_data.decoding.opening import REDUCED_SIDE, try_open_labels, try_open_rgb
from gan_data.decoding.picture import use_picture
from gan_data.files.formats import FORMAT_OF_SUFFIX
from gan_data.transforms.classes import problem_of_labels

GRAY_CORRELATION = 0.995
SAME_FORMAT = {"MPO": "JPEG"}  # several JPEGs in one file, as some cameras write them


class Inspection(NamedTuple):
    """The result of inspecting one file."""

    path: Path
    size: tuple[int, int] | None  # height and width; None if it cannot be decoded
    findings: list[Finding]
    labels: frozenset[int] = frozenset()  # those that occur in a label map


class Description(NamedTuple):
    """What is known of an image that can be decoded."""

    size: tuple[int, int]  # height and width
    mode: str  # Pillow's name of its channels
    format: str  # Pillow's name
    gray: bool  # whether it has no color


def inspect_image(path: Path) -> Inspection:
    """Decode an image; warn about a suffix of another format and about missing color."""
    description = describe_image(path)
    if isinstance(description, Finding):
        return Inspection(path, None, [description])
    return described(path, description)


def described(path: Path, description: Description) -> Inspection:
    """The inspection of an image that was decoded before."""
    findings = _wrong_suffix(path, description.format)
    if description.gray:
        findings.append(Finding(path, "warning", "has no color", "remove it if color is to be learned"))
    return Inspection(path, description.size, findings)


def describe_image(path: Path) -> Description | Finding:
    """Decode an image; the problem if that is impossible."""
    image = try_open_rgb(path)
    if isinstance(image, Finding):
        return image
    size = (image.height, image.width)
    mode, stored = use_picture(path, lambda image: (image.mode, str(image.format)))
    image.thumbnail((REDUCED_SIDE, REDUCED_SIDE))
    return Description(size, mode, stored, _is_gray(image))


def inspect_labels(path: Path, classes: int | None, ignore: int | None) -> Inspection:
    """Decode a label map; with `classes`, check that its labels are in range."""
    image = try_open_labels(path)
    if isinstance(image, Finding):
        return Inspection(path, None, [image])
    labels, findings = _labels_in(image), list[Finding]()
    wrong = [] if classes is None else sorted(labels - {*range(classes), ignore})
    if classes is not None and wrong:
        findings.append(Finding(path, "error", *problem_of_labels(wrong, classes, ignore)))
    return Inspection(path, (image.height, image.width), findings, labels)


def inspect_instances(path: Path) -> Inspection:
    """Decode an instance map, in which any number is an instance."""
    image = try_open_labels(path)
    if isinstance(image, Finding):
        return Inspection(path, None, [image])
    return Inspection(path, (image.height, image.width), [])


def _wrong_suffix(path: Path, stored: str) -> list[Finding]:
    actual = SAME_FORMAT.get(stored, stored)
    named = FORMAT_OF_SUFFIX.get(path.suffix.lower())
    if named in (None, actual):
        return []
    return [Finding(path, "warning", f"holds {actual}, but its suffix is of {named}", "rename it")]


def _labels_in(image: Image.Image) -> frozenset[int]:
    """The labels that occur in a map of mode I."""
    colors = image.getcolors(image.width * image.height) or []  # None only if there were more
    return frozenset(int(label) for _, label in colors)  # type: ignore[arg-type]


def _is_gray(image: Image.Image) -> bool:
    """Whether the channels of an RGB image are so correlated that it has no color.

    The negation of `gan_colorspace.is_color`, without tensors, so that `gan-data check` starts without torch.
    All sums are of integers, from histograms, and therefore exact.
    """
    red, green, blue = image.split()
    correlations = [_correlation(*pair) for pair in ((red, green), (red, blue), (green, blue))]
    mean = (3 + 2 * sum(correlations)) / 9  # of the 3x3 matrix, whose diagonal is 1
    return not mean < GRAY_CORRELATION  # a channel of one level makes it NaN: gray


def _correlation(x: Image.Image, y: Image.Image) -> float:
    """Pearson's correlation of two channels; NaN if one has only one level."""
    count = x.width * x.height
    a, b, difference = (ImageStat.Stat(channel) for channel in (x, y, ImageChops.difference(x, y)))
    (sum_a,), (sum_b,) = a.sum, b.sum
    (square_a,), (square_b,), (square_difference,) = a.sum2, b.sum2, difference.sum2
    product = (square_a + square_b - square_difference) / 2  # 2ab = a^2 + b^2 - (a - b)^2
    variances = (count * square_a - sum_a**2) * (count * square_b - sum_b**2)
    return (count * product - sum_a * sum_b) / math.sqrt(variances) if variances else math.nan
