"""Dividing a set by what its pictures contain."""

from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from gan_data.base.errors import DataError
from gan_data.base.threads import in_threads
from gan_data.files.find import LabelledFiles, Pair

Item = TypeVar("Item", Path, Pair, LabelledFiles)


class Split(NamedTuple, Generic[Item]):
    """A set in two parts, each in the order in which the items came."""

    train: list[Item]
    validation: list[Item]


def split_by_content(items: Sequence[Item], validation: float | int = 0.1) -> Split[Item]:
    """Divide files by a hash of their bytes.

    Which side a file falls on depends on its bytes, not on its name, place or order: it is the same on every
    machine, and byte-for-byte copies fall on the same side. With a share, it doesn't depend on the other
    files either: pictures added later move none of those that were there.

    Args:
        items: paths, or pairs of paths, which go by their first picture, or what `find_labelled` returns,
            which goes by the photo.
        validation: the share to hold out, between 0 and 1: every picture falls there with this probability,
            so that the number comes out near it, but at least one on each side. Or the number to hold out,
            an int; copies of one picture are never parted, so there may be a few more.

    Returns:
        `(train, validation)`, a named tuple of two lists.

    Raises:
        DataError: a file cannot be read, or there are fewer different pictures than the split needs.
        ValueError: `validation` is out of range.
    """
    if isinstance(validation, float) and not 0 < validation < 1:
        raise ValueError(f"expected a share between 0 and 1, or a whole number of images; got {validation}")
    if validation < 1 and not isinstance(validation, float):
        raise ValueError(f"expected at least 1 image to hold out; got {validation}")
    places = in_threads(lambda item: _place(item[0] if isinstance(item, tuple) else item), items)
    bound = _bound(sorted(places), validation)
    train = [item for item, place in zip(items, places, strict=True) if place > bound]
    held_out = [item for item, place in zip(items, places, strict=True) if place <= bound]
    return Split(train, held_out)


def _place(path: Path) -> float:
    """Where the file's bytes fall in [0, 1)."""
    try:
        with Path(path).open("rb") as file:
            digest = file_digest(file, "sha256").digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check path and permissions") from None
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _bound(places: list[float], validation: float | int) -> float:
    """The last place that is held out."""
    if not places or places[0] == places[-1] or (isinstance(validation, int) and validation >= len(places)):
        raise DataError(
            f"expected different images to train on and to hold out ({validation}); got {len(set(places))} "
            f"in {len(places)} files; add images or hold out fewer"
        )
    second_largest = max(place for place in places if place < places[-1])
    wanted = places[validation - 1] if isinstance(validation, int) else max(validation, places[0])
    return min(wanted, second_largest)
