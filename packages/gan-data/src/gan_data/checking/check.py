"""Problems with a set of images, found before training starts."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path

from gan_data.base.errors import Finding
from gan_data.base.threads import map_in_threads
from gan_data.checking._inspection import Inspection, inspect_image, inspect_labels
from gan_data.files.images import find_images
from gan_data.files.pairs import match
from gan_data.files.search import Folder
from gan_data.transforms.classes import IGNORED, check_classes
from gan_data.transforms.sizes import Size, checked_size, height_and_width


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
    """Decode every image of a folder, and its counterparts and maps, and report problems.

    Errors would stop a training run: files that are empty, truncated, corrupt or not images; images smaller
    than `size`; images without a counterpart, stems that occur twice, and pairs that differ in size; maps in
    color or as JPEG, and labels out of range. Warnings may be intended: a size that differs from that of
    most images, a gray or sepia image, a suffix of another format.

    Args:
        root: a folder, including its subfolders.
        paired_with: the folder of the counterparts, matched by stem.
        size: the size of the crop for training, as in `Images`.
        labels: the folder of the label maps, matched by stem.
        instances: the folder of the instance maps, matched by stem.
        classes: the number of classes in the label maps; None does not check the labels.
        ignore: the label of pixels without a class; None if there is none.

    Returns:
        The findings, sorted by path; empty if there is no problem.

    Raises:
        DataError: a folder is missing or holds no images.
        ValueError: `classes` is less than 1, `ignore` is one of the classes, or `size` is not a size.
    """
    crop = height_and_width(checked_size("size", size))
    if classes is not None:
        check_classes(classes, ignore)
    images = [_inspect_all(folder, inspect_image) for folder in (root, paired_with) if folder is not None]
    maps = [
        _inspect_all(folder, partial(inspect_labels, classes=count, ignore=ignore))
        for folder, count in ((labels, classes), (instances, None))
        if folder is not None
    ]
    inspected = list(chain(*images, *maps))
    sizes = {path: size for path, size, _ in inspected if size}
    findings = [finding for inspection in inspected for finding in inspection.findings]
    findings += chain.from_iterable(map(_odd_sizes, images))
    findings += _too_small(chain(*images), crop) if crop else []
    for counterparts in (paired_with, labels, instances):
        if counterparts is not None:
            findings += _mismatches(root, counterparts, sizes)
    return sorted(findings, key=lambda finding: (finding.path, finding.severity))


def _inspect_all(folder: Folder, inspect: Callable[[Path], Inspection]) -> list[Inspection]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about unusual metadata, which does not affect training
        return map_in_threads(inspect, find_images(folder))


def _odd_sizes(inspected: list[Inspection]) -> list[Finding]:
    counts = Counter(inspection.size for inspection in inspected if inspection.size)
    if not counts:
        return []
    usual, times = counts.most_common(1)[0]
    if times <= sum(counts.values()) / 2:  # no size is usual here
        return []
    remedy = f"most are {usual[0]}x{usual[1]}: give a load_size, or resize it"
    return [
        Finding(path, "warning", f"has an odd size ({size[0]}x{size[1]})", remedy)
        for path, size, _ in inspected
        if size and size != usual
    ]


def _too_small(inspected: Iterable[Inspection], crop: tuple[int, int]) -> list[Finding]:
    needed = f"than the crop of {crop[0]}x{crop[1]}"
    remedy = "give a load_size at least as large, or remove it"
    return [
        Finding(path, "error", f"is smaller ({size[0]}x{size[1]}) {needed}", remedy)
        for path, size, _ in inspected
        if size and (size[0] < crop[0] or size[1] < crop[1])
    ]


def _mismatches(a: Folder, b: Folder, sizes: dict[Path, tuple[int, int]]) -> list[Finding]:
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
