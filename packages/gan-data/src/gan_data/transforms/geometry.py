"""Resizing, cropping and mirroring: which part of an image a network is given."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

import torch
from PIL import Image
from torch import Tensor

from gan_data.base.errors import DataError, first_few
from gan_data.decoding.sizes import Sizes
from gan_data.transforms.sizes import LoadSize, Size, checked_size, height_and_width, loaded_size

Crop = Literal["random", "center"]


class View(NamedTuple):
    """A crop of an image, mirrored or not."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool

    def of(self, image: Tensor) -> Tensor:
        """The crop of `image`, (C, H, W)."""
        crop = image[:, self.top : self.top + self.height, self.left : self.left + self.width]
        return crop.flip(-1) if self.mirrored else crop


@dataclass(frozen=True)
class Geometry:
    """Resize to `load_size`, crop to `size`, mirror with probability 1/2.

    Attributes:
        size: of the crop; None keeps the whole image.
        load_size: an int is the length of the shorter side, (height, width) is exact; "jitter" is 286
            pixels for each 256 of `size`; None does not resize.
        crop: where to crop.
        flip: whether to mirror left and right with probability 1/2.

    Raises:
        ValueError: an option is out of range.
    """

    size: Size | None
    load_size: LoadSize
    crop: Crop
    flip: bool

    def __post_init__(self) -> None:
        size = checked_size("size", self.size)  # lists become tuples
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "load_size", loaded_size(self.load_size, size))
        if self.crop not in ("random", "center"):
            raise ValueError(f'expected crop "random" or "center"; got {self.crop!r}')

    def resized_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of an image of (height, width) after resizing."""
        load_size = cast("Size | None", self.load_size)  # of "jitter" it has become a number
        if load_size is None:
            return height, width
        if isinstance(load_size, tuple):
            return load_size
        scale = load_size / min(height, width)
        return round(height * scale), round(width * scale)

    def resize(
        self, image: Image.Image, resampling: Image.Resampling = Image.Resampling.BICUBIC
    ) -> Image.Image:
        """`image` resized to `load_size`; Pillow's bicubic is antialiased."""
        height, width = self.resized_size(image.height, image.width)
        if (height, width) == (image.height, image.width):
            return image
        return image.resize((width, height), resampling)

    def sample_view(self, height: int, width: int) -> View:
        """A view of a resized image of (height, width), with random numbers from torch's global generator.

        Raises:
            DataError: the image is smaller than the crop.
        """
        crop_height, crop_width = height_and_width(self.size) or (height, width)
        if crop_height > height or crop_width > width:
            raise DataError(f"expected {crop_height}x{crop_width} pixels to crop; got {height}x{width}")
        down, right = height - crop_height, width - crop_width
        top, left = down // 2, right // 2
        if self.crop == "random":
            top, left = int(torch.randint(down + 1, ())), int(torch.randint(right + 1, ()))
        mirrored = self.flip and bool(torch.rand(()) < 0.5)
        return View(top, left, crop_height, crop_width, mirrored)

    def require_large_enough(self, sizes: Sizes) -> None:
        """Make sure that every image is large enough for the crop.

        Raises:
            DataError: some are smaller; they are named, with their sizes.
        """
        crop = height_and_width(self.size)
        if crop is None:
            return

        def is_small(height: int, width: int) -> bool:
            return any(
                side < least for side, least in zip(self.resized_size(height, width), crop, strict=True)
            )

        if small := [f"{path} ({height}x{width})" for path, (height, width) in sizes.wrong(is_small)]:
            resized = f" after resizing to load_size={self.load_size}" if self.load_size else ""
            raise DataError(
                f"expected images of at least {crop[0]}x{crop[1]} pixels (height x width){resized}; "
                f"{len(small)} of {sizes.count} are smaller: {first_few(small)}; "
                f"remove them, or give a load_size of at least {max(crop)}"
            )
