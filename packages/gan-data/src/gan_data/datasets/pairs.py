"""Datasets of pairs: an input and what it should become."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_data.base.errors import DataError, some
from gan_data.datasets._cache import GIBIBYTE, Pictures, Sizes, read_sizes
from gan_data.datasets.images import Images, decode_one
from gan_data.decoding.opening import open_rgb
from gan_data.decoding.tensors import to_bytes
from gan_data.files.find import Folder, Pair, find_pairs, images_in
from gan_data.transforms.geometry import Crop, Geometry, Size

TensorPair = tuple[Tensor, Tensor]


class PairedFolders(Dataset[TensorPair]):
    """Pairs (a, b) from two folders, matched by stem: `a/3.jpg` goes with `b/3.png`.

    Both are resized, cropped and mirrored alike. Files are read and their headers checked as in `Images`.

    Args:
        a: the folder of the inputs, or one folder that holds two, `A` and `B`; or a list of pairs of files,
            such as `find_pairs` and `split_by_content` return.
        b: the folder of the targets, if `a` is that of the inputs.
        size: as in `Images`.
        load_size: as in `Images`.
        crop: as in `Images`.
        flip: as in `Images`.
        cache_bytes: as in `Images`.

    Attributes:
        pairs: the files (a, b), in the order of the samples.

    Raises:
        DataError: besides what `Images` raises: a picture without counterpart, two with the same stem on one
            side, or a pair of two sizes.
        ValueError: an option is out of range.
    """

    def __init__(
        self,
        a: Folder | Sequence[Pair],
        b: Folder | None = None,
        *,
        size: Size | None = None,
        load_size: Size | None = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.pairs = _pairs(a, b)
        geometry.require(require_equal_sizes(self.pairs, "resize one to the other"))
        self._pictures = Pictures(self.pairs, _decode_both, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> TensorPair:
        return _apart(self._pictures.sample(index))


class SideBySide(Dataset[TensorPair]):
    """Pairs (a, b) from pictures that hold both, a in the left half and b in the right, as pix2pix's sets do.

    The halves are taken apart before anything else, then resized, cropped and mirrored alike.

    Args:
        source: as in `Images`.
        size: as in `Images`, of one half.
        load_size: as in `Images`, of one half.
        crop: as in `Images`.
        flip: as in `Images`.
        cache_bytes: as in `Images`.

    Attributes:
        paths: the files, in the order of the samples.

    Raises:
        DataError: besides what `Images` raises: a picture of odd width.
        ValueError: an option is out of range.
    """

    def __init__(
        self,
        source: Folder | Sequence[Path],
        *,
        size: Size | None = None,
        load_size: Size | None = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.paths = images_in(source)
        sizes = read_sizes(self.paths)
        odd = [f"{path} ({width} wide)" for path, (_, width) in sizes if width % 2]
        if odd:
            raise DataError(
                f"expected two halves side by side; these have an odd width: {some(odd)}; crop or remove them"
            )
        geometry.require([(path, (height, width // 2)) for path, (height, width) in sizes])
        self._pictures = Pictures(self.paths, _decode_halves, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> TensorPair:
        return _apart(self._pictures.sample(index))


class Degraded(Dataset[TensorPair]):
    """Pairs (degraded, clean) from clean pictures and the function that spoils them.

    Args:
        images: the clean pictures, already cropped.
        degrade: from (3, H, W) in [-1, 1] to what the network is to be given, such as
            `gan_data.grayscale` or `gan_data.Downscale(factor=4)`. With worker
            processes that are spawned it has to be importable: no lambda.
    """

    def __init__(self, images: Images, degrade: Callable[[Tensor], Tensor]) -> None:
        self.images = images
        self.degrade = degrade

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> TensorPair:
        clean = self.images[index]
        return self.degrade(clean), clean


def _pairs(a: Folder | Sequence[Pair], b: Folder | None) -> list[Pair]:
    if isinstance(a, Sequence) and not isinstance(a, str):
        if not a:
            raise DataError("expected at least one pair; got an empty list; check what was filtered out")
        return [(Path(first), Path(second)) for first, second in a]
    if b is not None:
        return find_pairs(a, b)
    root = Path(a).expanduser()
    if not ((root / "A").is_dir() and (root / "B").is_dir()):
        raise DataError(f"{root}: expected folders A and B in it; name them so, or give both folders")
    return find_pairs(root / "A", root / "B")


def require_equal_sizes(pairs: list[Pair], remedy: str) -> Sizes:
    """Make sure that both pictures of each pair have one size; returns the first side's.

    Raises:
        DataError: some have not; they are named, with their sizes and the remedy.
    """
    of_a, of_b = (read_sizes([pair[side] for pair in pairs]) for side in (0, 1))
    clashes = [
        f"{a} ({size_a[0]}x{size_a[1]}) and {b} ({size_b[0]}x{size_b[1]})"
        for (a, size_a), (b, size_b) in zip(of_a, of_b, strict=True)
        if size_a != size_b
    ]
    if clashes:
        raise DataError(
            f"expected both images of a pair to have one size, but {len(clashes)} of {len(pairs)} pairs "
            f"differ: {some(clashes)}; {remedy}"
        )
    return of_a


# A pair is kept as one picture of six planes, so that whatever is done to one half is done to the other.
def _decode_both(pair: Pair, geometry: Geometry) -> Tensor:
    return torch.cat([decode_one(path, geometry) for path in pair])


def _decode_halves(path: Path, geometry: Geometry) -> Tensor:
    image = open_rgb(path)
    middle = image.width // 2
    halves = image.crop((0, 0, middle, image.height)), image.crop((middle, 0, image.width, image.height))
    return torch.cat([to_bytes(geometry.resized(half)) for half in halves])


def _apart(planes: Tensor) -> TensorPair:
    a, b = planes.split(3)
    return a.contiguous(), b.contiguous()
