"""What would go wrong with a set of pictures, found before training starts."""

import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from gan_data._decode import try_open_rgb
from gan_data._errors import Finding
from gan_data._files import Folder, find_images, match
from gan_data._images import JUDGED_SIDE
from gan_data._pixels import to_bytes
from gan_data._threads import in_threads

GREY_CORRELATION = 0.995
SAME_FORMAT = {"MPO": "JPEG"}  # several JPEGs in one file, as some cameras write them


class _Look(NamedTuple):
    """What one look at one file tells."""

    path: Path
    size: tuple[int, int] | None  # height and width; None if it cannot be decoded
    findings: list[Finding]


def check(root: Folder, paired_with: Folder | None = None, *, size: int | None = None) -> list[Finding]:
    """Decode every picture of one folder, or of two that form pairs, and tell what is wrong with them.

    Errors would stop a training run: files that are empty, truncated, corrupt or no pictures; pictures
    smaller than `size`; in pairs, pictures without a counterpart, stems that occur twice, and pairs of two
    sizes. Warnings may be what you want: a size that differs from that of most pictures, a grey or sepia
    picture, a name that promises another format.

    Args:
        root: a folder, searched in depth.
        paired_with: the folder of the counterparts, matched by stem.
        size: the crop to be trained on, in pixels.

    Returns:
        What was found, sorted by path; empty if all is well.

    Raises:
        DataError: a folder is missing or holds no pictures.
    """
    folders = [root] if paired_with is None else [root, paired_with]
    findings: list[Finding] = []
    sizes: dict[Path, tuple[int, int]] = {}
    for folder in folders:
        looks = _look_at_all(find_images(folder))
        sizes |= {look.path: look.size for look in looks if look.size}
        findings += [finding for look in looks for finding in look.findings]
        findings += _odd_sizes(looks)
    if size is not None:
        findings += _too_small(sizes, size)
    if paired_with is not None:
        findings += _unpaired(root, paired_with, sizes)
    return sorted(findings, key=lambda finding: (finding.path, finding.severity))


def _look_at_all(paths: list[Path]) -> list[_Look]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata: no reason not to train on a picture
        return in_threads(_look, paths)


def _look(path: Path) -> _Look:
    image = try_open_rgb(path)
    if isinstance(image, Finding):
        return _Look(path, None, [image])
    findings = _mislabelled(path)
    size = (image.height, image.width)
    if _is_grey(image):
        findings.append(Finding(path, "warning", "has no colour", "remove it if colour is to be learnt"))
    return _Look(path, size, findings)


def _mislabelled(path: Path) -> list[Finding]:
    with Image.open(path) as image:
        actual = SAME_FORMAT.get(str(image.format), str(image.format))
    named = Image.registered_extensions().get(path.suffix.lower())
    if named in (None, actual):
        return []
    return [Finding(path, "warning", f"holds {actual}, though its name says {named}", "rename it")]


def _is_grey(image: Image.Image) -> bool:
    """Whether the channels rise and fall together: gan_colorspace's `is_color`, the other way round.

    In one line here, so that this package installs without that one.
    """
    image.thumbnail((JUDGED_SIDE, JUDGED_SIDE))
    correlation = torch.corrcoef(to_bytes(image).flatten(1).double())
    return not bool(correlation.mean() < GREY_CORRELATION)  # a flat channel gives not-a-number: grey


def _odd_sizes(looks: list[_Look]) -> list[Finding]:
    counts = Counter(look.size for look in looks if look.size)
    if not counts:
        return []
    usual, times = counts.most_common(1)[0]
    if times <= sum(counts.values()) / 2:  # no size is usual here
        return []
    remedy = f"most are {usual[0]}x{usual[1]}: give a load_size, or resize it"
    return [
        Finding(look.path, "warning", f"has an odd size ({look.size[0]}x{look.size[1]})", remedy)
        for look in looks
        if look.size and look.size != usual
    ]


def _too_small(sizes: dict[Path, tuple[int, int]], least: int) -> list[Finding]:
    remedy = "give a load_size at least as large, or remove it"
    return [
        Finding(path, "error", f"is smaller ({height}x{width}) than the crop of {least}x{least}", remedy)
        for path, (height, width) in sizes.items()
        if min(height, width) < least
    ]


def _unpaired(a: Folder, b: Folder, sizes: dict[Path, tuple[int, int]]) -> list[Finding]:
    found = match(a, b)
    return [
        *(Finding(path, "error", "has no counterpart", "add it or remove this") for path in found.orphans),
        *(
            Finding(path, "error", "shares its stem with another file", "rename or remove one")
            for path in found.ambiguous
        ),
        *(
            Finding(left, "error", f"differs in size from its counterpart {right}", "resize one to the other")
            for left, right in found.pairs
            if left in sizes and right in sizes and sizes[left] != sizes[right]
        ),
    ]
