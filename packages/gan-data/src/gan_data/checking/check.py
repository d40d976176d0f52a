"""Problems with a set of images, found before training starts."""

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from gan_data.base.errors import Finding
from gan_data.base.threads import map_in_threads
from gan_data.checking._indexed import inspect_indexed
from gan_data.checking._inspection import Inspection, inspect_image, inspect_instances, inspect_labels
from gan_data.checking.labels import findings_of_set
from gan_data.files.images import require_images
from gan_data.files.indexed import IndexedFiles
from gan_data.files.pairs import match
from gan_data.files.search import Folder, PassedOver
from gan_data.transforms.classes import IGNORED, check_classes
from gan_data.transforms.sizes import Size, checked_size, height_and_width

LISTED = 20  # images of odd sizes that are named one by one


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

    Errors would stop a training run, or make it useless: files that are empty, truncated, corrupt or not
    images; images smaller than `size`; images without a counterpart, stems that occur twice, and pairs that
    differ in size; maps in color or as JPEG, labels out of range, maps in which no pixel is of a class, and
    masks whose 255 is ignored. Warnings may be intended: a size that differs from that of most images (more
    than 20 such images are one finding, of the folder), a gray or sepia image, a suffix of another format, a
    class that never occurs, and what the folder holds besides images.

    Args:
        root: a folder, including its subfolders; or a manifest, of which only files that changed and those
            that cannot be decoded are opened. The same holds for `paired_with`; maps are always decoded.
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

    Examples:
        >>> from pathlib import Path
        >>> write_image("a.png", torch.rand(3, 64, 64) * 2 - 1)
        >>> _ = Path("b.png").write_bytes(Path("a.png").read_bytes()[:100])  # truncated
        >>> [(finding.path.name, finding.severity) for finding in check(".")]
        [('b.png', 'error')]
    """
    crop = height_and_width(checked_size("size", size))
    if classes is not None:
        check_classes(classes, ignore)
    label_maps = partial(inspect_labels, classes=classes, ignore=ignore)
    images = [_inspect(folder, inspect_image) for folder in (root, paired_with) if folder is not None]
    of_labels = [] if labels is None else [_inspect(labels, label_maps)]
    of_instances = [] if instances is None else [_inspect(instances, inspect_instances)]
    first, *others = folders = [*images, *of_labels, *of_instances]
    findings = list(chain.from_iterable(map(_of_single_files, folders)))
    for each in images:
        findings += _odd_sizes(each)
        findings += _too_small(each.inspections, crop) if crop else []
    for each in of_labels:
        occurring = chain.from_iterable(inspection.labels for inspection in each.inspections)
        findings += findings_of_set(each.folder, occurring, classes, ignore)
    for other in others:
        findings += _mismatches(first, other)
    return sorted(findings, key=lambda finding: (finding.path, finding.severity))


class _InspectedFolder(NamedTuple):
    folder: Path
    inspections: list[Inspection]
    passed_over: PassedOver


def _inspect(folder: Folder, inspect: Callable[[Path], Inspection]) -> _InspectedFolder:
    images, passed_over = require_images(folder)
    if inspect is inspect_image and isinstance(images, IndexedFiles):
        return _InspectedFolder(Path(folder), inspect_indexed(images), passed_over)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about unusual metadata, which does not affect training
        return _InspectedFolder(Path(folder), map_in_threads(inspect, images), passed_over)


def _of_single_files(inspected: _InspectedFolder) -> list[Finding]:
    findings = list(chain.from_iterable(inspection.findings for inspection in inspected.inspections))
    passed_over = inspected.passed_over
    if passed_over.suffixes:
        problem = f"holds {PassedOver(passed_over.suffixes)}, which are not read"
        findings.append(Finding(inspected.folder, "warning", problem, "convert those that are images"))
    for path in passed_over.special:
        problem = "is a named pipe, a socket or a device, which is not read"
        findings.append(Finding(path, "warning", problem, "remove it"))
    for path in passed_over.links:
        problem = "is a link to nowhere or in a circle, which is not followed"
        findings.append(Finding(path, "warning", problem, "correct or remove it"))
    return findings


def _odd_sizes(inspected: _InspectedFolder) -> list[Finding]:
    sizes = {path: size for path, size, *_ in inspected.inspections if size}
    counts = Counter(sizes.values())
    if not counts:
        return []
    usual, times = counts.most_common(1)[0]
    if times <= sum(counts.values()) / 2:  # no size is usual here
        return []
    remedy = f"most are {usual[0]}x{usual[1]} (height x width): give a load_size, or resize"
    odd = {path: size for path, size in sizes.items() if size != usual}
    if len(odd) > LISTED:
        problem = f"holds {len(odd)} of {len(sizes)} images of other sizes than most"
        return [Finding(inspected.folder, "warning", problem, remedy)]
    return [
        Finding(path, "warning", f"has an odd size ({size[0]}x{size[1]})", remedy)
        for path, size in odd.items()
    ]


def _too_small(inspected: list[Inspection], crop: tuple[int, int]) -> list[Finding]:
    needed = f"than the crop of {crop[0]}x{crop[1]} (height x width)"
    remedy = "give a load_size at least as large, or remove it"
    return [
        Finding(path, "error", f"is smaller ({size[0]}x{size[1]}) {needed}", remedy)
        for path, size, *_ in inspected
        if size and (size[0] < crop[0] or size[1] < crop[1])
    ]


def _mismatches(a: _InspectedFolder, b: _InspectedFolder) -> list[Finding]:
    sizes = {path: size for path, size, *_ in chain(a.inspections, b.inspections) if size}
    found = match(*((each.folder, [path for path, *_ in each.inspections]) for each in (a, b)))
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
