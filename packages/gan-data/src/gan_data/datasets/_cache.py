"""Decoded images in memory, up to a bound: the common part of all datasets."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from torch import Tensor
from torch.utils.data import get_worker_info

from gan_data.decoding.tensors import from_uint8
from gan_data.files.indexed import IndexedFiles
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.transforms.geometry import Geometry

Key = TypeVar("Key")
GIBIBYTE = 2**30


class CachedImages(Generic[Key]):
    """Images that are decoded and resized once, while memory lasts, and cropped again each time.

    When the memory is full, nothing is added and nothing removed: over a shuffled set this has as many hits
    as any other rule, while removing the least recent would lose each image just before it is needed again.

    Args:
        keys: what identifies each image: a path, or several. Files of a manifest must not have changed.
        decode: from a key and a geometry to a resized (C, H, W) uint8 image.
        geometry: how to resize and crop.
        cache_bytes: the bound on what is cached. Worker processes share it equally.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        decode: Callable[[Key, Geometry], Tensor],
        geometry: Geometry,
        cache_bytes: int,
    ) -> None:
        self._keys = keys
        self._decode = decode
        self._geometry = geometry
        self._cache_bytes = cache_bytes
        self._cached: dict[int, Tensor] = {}
        self._cached_bytes = 0

    def __getstate__(self) -> dict[str, object]:
        """A copy for another process has an empty cache: sending pixels costs more than decoding them."""
        return {**self.__dict__, "_cached": {}, "_cached_bytes": 0}

    def sample(self, index: int) -> Tensor:
        """A new view of image `index`: (C, H, W) float32 in [-1, 1]."""
        return from_uint8(self.sample_uint8(index))

    def sample_uint8(self, index: int) -> Tensor:
        """A new view of image `index`: (C, H, W) uint8."""
        image = self._load(index)
        view = self._geometry.sample_view(*image.shape[1:])
        return view.of(image).contiguous()

    def _load(self, index: int) -> Tensor:
        image = self._cached.get(index)
        if image is None:
            key = self._keys[index]
            if isinstance(self._keys, IndexedFiles | IndexedTuples):
                self._keys.require_unchanged(index)
            image = self._decode(key, self._geometry)
            worker = get_worker_info()
            bound = self._cache_bytes // (worker.num_workers if worker else 1)
            if self._cached_bytes + image.nbytes <= bound:
                self._cached[index] = image
                self._cached_bytes += image.nbytes
        return image
