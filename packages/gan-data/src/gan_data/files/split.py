"""Splitting files into a training and a validation set by their content."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from gan_data.base.errors import DataError
from gan_data.base.kept import kept_answers
from gan_data.files.indexed import Condition, IndexedFiles, content_hash
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.files.labeled import LabeledFiles
from gan_data.files.pairs import Pair

Item = TypeVar("Item", Path, Pair, LabeledFiles)


class Split(NamedTuple, Generic[Item]):
    """Two parts of a set, each in the original order.

    Examples:
        >>> for number in range(8):
        ...     write_image(f"{number}.png", torch.full((3, 4, 4), number / 8))
        >>> train, validation = split_by_content(find_images("."), validation=2)
        >>> len(train), len(validation)
        (6, 2)
    """

    train: Sequence[Item]
    validation: Sequence[Item]


def split_by_content(items: Sequence[Item], validation: float | int = 0.1) -> Split[Item]:
    """Split files by a hash of their bytes.

    Whether a file is held out depends on its bytes, not on its name, folder or position in the list: the
    split is the same on every machine, and identical copies are in the same part. With a fraction, it does
    not depend on the other files either: adding images later moves none of the earlier ones.

    Args:
        items: paths; or pairs of paths, of which the first is hashed; or what `find_labeled` returns, of
            which the photo is hashed. The hashes of files of a manifest are in it: no file is read.
        validation: the fraction to hold out, between 0 and 1: each image is held out with this probability,
            so the number is only approximate, but at least one image is in each part. Or an int, the number
            to hold out; identical copies stay together, so there may be a few more.

    Returns:
        `(train, validation)`, a named tuple of two lists, or of two parts of a manifest.

    Raises:
        DataError: a file cannot be read, or there are too few different images.
        ValueError: `validation` is out of range.

    Examples:
        >>> for number in range(8):
        ...     write_image(f"{number}.png", torch.full((3, 4, 4), number / 8))
        >>> train, validation = split_by_content(find_images("."), validation=2)
        >>> len(train), len(validation)
        (6, 2)
    """
    if isinstance(validation, float) and not 0 < validation < 1:
        raise ValueError(f"expected a fraction between 0 and 1, or a number of images; got {validation}")
    if validation < 1 and not isinstance(validation, float):
        raise ValueError(f"expected at least 1 image to hold out; got {validation}")
    if isinstance(items, IndexedFiles | IndexedTuples):
        return _split_indexed(items, validation)
    paths = [Path(item[0] if isinstance(item, tuple) else item) for item in items]
    hashes = kept_answers("SHA-256 as a number", paths, _hash)
    threshold = _threshold(sorted(hashes), validation)
    train = [item for item, value in zip(items, hashes, strict=True) if value > threshold]
    held_out = [item for item, value in zip(items, hashes, strict=True) if value <= threshold]
    return Split(train, held_out)


def _split_indexed(items: IndexedFiles | IndexedTuples[Any], validation: float | int) -> Split[Any]:
    """The same by the hashes in a manifest, or its column `split` if that is of this fraction."""
    files = items if isinstance(items, IndexedFiles) else items.chosen
    if isinstance(validation, float):
        recorded = Condition("split", "validation")
        same = validation == files.manifest.heading.validation
        split = _parts(items, recorded if same else Condition("hash", digest_above(validation)))
        if len(split.train) and len(split.validation):  # else the threshold is another
            return split
    digests = (digest for block in files.blocks(["hash"]) for digest in block["hash"].to_pylist())
    hashes = sorted(number_of(digest) for digest in digests if digest)
    return _parts(items, Condition("hash", digest_above(_threshold(hashes, validation))))


def _parts(items: IndexedFiles | IndexedTuples[Any], held_out: Condition) -> Split[Any]:
    return Split(items.where(held_out._replace(wanted=False)), items.where(held_out))


def number_of(digest: bytes) -> float:
    """A SHA-256 as a number, uniform in [0, 1)."""
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def digest_above(number: float) -> bytes:
    """The least SHA-256 whose number is greater than a number below 1."""
    return min((int(number * 2**53) + 1) << 11, 2**64 - 1).to_bytes(8, "big").ljust(32, b"\0")


def _hash(path: Path) -> float:
    """The file's SHA-256 as a number, uniform in [0, 1)."""
    try:
        return number_of(content_hash(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check path and permissions") from None


def _threshold(hashes: list[float], validation: float | int) -> float:
    """The largest of the sorted hashes that is held out."""
    if not hashes or hashes[0] == hashes[-1] or (isinstance(validation, int) and validation >= len(hashes)):
        raise DataError(
            f"expected different images to train on and to hold out ({validation}); got {len(set(hashes))} "
            f"in {len(hashes)} files; add images or hold out fewer"
        )
    second_largest = max(value for value in hashes if value < hashes[-1])
    wanted = hashes[validation - 1] if isinstance(validation, int) else max(validation, hashes[0])
    return min(wanted, second_largest)
