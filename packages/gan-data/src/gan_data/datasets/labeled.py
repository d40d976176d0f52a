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
from gan_data.datasets._cache import GIBIBYTE, CachedImages
from gan_data.datasets.images import decode_image
from gan_data.decoding.opening import open_labels
from gan_data.decoding.sizes import read_sizes, require_equal_sizes
from gan_data.decoding.tensors import from_uint8, labels_from_pillow
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.files.labeled import LabeledFiles, find_labeled
from gan_data.files.search import Folder
from gan_data.transforms.classes import IGNORED, check_classes, problem_of_labels
from gan_data.transforms.geometry import Crop, Geometry
from gan_data.transforms.label_maps import out_of_range
from gan_data.transforms.sizes import LoadSize, Size


class LabeledPhoto(NamedTuple):
    """A sample of `LabeledPhotos`; in a batch, each tensor begins with dimension N.

    Attributes:
        labels: (H, W) int64, the class of each pixel.
        instances: (H, W) int64, the same number within one object.
        photo: (3, H, W) float32 in [-1, 1].

    Examples:
        >>> from pathlib import Path
        >>> for folder, channels in {"photos": 3, "labels": 1}.items():
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.full((channels, 16, 16), -1.0))
        >>> sample = LabeledPhotos("photos", labels="labels", size=8)[0]
        >>> sample.labels.shape, sample.photo.shape
        (torch.Size([8, 8]), torch.Size([3, 8, 8]))
    """

    labels: Tensor
    instances: Tensor
    photo: Tensor


class LabeledPhotos(Dataset[LabeledPhoto]):
    """Photos with their label maps, their instance maps or both, as in pix2pixHD.

    All are resized, cropped and mirrored in the same way: the photo by bicubic interpolation, the maps by
    the nearest pixel, never interpolated. Files are matched by stem, as in `PairedFolders`; the endings that
    Cityscapes adds to its stems are ignored. Turn the maps of a batch into planes where they are used, since
    planes are many times larger: `torch.cat([one_hot(labels, 35), boundary_map(instances)], 1)`.

    Without label maps all pixels are of class 0; without instance maps each class is one instance.

    Args:
        photos: the folder of the photos, such as `train_img`, or its manifest; or a list of files, such as
            `find_labeled` and `split_by_content` return.
        labels: the folder of the label maps, such as `train_label`; see `read_labels`.
        instances: the folder of the instance maps, such as `train_inst`.
        classes: the number of classes; None does not check the labels.
        ignore: the label of pixels without a class, which is not changed; None if there is none.
        size: as in `Images`.
        load_size: as in `Images`.
        crop: as in `Images`.
        flip: as in `Images`.
        cache_bytes: as in `Images`.

    Attributes:
        files: the files, in the order of the samples.

    Raises:
        DataError: as in `Images`; or neither kind of map is given, a photo or a map has no counterpart, or a
            map differs in size from its photo. When a sample is read: a label is out of range, or a map is
            in color.
        ValueError: an option is out of range, or files are listed without their maps.

    Examples:
        >>> from pathlib import Path
        >>> for folder, channels in {"photos": 3, "labels": 1}.items():
        ...     Path(folder).mkdir()
        ...     write_image(f"{folder}/1.png", torch.full((channels, 16, 16), -1.0))
        >>> dataset = LabeledPhotos("photos", labels="labels", classes=2, size=8)
        >>> one_hot(dataset[0].labels, classes=2).shape
        torch.Size([2, 8, 8])
    """

    def __init__(
        self,
        photos: Folder | Sequence[LabeledFiles],
        *,
        labels: Folder | None = None,
        instances: Folder | None = None,
        classes: int | None = None,
        ignore: int | None = IGNORED,
        size: Size | None = None,
        load_size: LoadSize = None,
        crop: Crop = "random",
        flip: bool = True,
        cache_bytes: int = GIBIBYTE,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        self.files = _files(photos, labels, instances)
        if classes is not None:
            check_classes(classes, ignore)
        for pairs in _maps_and_photos(self.files):
            require_equal_sizes(pairs, "resize the map by the nearest pixel")
        geometry.require_large_enough(read_sizes(_photos(self.files)))
        decode = partial(_decode, classes=classes, ignore=ignore)
        self._images = CachedImages(self.files, decode, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> LabeledPhoto:
        planes = self._images.sample_uint8(index)
        return LabeledPhoto(_from_planes(planes[3:7]), _from_planes(planes[7:]), from_uint8(planes[:3]))


def _files(
    photos: Folder | Sequence[LabeledFiles], labels: Folder | None, instances: Folder | None
) -> Sequence[LabeledFiles]:
    if isinstance(photos, IndexedTuples) and not (labels or instances):
        return photos
    if isinstance(photos, str | PathLike):
        return find_labeled(photos, labels=labels, instances=instances)
    if not photos:
        raise DataError("expected at least one photo; got an empty list; check what was filtered out")
    listed = all(isinstance(file, LabeledFiles) for file in photos)  # pyright: ignore[reportUnnecessaryIsInstance]
    if labels or instances or not listed:
        raise ValueError(
            "expected a folder of photos and the folders of their maps, or only a list of LabeledFiles; got "
            f"{photos[0]!r}, ...; make the list with find_labeled"
        )
    return list(photos)


def _maps_and_photos(files: Sequence[LabeledFiles]) -> list[Sequence[tuple[Path, Path]]]:
    """Pairs of label maps and photos, and of instance maps and photos."""
    if isinstance(files, IndexedTuples):
        return [pairs for column in (1, 2) if (pairs := files.pairs(column, 0)) is not None]
    return [
        [(file.labels, file.photo) for file in files if file.labels],
        [(file.instances, file.photo) for file in files if file.instances],
    ]


def _photos(files: Sequence[LabeledFiles]) -> Sequence[Path]:
    return files.chosen if isinstance(files, IndexedTuples) else [file.photo for file in files]


# A photo and its maps are one image of eleven planes, so that all are cropped and mirrored in the same way.
def _decode(file: LabeledFiles, geometry: Geometry, classes: int | None, ignore: int | None) -> Tensor:
    photo = decode_image(file.photo, geometry)
    labels = photo.new_zeros(photo.shape[1:], dtype=torch.int32)
    if file.labels is not None:
        labels = _decode_map(file.labels, geometry)
        if classes is not None and (wrong := out_of_range(labels, classes, ignore)):
            problem, remedy = problem_of_labels(wrong, classes, ignore)
            raise DataError(str(Finding(file.labels, "error", problem, remedy)))
    instances = labels if file.instances is None else _decode_map(file.instances, geometry)
    return torch.cat([photo, _to_planes(labels), _to_planes(instances)])


def _decode_map(path: Path, geometry: Geometry) -> Tensor:
    return labels_from_pillow(geometry.resize(open_labels(path), Image.Resampling.NEAREST))


def _to_planes(values: Tensor) -> Tensor:
    """(H, W) int32 as the four bytes of each: (4, H, W) uint8."""
    return values.unsqueeze(-1).view(torch.uint8).permute(2, 0, 1)


def _from_planes(planes: Tensor) -> Tensor:
    """The inverse, as int64."""
    return planes.permute(1, 2, 0).contiguous().view(torch.int32).squeeze(-1).long()
