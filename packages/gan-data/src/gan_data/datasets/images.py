"""A folder of images as a dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor
from torch.utils.data import Dataset

from gan_data.datasets._cache import GIBIBYTE, CachedImages
from gan_data.datasets._filter import filtered
from gan_data.decoding.opening import open_rgb
from gan_data.decoding.sizes import read_sizes
from gan_data.decoding.tensors import from_pillow
from gan_data.files.images import images_in
from gan_data.files.search import Folder
from gan_data.transforms.geometry import Crop, Geometry
from gan_data.transforms.sizes import LoadSize, Size


class Images(Dataset[Tensor]):
    """Images as (3, H, W) float32 in [-1, 1], RGB: resized, cropped, mirrored.

    For training as in pix2pix and CycleGAN: `Images(folder, size=256, load_size=286)`. For evaluation:
    `Images(folder, size=256, load_size=256, crop="center", flip=False)`. Random numbers come from torch's
    global generator, so `torch.manual_seed` before `images[i]` determines the sample. Files are read as by
    `read_image`.

    The header of every file is read by the constructor, so text files named .png and images that are too
    small are found before training starts. A truncated file raises when its sample is read; `gan-data check`
    finds it before.

    Args:
        source: a folder, including its subfolders; a manifest, which stands for its folder; or a list of
            files, such as `split_by_content` returns.
        size: size of the crop in pixels: the side of a square or (height, width), which may be a list. None
            keeps the whole image; batches of images of several sizes need a size or an exact `load_size`.
        load_size: size to resize to first: an int is the length of the shorter side and keeps the aspect
            ratio; (height, width) is exact; "jitter" is 286 pixels for each 256 of `size`, as in pix2pix and
            CycleGAN. Smaller images are enlarged. None does not resize.
        crop: "random", or "center" for evaluation.
        flip: mirror left and right with probability 1/2.
        keep: a filter such as `gan_colorspace.is_color`: images for which it is false are left out. It is
            called once for each image with (3, H, W) in [-1, 1], downscaled to fit into 256x256 pixels. If it
            has an attribute `kept_as`, as `is_color` has, its answers are kept between starts under that
            name, in the cache folder; see the README.
        cache_bytes: how many bytes of decoded and resized images to cache in memory. Each training process
            has this much; its data loader workers share it equally, and each of them caches its own part,
            since any of them may load any image.
        reduced_decoding: decode JPEGs that are at least twice as large as `load_size` at 1/2, 1/4 or 1/8 of
            their size, still twice as large or more: several times faster for photos of a camera. Values
            differ from those of full decoding by less than one level of 255 on average.

    Attributes:
        paths: the files, in the order of the samples; of a manifest `IndexedFiles`.
        dropped: the files that `keep` left out.

    Raises:
        DataError: the folder is missing or holds no image, files are unreadable or smaller than `size`, or
            `keep` left none.
        ValueError: an option is out of range, or "jitter" is given without a size.

    Examples:
        >>> for name in ("1.png", "2.png"):
        ...     write_image(name, torch.rand(3, 48, 64) * 2 - 1)
        >>> photos = Images(".", size=32, load_size=40)
        >>> len(photos), photos[0].shape
        (2, torch.Size([3, 32, 32]))
    """

    def __init__(
        self,
        source: Folder | Sequence[Path],
        *,
        size: Size | None = None,
        load_size: LoadSize = None,
        crop: Crop = "random",
        flip: bool = True,
        keep: Callable[[Tensor], bool | Tensor] | None = None,
        cache_bytes: int = GIBIBYTE,
        reduced_decoding: bool = False,
    ) -> None:
        geometry = Geometry(size, load_size, crop, flip)
        found = images_in(source)
        sizes = read_sizes(found)
        self.paths, self.dropped = (found, list[Path]()) if keep is None else filtered(found, keep)
        geometry.require_large_enough(sizes if keep is None else sizes.of(self.paths))
        decode = decode_reduced if reduced_decoding else decode_image
        self._images = CachedImages(self.paths, decode, geometry, cache_bytes)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        return self._images.sample(index)


def decode_image(path: Path, geometry: Geometry) -> Tensor:
    """The image in `path`, resized: (3, H, W) uint8."""
    return from_pillow(geometry.resize(open_rgb(path)))


def decode_reduced(path: Path, geometry: Geometry) -> Tensor:
    """The same, from a JPEG that is decoded no larger than resizing needs."""
    return from_pillow(geometry.resize(open_rgb(path, geometry.resized_size)))
