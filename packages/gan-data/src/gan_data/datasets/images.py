"""A folder of pictures as a dataset."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor
from torch.utils.data import Dataset

from gan_data.base.errors import DataError
from gan_data.base.threads import in_threads
from gan_data.datasets._cache import GIBIBYTE, Pictures, read_sizes
from gan_data.decoding.opening import open_rgb
from gan_data.decoding.tensors import from_uint8, to_bytes
from gan_data.files.find import Folder, images_in
from gan_data.transforms.geometry import Crop, Geometry, Size

JUDGED_SIDE = 256  # pixels

log = logging.getLogger("gan_data")


class Images(Dataset[Tensor]):
    """Pictures as (3, H, W) float32 in [-1, 1], RGB: resized, cropped, mirrored.

    For training as pix2pix and CycleGAN do: `Images(folder, size=256, load_size=286)`. For evaluation:
    `Images(folder, size=256, load_size=256, crop="center", flip=False)`. The random numbers are torch's, so
    `torch.manual_seed` before `images[i]` decides what it returns. Files are read as `read_image` does.

    Every file's header is read at once, so that a text file named .png or a picture that is too small is
    known before training starts; a file that breaks off half-way is known when its turn comes, or from
    `gan-data check`.

    Args:
        source: a folder, searched in depth, or a list of files, such as `split_by_content` returns.
        size: what to cut out, in pixels: the side of a square or (height, width), which may be a list. None
            keeps the whole picture; to stack pictures of several sizes, give a size or an exact `load_size`.
        load_size: what to resize to first: an int is the length of the shorter side and keeps the aspect;
            (height, width) is exact. It enlarges as well. None leaves the pictures as large as they are.
        crop: "random", or "center" for evaluation.
        flip: mirror left and right with probability 1/2.
        keep: leave out the pictures for which this is false, such as `gan_colorspace.is_color`. It is asked
            once for each, with (3, H, W) in [-1, 1], reduced to fit into 256x256 pixels.
        cache_bytes: how many bytes of decoded pictures to keep in memory, after resizing. Each process that
            trains has as much; workers that read for one share it out, and since any of them may be asked
            for any picture, each keeps its own part of the set.

    Attributes:
        paths: the files, in the order of the samples.
        dropped: the files that `keep` left out.

    Raises:
        DataError: no such folder, no picture in it, unreadable ones, ones smaller than `size`, or none kept.
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
        keep: Callable[[Tensor], bool | Tensor] | None = None,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        found = images_in(source)
        sizes = dict(read_sizes(found))
        self.paths = found if keep is None else _kept(found, keep)
        self.dropped = sorted(set(found) - set(self.paths))
        geometry.require([(path, sizes[path]) for path in self.paths])
        self._pictures = Pictures(self.paths, decode_one, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        return self._pictures.sample(index)


def decode_one(path: Path, geometry: Geometry) -> Tensor:
    """The picture in `path`, resized: (3, H, W) uint8."""
    return to_bytes(geometry.resized(open_rgb(path)))


def _kept(paths: list[Path], keep: Callable[[Tensor], bool | Tensor]) -> list[Path]:
    answers = in_threads(lambda path: bool(keep(from_uint8(reduced(path)))), paths)
    kept = [path for path, answer in zip(paths, answers, strict=True) if answer]
    if not kept:
        raise DataError(f"keep left none of {len(paths)} images, {paths[0]} ...; give others or no keep")
    if len(kept) < len(paths):
        rule = getattr(keep, "__name__", "keep")
        log.warning("%d of %d images were left out by %s", len(paths) - len(kept), len(paths), rule)
    return kept


def reduced(path: Path) -> Tensor:
    """The picture in `path`, small enough to be judged quickly: (3, H, W) uint8."""
    image = open_rgb(path)
    image.thumbnail((JUDGED_SIDE, JUDGED_SIDE))
    return to_bytes(image)
