"""Pairs in one file, side by side."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_data.base.errors import DataError, first_few
from gan_data.datasets._cache import GIBIBYTE, CachedImages
from gan_data.datasets._tensor_pair import TensorPair, split_planes
from gan_data.decoding.opening import open_rgb
from gan_data.decoding.sizes import read_sizes
from gan_data.decoding.tensors import from_pillow
from gan_data.files.images import images_in
from gan_data.files.search import Folder
from gan_data.transforms.geometry import Crop, Geometry
from gan_data.transforms.sizes import LoadSize, Size


class SideBySide(Dataset[TensorPair]):
    """Pairs (a, b) from files that hold a in the left half and b in the right, as in pix2pix's data sets.

    The halves are separated first, then resized, cropped and mirrored in the same way.

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
        DataError: as in `Images`; or an image has an odd width.
        ValueError: an option is out of range.

    Examples:
        >>> write_image("1.png", torch.cat([torch.full((3, 8, 8), -1.0), torch.ones(3, 8, 8)], 2))
        >>> black, white = SideBySide(".")[0]
        >>> black.shape, white.mean()
        (torch.Size([3, 8, 8]), tensor(1.))
    """

    def __init__(
        self,
        source: Folder | Sequence[Path],
        *,
        size: Size | None = None,
        load_size: LoadSize = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.paths = images_in(source)
        sizes = read_sizes(self.paths)
        if odd := [f"{path} ({width} wide)" for path, (_, width) in sizes.wrong(_is_odd)]:
            raise DataError(
                f"expected two halves side by side; these images have an odd width: {first_few(odd)}; "
                "crop or remove them"
            )
        geometry.require_large_enough(sizes.halved())
        self._images = CachedImages(self.paths, _decode_halves, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> TensorPair:
        return split_planes(self._images.sample(index))


def _is_odd(height: int, width: int) -> bool:  # noqa: ARG001 - as `Sizes.wrong` calls it
    return width % 2 == 1


def _decode_halves(path: Path, geometry: Geometry) -> Tensor:
    image = open_rgb(path)
    middle = image.width // 2
    halves = image.crop((0, 0, middle, image.height)), image.crop((middle, 0, image.width, image.height))
    return torch.cat([from_pillow(geometry.resize(half)) for half in halves])
