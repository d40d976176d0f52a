"""Finding picture files, and pairs of them."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from gan_data.base.errors import DataError, some

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga"}
    | {".tif", ".tiff", ".webp"}
)
Folder = str | PathLike[str]
Pair = tuple[Path, Path]
CITYSCAPES = ("_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds")  # ends of stems that go together


def find_images(root: Folder) -> list[Path]:
    """All picture files under `root`, in depth, in the same order on every machine.

    Hidden files and folders are left out: among them are the "._name.jpg" that macOS puts into archives.
    Links to folders are followed.

    Args:
        root: a folder.

    Returns:
        Paths that begin with `root`, sorted by their parts.

    Raises:
        DataError: there is no such folder, or no picture in it.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is a file" if root.is_file() else "does not exist"
        raise DataError(f"{root}: expected a folder of images; this {what}; give the folder that holds them")
    files = list(_files(root))
    images = sorted(file for file in files if file.suffix.lower() in SUFFIXES)
    if not images:
        others = f"only other files such as {files[0].name}" if files else "no file at all"
        raise DataError(
            f"{root}: expected images (jpg, png, webp, tiff, bmp, gif, ...); there is {others}, in depth; "
            "check the path or convert them"
        )
    return images


def _files(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    if folder.resolve() in above:  # a link back up would lead round in circles
        return
    above |= {folder.resolve()}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from None
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from _files(folder / entry.name, above)
        else:
            yield folder / entry.name


def images_in(source: Folder | Sequence[Path]) -> list[Path]:
    """`source` itself if it lists files, else the pictures in the folder `source`.

    Raises:
        DataError: the folder is missing or empty, or the list is.
    """
    if isinstance(source, str | PathLike):
        return find_images(source)
    if not source:
        raise DataError("expected at least one image; got an empty list; check what was filtered out")
    return [Path(path) for path in source]


class LabelledFiles(NamedTuple):
    """A photo and its maps.

    Attributes:
        photo: the picture.
        labels: the class of each pixel, if there is such a map.
        instances: the object that each pixel belongs to, if there is such a map.
    """

    photo: Path
    labels: Path | None
    instances: Path | None


class Match(NamedTuple):
    """How two folders go together."""

    pairs: list[Pair]
    orphans: list[Path]  # no picture of the same stem on the other side
    ambiguous: list[Path]  # another picture of the same stem on the same side


def match(a: Folder, b: Folder) -> Match:
    """Match two folders by their files' paths within them, less the suffix."""
    of_a, of_b = _by_stem(Path(a).expanduser()), _by_stem(Path(b).expanduser())
    found = Match([], [], [])
    for stem in sorted(of_a.keys() | of_b.keys()):
        left, right = of_a.get(stem, []), of_b.get(stem, [])
        for side in (left, right):
            if len(side) > 1:
                found.ambiguous.extend(side)
        if not left or not right:
            found.orphans.extend(left + right)
        elif len(left) == len(right) == 1:
            found.pairs.append((left[0], right[0]))
    return found


def _by_stem(root: Path) -> dict[Path, list[Path]]:
    files = defaultdict(list)
    for path in find_images(root):
        name = path.relative_to(root).with_suffix("")
        for ending in CITYSCAPES:
            name = name.with_name(name.name.removesuffix(ending) or name.name)
        files[name].append(path)
    return files


def find_pairs(a: Folder, b: Folder) -> list[Pair]:
    """The pictures of two folders that have the same path within them, less the suffix.

    `a/park/3.jpg` goes with `b/park/3.png`.

    Args:
        a: the folder of the one side.
        b: the folder of the other.

    Returns:
        Pairs (path in a, path in b), sorted.

    Raises:
        DataError: a folder is missing or empty, a picture has no counterpart, or two files on one side
            share a stem. All of them are named, or the first and how many more.
    """
    found = match(a, b)
    if found.ambiguous:
        raise DataError(
            "expected one image a stem on each side of a pair, but these share theirs: "
            f"{some(found.ambiguous)}; rename or remove the surplus"
        )
    if found.orphans:
        raise DataError(
            f"expected each image of {a} to have one of the same stem in {b}, but {len(found.orphans)} "
            f"are alone: {some(found.orphans)}; add what is missing or remove them"
        )
    return found.pairs


def find_labelled(
    photos: Folder, *, labels: Folder | None = None, instances: Folder | None = None
) -> list[LabelledFiles]:
    """The photos of a folder with their maps in one or two others, matched as in `find_pairs`.

    Args:
        photos: the folder of the photos.
        labels: that of the label maps.
        instances: that of the instance maps.

    Returns:
        The files of each sample, sorted by photo.

    Raises:
        DataError: what `find_pairs` raises, or neither labels nor instances are given.
    """
    if labels is None and instances is None:
        raise DataError(f"{photos}: expected maps to go with these photos; give labels, instances or both")
    of = {
        kind: {} if folder is None else dict(find_pairs(photos, folder))
        for kind, folder in (("labels", labels), ("instances", instances))
    }
    found = sorted(of["labels"] or of["instances"])
    return [LabelledFiles(photo, of["labels"].get(photo), of["instances"].get(photo)) for photo in found]
