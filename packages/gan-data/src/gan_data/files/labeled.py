"""Finding photos with their label and instance maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gan_data.base.errors import DataError
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.files.pairs import find_pairs
from gan_data.files.search import Folder, in_one_order


class LabeledFiles(NamedTuple):
    """The files of a photo and its maps.

    Attributes:
        photo: the photo.
        labels: the label map (the class of each pixel), or None.
        instances: the instance map (the object that each pixel belongs to), or None.

    Examples:
        >>> from pathlib import Path
        >>> files = [LabeledFiles(Path("photos/1.jpg"), labels=Path("labels/1.png"), instances=None)]
        >>> files[0].labels.name  # for `LabeledPhotos(files)`
        '1.png'
    """

    photo: Path
    labels: Path | None
    instances: Path | None


def find_labeled(
    photos: Folder, *, labels: Folder | None = None, instances: Folder | None = None
) -> Sequence[LabeledFiles]:
    """The photos of a folder with their maps in one or two other folders, matched as in `find_pairs`.

    The endings that Cityscapes adds to its stems are ignored.

    Args:
        photos: the folder of the photos. A manifest stands for its folder, here and below.
        labels: the folder of the label maps.
        instances: the folder of the instance maps.

    Returns:
        The files of each sample, sorted by photo: a list; of manifests, as in `find_pairs`, `IndexedTuples`.

    Raises:
        DataError: as in `find_pairs`, or neither labels nor instances are given.

    Examples:
        >>> from pathlib import Path
        >>> for folder in ("photos", "labels"):
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.zeros(1, 8, 8))
        >>> (files,) = find_labeled("photos", labels="labels")
        >>> files.labels.as_posix(), files.instances
        ('labels/1.png', None)
    """
    if labels is None and instances is None:
        raise DataError(f"{photos}: expected maps for these photos; give labels, instances or both")
    pairs = [None if folder is None else find_pairs(photos, folder) for folder in (labels, instances)]
    given = [each for each in pairs if each is not None]
    indexed = [each for each in given if isinstance(each, IndexedTuples)]
    if len(indexed) == len(given):
        photo, *_ = indexed[0].columns
        maps = [each.columns[1] if isinstance(each, IndexedTuples) else None for each in pairs]
        return IndexedTuples(LabeledFiles, (photo, *maps), indexed[0].chosen)
    of_labels, of_instances = ({} if each is None else dict(each) for each in pairs)
    found = sorted(of_labels or of_instances, key=in_one_order)
    return [LabeledFiles(photo, of_labels.get(photo), of_instances.get(photo)) for photo in found]
