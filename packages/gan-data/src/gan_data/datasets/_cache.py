"""Decoded pictures behind a memory bound: what every dataset of this package reads from."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from torch import Tensor
from torch.utils.data import get_worker_info

from gan_data.base.errors import DataError, Finding, some
from gan_data.base.threads import in_threads
from gan_data.decoding.opening import read_size
from gan_data.decoding.tensors import from_uint8
from gan_data.transforms.geometry import Geometry

Key = TypeVar("Key", bound=Hashable)
GIBIBYTE = 2**30
Sizes = list[tuple[Path, tuple[int, int]]]  # paths, and their pictures' heights and widths


class Pictures(Generic[Key]):
    """Pictures that are decoded and resized once, as long as memory is granted, and cut anew every time.

    When the memory is full, nothing more is kept, and nothing thrown out: in passes over a shuffled set that
    keeps as many hits as any other rule, where throwing out the oldest would lose each picture just before
    its turn.

    Args:
        keys: what names each picture: a path, or a pair of them.
        decode: from a key and a geometry to a resized (C, H, W) uint8 picture.
        geometry: how to resize and cut.
        cache_bytes: the bound on what is kept. Worker processes share it out among them.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        decode: Callable[[Key, Geometry], Tensor],
        geometry: Geometry,
        cache_bytes: int,
    ) -> None:
        self.keys = list(keys)
        self._decode = decode
        self._geometry = geometry
        self._cache_bytes = cache_bytes
        self._kept: dict[Key, Tensor] = {}
        self._kept_bytes = 0

    def __getstate__(self) -> dict[str, object]:
        """A copy for another process begins with an empty cache: sending pixels costs more than decoding."""
        return self.__dict__ | {"_kept": {}, "_kept_bytes": 0}

    def sample(self, index: int) -> Tensor:
        """A fresh view of picture `index`: (C, H, W) float32 in [-1, 1]."""
        return from_uint8(self.bytes(index))

    def bytes(self, index: int) -> Tensor:
        """The same as it is kept: (C, H, W) uint8."""
        picture = self._picture(self.keys[index])
        view = self._geometry.draw(*picture.shape[1:])
        return view.of(picture).contiguous()

    def _picture(self, key: Key) -> Tensor:
        picture = self._kept.get(key)
        if picture is None:
            picture = self._decode(key, self._geometry)
            worker = get_worker_info()
            bound = self._cache_bytes // (worker.num_workers if worker else 1)
            if self._kept_bytes + picture.nbytes <= bound:
                self._kept[key] = picture
                self._kept_bytes += picture.nbytes
        return picture


def read_sizes(paths: Sequence[Path]) -> Sizes:
    """Each path with its picture's height and width, from the headers alone.

    Raises:
        DataError: some files have no readable header; they are named.
    """
    sizes = list(zip(paths, in_threads(read_size, paths), strict=True))
    broken = [size for _, size in sizes if isinstance(size, Finding)]
    if len(broken) == 1:
        raise DataError(str(broken[0]))
    if broken:
        named = some([f"{finding.path} ({finding.problem})" for finding in broken])
        raise DataError(f"{len(broken)} of {len(paths)} files cannot be read: {named}; repair or delete them")
    return [(path, size) for path, size in sizes if not isinstance(size, Finding)]
