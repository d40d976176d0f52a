"""Matching the image files of two folders by name."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gan_data.base.errors import DataError, first_few
from gan_data.base.text import comparable
from gan_data.files.images import find_images, folder_of
from gan_data.files.indexed import IndexedFiles
from gan_data.files.indexed_tuples import CITYSCAPES, IndexedTuples, have_equal_stems, pair_of
from gan_data.files.search import Folder, in_one_order

Pair = tuple[Path, Path]
Listing = tuple[Folder, Sequence[Path]]  # a folder and the images in it


class Match(NamedTuple):
    """How the files of two folders match."""

    pairs: list[Pair]
    orphans: list[Path]  # no image of the same stem in the other folder
    ambiguous: list[Path]  # another image of the same stem in the same folder


def match(a: Listing, b: Listing) -> Match:
    """Match the images of two folders by their relative paths without suffix, in one Unicode form."""
    of_a, of_b = _by_stem(*a), _by_stem(*b)
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


def find_pairs(a: Folder, b: Folder) -> Sequence[Pair]:
    """The images of two folders that have the same relative path without suffix.

    `a/park/3.jpg` is paired with `b/park/3.png`. Names are compared in one Unicode form (NFC).

    Args:
        a: the first folder, or a manifest.
        b: the second folder, or a manifest.

    Returns:
        Pairs (path in a, path in b), in the order in which `find_images` gives those of a: a list; of two
        manifests with the same names and one suffix each, `IndexedTuples`.

    Raises:
        DataError: a folder is missing or empty, an image has no counterpart, or two files in one folder
            have the same stem. The first few are named, and how many more there are.

    Examples:
        >>> from pathlib import Path
        >>> for file in ("a/1.jpg", "b/1.png"):
        ...     Path(file).parent.mkdir()
        ...     write_image(file, torch.zeros(3, 8, 8))
        >>> [(a.as_posix(), b.as_posix()) for a, b in find_pairs("a", "b")]
        [('a/1.jpg', 'b/1.png')]
    """
    of_a, of_b = find_images(a), find_images(b)
    if (
        isinstance(of_a, IndexedFiles)
        and isinstance(of_b, IndexedFiles)
        and have_equal_stems(of_a, folder_of(a), of_b, folder_of(b))
    ):
        return IndexedTuples(pair_of, (of_a, of_b), of_a)
    found = match((a, of_a), (b, of_b))
    if found.ambiguous:
        raise DataError(
            "expected one image for each stem in each folder; these share their stem: "
            f"{first_few(found.ambiguous)}; rename or remove the surplus"
        )
    if found.orphans:
        raise DataError(
            f"expected each image of {a} to have a counterpart of the same stem in {b}, and the reverse; "
            f"{len(found.orphans)} have none: {first_few(found.orphans)}; add what is missing or remove them"
        )
    return sorted(found.pairs, key=lambda pair: in_one_order(pair[0]))


def _by_stem(root: Folder, images: Sequence[Path]) -> dict[Path, list[Path]]:
    files: dict[Path, list[Path]] = defaultdict(list)
    folder = folder_of(root)
    for path in images:
        name = path.relative_to(folder).with_suffix("")
        for ending in CITYSCAPES:
            name = name.with_name(name.name.removesuffix(ending) or name.name)
        files[Path(comparable(name))].append(path)
    return files
