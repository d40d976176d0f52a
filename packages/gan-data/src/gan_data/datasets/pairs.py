"""Pairs from two folders."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_data.base.errors import DataError
from gan_data.datasets._cache import GIBIBYTE, CachedImages
from gan_data.datasets._tensor_pair import TensorPair, split_planes
from gan_data.datasets.images import decode_image
from gan_data.decoding.sizes import require_equal_sizes
from gan_data.files.images import holds_images
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.files.pairs import Pair, find_pairs
from gan_data.files.search import Folder
from gan_data.transforms.geometry import Crop, Geometry
from gan_data.transforms.sizes import LoadSize, Size


class PairedFolders(Dataset[TensorPair]):
    """Pairs (a, b) from two folders, matched by stem: `a/3.jpg` is paired with `b/3.png`.

    Both are resized, cropped and mirrored in the same way. Files are read and their headers checked as in
    `Images`.

    Args:
        a: the folder of the inputs, or one folder with subfolders `A` and `B`, or their manifest; or a list
            of pairs of files, such as `find_pairs` and `split_by_content` return.
        b: the folder of the targets, if `a` is the folder of the inputs.
        size: as in `Images`.
        load_size: as in `Images`.
        crop: as in `Images`.
        flip: as in `Images`.
        cache_bytes: as in `Images`.

    Attributes:
        pairs: the files (a, b), in the order of the samples.

    Raises:
        DataError: as in `Images`; or an image has no counterpart, two have the same stem in one folder, or
            the images of a pair differ in size.
        ValueError: an option is out of range.

    Examples:
        >>> from pathlib import Path
        >>> for folder in ("A", "B"):
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.zeros(3, 16, 16))
        >>> a, b = PairedFolders("A", "B", size=8)[0]
        >>> a.shape, b.shape
        (torch.Size([3, 8, 8]), torch.Size([3, 8, 8]))
    """

    def __init__(
        self,
        a: Folder | Sequence[Pair],
        b: Folder | None = None,
        *,
        size: Size | None = None,
        load_size: LoadSize = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.pairs = _pairs(a, b)
        geometry.require_large_enough(require_equal_sizes(self.pairs, "resize one to the other"))
        self._images = CachedImages(self.pairs, _decode_both, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> TensorPair:
        return split_planes(self._images.sample(index))


def _pairs(a: Folder | Sequence[Pair], b: Folder | None) -> Sequence[Pair]:
    if isinstance(a, IndexedTuples):
        return a
    if isinstance(a, Sequence) and not isinstance(a, str):
        if not a:
            raise DataError("expected at least one pair; got an empty list; check what was filtered out")
        return [(Path(first), Path(second)) for first, second in a]
    if b is not None:
        return find_pairs(a, b)
    root = Path(a).expanduser()
    if not (holds_images(root / "A") and holds_images(root / "B")):
        raise DataError(f"{root}: expected folders A and B in it; name them so, or give both folders")
    return find_pairs(root / "A", root / "B")


# A pair is one image of six planes, so that both halves are cropped and mirrored in the same way.
def _decode_both(pair: Pair, geometry: Geometry) -> Tensor:
    return torch.cat([decode_image(path, geometry) for path in pair])
