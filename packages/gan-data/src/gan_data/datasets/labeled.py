"""Photos with a class and an instance for each pixel."""

from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from gan_data.base.errors import DataError, Finding
from gan_data.datasets._cache import GIBIBYTE, Pictures, read_sizes
from gan_data.datasets.images import decode_one
from gan_data.datasets.pairs import require_equal_sizes
from gan_data.decoding.opening import open_labels
from gan_data.decoding.tensors import from_uint8, to_labels
from gan_data.files.find import Folder, LabelledFiles, find_labelled
from gan_data.transforms.geometry import Crop, Geometry, Size
from gan_data.transforms.label_maps import IGNORED, check_classes, out_of_range, wrong_labels


class LabelledPhoto(NamedTuple):
    """A sample of `LabelledPhotos`; of a batch, each with N in front.

    Attributes:
        labels: (H, W) int64, the class of each pixel.
        instances: (H, W) int64, the same number within one object.
        photo: (3, H, W) float32 in [-1, 1].
    """

    labels: Tensor
    instances: Tensor
    photo: Tensor


class LabelledPhotos(Dataset[LabelledPhoto]):
    """Photos with their label maps, their instance maps or both, as pix2pixHD reads them.

    All are resized, cropped and mirrored alike: the photo by bicubic interpolation, the maps by the nearest
    pixel, never in between. Files are matched by stem, as in `PairedFolders`; the endings that Cityscapes
    adds to its stems don't count. Make planes of a batch where it is used, since they are many times larger:
    `torch.cat([one_hot(labels, 35), boundary_map(instances)], 1)`.

    Without label maps all pixels are of class 0; without instance maps a class is one instance.

    Args:
        photos: the folder of the photos, such as `train_img`; or a list of files, such as `find_labelled` and
            `split_by_content` return.
        labels: the folder of the label maps, such as `train_label`; see `read_labels`.
        instances: the folder of the instance maps, such as `train_inst`.
        classes: how many classes there are; None does not look at the labels.
        ignore: the label of pixels of no class, left as it is; None if there is none.
        size: as in `Images`.
        load_size: as in `Images`.
        crop: as in `Images`.
        flip: as in `Images`.
        cache_bytes: as in `Images`.

    Attributes:
        files: the files, in the order of the samples.

    Raises:
        DataError: besides what `Images` raises: neither kind of map, a photo or a map without counterpart, a
            map of another size than its photo. When its turn comes: a label out of range, a map in colours.
        ValueError: an option is out of range, or files are listed without their maps.
    """

    def __init__(
        self,
        photos: Folder | Sequence[LabelledFiles],
        *,
        labels: Folder | None = None,
        instances: Folder | None = None,
        classes: int | None = None,
        ignore: int | None = IGNORED,
        size: Size | None = None,
        load_size: Size | None = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.files = _files(photos, labels, instances)
        if classes is not None:
            check_classes(classes, ignore)
        for kind in ("labels", "instances"):
            pairs = [(getattr(file, kind), file.photo) for file in self.files if getattr(file, kind)]
            require_equal_sizes(pairs, "resize the map by the nearest pixel")
        geometry.require(read_sizes([file.photo for file in self.files]))
        decode = partial(_decode, classes=classes, ignore=ignore)
        self._pictures = Pictures(self.files, decode, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> LabelledPhoto:
        photo, labels, instances = self._pictures.bytes(index).split([3, 4, 4])
        return LabelledPhoto(_from_planes(labels), _from_planes(instances), from_uint8(photo))


def _files(
    photos: Folder | Sequence[LabelledFiles], labels: Folder | None, instances: Folder | None
) -> list[LabelledFiles]:
    if isinstance(photos, str | PathLike):
        return find_labelled(photos, labels=labels, instances=instances)
    if not photos:
        raise DataError("expected at least one photo; got an empty list; check what was filtered out")
    if labels or instances or not all(isinstance(file, LabelledFiles) for file in photos):
        raise ValueError(
            "expected a folder of photos and those of their maps, or a list of LabelledFiles alone; got "
            f"{photos[0]!r}, ...; let find_labelled make the list"
        )
    return list(photos)


# A photo and its maps are kept as one picture of eleven planes, so that what is done to one is done to all.
def _decode(file: LabelledFiles, geometry: Geometry, classes: int | None, ignore: int | None) -> Tensor:
    photo = decode_one(file.photo, geometry)
    labels = photo.new_zeros(photo.shape[1:], dtype=torch.int32)
    if file.labels is not None:
        labels = _decode_map(file.labels, geometry)
        if classes is not None and (wrong := out_of_range(labels, classes, ignore)):
            raise DataError(str(Finding(file.labels, "error", *wrong_labels(wrong, classes, ignore))))
    instances = labels if file.instances is None else _decode_map(file.instances, geometry)
    return torch.cat([photo, _to_planes(labels), _to_planes(instances)])


def _decode_map(path: Path, geometry: Geometry) -> Tensor:
    return to_labels(geometry.resized(open_labels(path), Image.Resampling.NEAREST))


def _to_planes(values: Tensor) -> Tensor:
    """(H, W) int32 as the four bytes of each: (4, H, W) uint8."""
    return values.unsqueeze(-1).view(torch.uint8).permute(2, 0, 1)


def _from_planes(planes: Tensor) -> Tensor:
    return planes.permute(1, 2, 0).contiguous().view(torch.int32).squeeze(-1).long()
