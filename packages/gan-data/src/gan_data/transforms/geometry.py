"""Resizing, cropping and mirroring: which part of a picture a network gets to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from gan_data.base.errors import DataError, some

Size = int | tuple[int, int]  # of a square's or of the shorter side, or (height, width); in pixels
Crop = Literal["random", "center"]


def checked_size(name: str, value: object) -> Size | None:
    """The option `name`: None, whole numbers of pixels, or a list of two, as YAML and JSON have pairs.

    Raises:
        ValueError: it is anything else.
    """
    match value:
        case None:
            return None
        case int() if value >= 1:
            return value
        case [int(height), int(width)] if min(height, width) >= 1:
            return height, width
    raise ValueError(
        f"expected {name} to be a whole number of pixels, or two (height, width), at least 1; got {value!r}"
    )


class View(NamedTuple):
    """One cut out of a picture, mirrored or not."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool

    def of(self, picture: Tensor) -> Tensor:
        """The cut out of `picture`: (C, H, W)."""
        cut = picture[:, self.top : self.top + self.height, self.left : self.left + self.width]
        return cut.flip(-1) if self.mirrored else cut


@dataclass(frozen=True)
class Geometry:
    """Resize to `load_size`, cut out `size`, mirror every second time.

    Attributes:
        size: of the cut; None keeps the whole picture.
        load_size: an int is the length of the shorter side, (height, width) is exact; None does not resize.
        crop: where to cut.
        flip: whether to mirror left and right with probability 1/2.
    """

    size: Size | None
    load_size: Size | None
    crop: Crop
    flip: bool

    def __post_init__(self) -> None:
        for name in ("size", "load_size"):
            object.__setattr__(self, name, checked_size(name, getattr(self, name)))  # lists become tuples
        if self.crop not in ("random", "center"):
            raise ValueError(f'expected crop "random" or "center"; got {self.crop!r}')

    def cut(self) -> tuple[int, int] | None:
        """Height and width of the cut."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def loaded(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a picture of (height, width) once it is resized."""
        if self.load_size is None:
            return height, width
        if isinstance(self.load_size, tuple):
            return self.load_size
        scale = self.load_size / min(height, width)
        return round(height * scale), round(width * scale)

    def resized(
        self, image: Image.Image, resampling: Image.Resampling = Image.Resampling.BICUBIC
    ) -> Image.Image:
        """`image` as large as `load_size` says; "bicubic" is antialiased, as Pillow has it."""
        height, width = self.loaded(image.height, image.width)
        if (height, width) == (image.height, image.width):
            return image
        return image.resize((width, height), resampling)

    def draw(self, height: int, width: int) -> View:
        """A view of a picture of (height, width); the random numbers are torch's own.

        Raises:
            DataError: the picture is smaller than the cut.
        """
        cut_height, cut_width = self.cut() or (height, width)
        if cut_height > height or cut_width > width:
            raise DataError(f"expected {cut_height}x{cut_width} pixels to crop; got {height}x{width}")
        down, right = height - cut_height, width - cut_width
        top, left = down // 2, right // 2
        if self.crop == "random":
            top, left = int(torch.randint(down + 1, ())), int(torch.randint(right + 1, ()))
        mirrored = self.flip and bool(torch.rand(()) < 0.5)
        return View(top, left, cut_height, cut_width, mirrored)

    def require(self, sizes: Sequence[tuple[Path, tuple[int, int]]]) -> None:
        """Make sure that every picture is large enough for the cut.

        Raises:
            DataError: some are not; they are named, with their sizes.
        """
        cut = self.cut()
        if cut is None:
            return
        small = [
            f"{path} ({height}x{width})"
            for path, (height, width) in sizes
            if any(side < least for side, least in zip(self.loaded(height, width), cut, strict=True))
        ]
        if small:
            resized = f" after resizing to load_size={self.load_size}" if self.load_size else ""
            raise DataError(
                f"expected images of at least {cut[0]}x{cut[1]} pixels (height x width){resized}, but "
                f"{len(small)} of {len(sizes)} are smaller: {some(small)}; "
                f"remove them, or give a load_size of at least {max(cut)}"
            )
