"""What would go wrong with a set of pictures, found before training starts."""

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from gan_data.base.errors import Finding
from gan_data.base.threads import in_threads
from gan_data.datasets.images import JUDGED_SIDE
from gan_data.decoding.opening import try_open_labels, try_open_rgb
from gan_data.decoding.tensors import to_bytes, to_labels
from gan_data.files.find import Folder, find_images, match
from gan_data.transforms.geometry import Geometry, Size
from gan_data.transforms.label_maps import IGNORED, check_classes, out_of_range, wrong_labels

GREY_CORRELATION = 0.995
SAME_FORMAT = {"MPO": "JPEG"}  # several JPEGs in one file, as some cameras write them


class _Look(NamedTuple):
    """What one look at one file tells."""

    path: Path
    size: tuple[int, int] | None  # height and width; None if it cannot be decoded
    findings: list[Finding]


def check(
    root: Folder,
    paired_with: Folder | None = None,
    *,
    size: Size | None = None,
    labels: Folder | None = None,
    instances: Folder | None = None,
    classes: int | None = None,
    ignore: int | None = IGNORED,
) -> list[Finding]:
    """Decode every picture of a folder, and of those that go with it, and tell what is wrong with them.

    Errors would stop a training run: files that are empty, truncated, corrupt or no pictures; pictures
    smaller than `size`; in pairs, pictures without a counterpart, stems that occur twice, and pairs of two
    sizes; maps in colours or as JPEG, and labels out of range. Warnings may be what you want: a size that
    differs from that of most pictures, a grey or sepia picture, a name that promises another format.

    Args:
        root: a folder, searched in depth.
        paired_with: the folder of the counterparts, matched by stem.
        size: the crop to be trained on, as in `Images`.
        labels: the folder of the label maps, matched by stem.
        instances: the folder of the instance maps, matched by stem.
        classes: how many classes the label maps have; None does not look at the labels.
        ignore: the label of pixels of no class; None if there is none.

    Returns:
        What was found, sorted by path; empty if all is well.

    Raises:
        DataError: a folder is missing or holds no pictures.
        ValueError: there are no classes, or `ignore` is one of them; or `size` is none.
    """
    crop = Geometry(size, load_size=None, crop="random", flip=True).cut()
    if classes is not None:
        check_classes(classes, ignore)
    folders = [root] if paired_with is None else [root, paired_with]
    findings: list[Finding] = []
    sizes: dict[Path, tuple[int, int]] = {}
    for folder in folders:
        looks = _look_at_all(find_images(folder), _look)
        sizes |= {look.path: look.size for look in looks if look.size}
        findings += [finding for look in looks for finding in look.findings]
        findings += _odd_sizes(looks)
    if crop is not None:
        findings += _too_small(sizes, crop)
    for maps, count in ((labels, classes), (instances, None)):
        if maps is not None:
            looks = _look_at_all(find_images(maps), partial(_look_at_map, classes=count, ignore=ignore))
            sizes |= {look.path: look.size for look in looks if look.size}
            findings += [finding for look in looks for finding in look.findings]
    for counterparts in (paired_with, labels, instances):
        if counterparts is not None:
            findings += _unpaired(root, counterparts, sizes)
    return sorted(findings, key=lambda finding: (finding.path, finding.severity))


def _look_at_all(paths: list[Path], look: Callable[[Path], _Look]) -> list[_Look]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata: no reason not to train on a picture
        return in_threads(look, paths)


def _look(path: Path) -> _Look:
    image = try_open_rgb(path)
    if isinstance(image, Finding):
        return _Look(path, None, [image])
    findings = _mislabelled(path)
    size = (image.height, image.width)
    if _is_grey(image):
        findings.append(Finding(path, "warning", "has no colour", "remove it if colour is to be learnt"))
    return _Look(path, size, findings)


def _look_at_map(path: Path, classes: int | None, ignore: int | None) -> _Look:
    image = try_open_labels(path)
    if isinstance(image, Finding):
        return _Look(path, None, [image])
    wrong = [] if classes is None else out_of_range(to_labels(image), classes, ignore)
    problems = [wrong_labels(wrong, classes, ignore)] if classes is not None and wrong else []
    return _Look(
        path, (image.height, image.width), [Finding(path, "error", *problem) for problem in problems]
    )


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


def _too_small(sizes: dict[Path, tuple[int, int]], crop: tuple[int, int]) -> list[Finding]:
    remedy = "give a load_size at least as large, or remove it"
    return [
        Finding(path, "error", f"is smaller ({height}x{width}) than the crop of {crop[0]}x{crop[1]}", remedy)
        for path, (height, width) in sizes.items()
        if height < crop[0] or width < crop[1]
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
