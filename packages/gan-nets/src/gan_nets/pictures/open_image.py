"""Pillow's images of any mode as networks take them: upright, in gray or RGB."""

from typing import Any

import numpy as np
import torch
from gan_data import orientation_of
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from gan_nets.pictures._metadata import STORAGE, Metadata
from gan_nets.pictures._restore_image import OpenedImage
from gan_nets.pictures.errors import UnsupportedError

CONVERTED = {  # modes, and what they are converted to
    "LA": "LA", "La": "LA", "RGB": "RGB", "RGBA": "RGBA", "RGBa": "RGBA", "RGBX": "RGB",
    "YCbCr": "RGB", "HSV": "RGB", "L": "L", "1": "L", "P": "RGB", "PA": "RGBA",
}  # fmt: skip
WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}


def open_image(image: Image.Image, *, rgb: bool) -> OpenedImage:
    """Open one of Pillow's images; see `translate` for its modes.

    Args:
        image: as Pillow opened it, or another.
        rgb: whether to restore RGB (RGBA) whatever the mode is.

    Raises:
        ValueError: the image is of another mode, or of more than 16 bits.
        OSError: the image's file is broken.
    """
    upright = set_upright(image)
    alpha = None
    if upright.mode == "CMYK":
        inks = _channels(np.asarray(upright)) / 255
        # Inks on white paper. They bypass the network, so that the result can keep the amount of black.
        pixels, alpha = 2 * (1 - inks[:, :3]) * (1 - inks[:, 3:]) - 1, 2 * inks - 1
    elif upright.mode.startswith("I"):
        pixels = _channels(sixteen_bit_gray(upright)) * (2 / 65_535) - 1
    else:
        converted = _converted(upright)
        pixels = _channels(np.asarray(converted)) * (2 / 255) - 1
        if converted.mode.endswith("A"):
            pixels, alpha = pixels[:, :-1], pixels[:, -1:]
    return OpenedImage(pixels, alpha, upright.mode, metadata_of(image), rgb)


def set_upright(image: Image.Image) -> Image.Image:
    """The image with its EXIF orientation applied to the pixels."""
    image.load()
    # Damaged metadata raise exceptions of all kinds; the pixels are as good as ever.
    return image if orientation_of(image) == 1 else ImageOps.exif_transpose(image)


def sixteen_bit_gray(image: Image.Image) -> NDArray[np.uint16]:
    """(H, W) uint16 of an image in mode I or I;16.

    Raises:
        ValueError: a value is below 0 or above 65535.
    """
    levels = np.asarray(image)
    if levels.min() < 0 or levels.max() > 65_535:
        found = f"{levels.min()} to {levels.max()}"
        raise UnsupportedError(f"expected gray of at most 16 bits, 0 to 65535; got {found}; scale it")
    return levels.astype(np.uint16)


def metadata_of(image: Image.Image) -> Metadata:
    """The metadata of an image, without what is true of its own pixels only."""
    exif = image.getexif()
    exif.bigtiff = False  # Pillow writes the EXIF of a BigTIFF in a form that it does not read
    left_out = {int(ExifTags.Base.Orientation), *(STORAGE if image.format == "TIFF" else ())}
    removed = {tag: exif.pop(tag) for tag in left_out.intersection(exif)}
    content = exif.tobytes()
    exif.update(removed)  # it is the image's own
    return Metadata(content, image.info.get("icc_profile"), image.info.get("dpi"))


def _converted(image: Image.Image) -> Image.Image:
    """The image in L, LA, RGB or RGBA."""
    if image.mode not in CONVERTED:
        known = "gray, palette, RGB or CMYK of 8 or 16 bits"
        raise UnsupportedError(
            f"expected a picture in {known}; got Pillow's mode {image.mode}; convert it first"
        )
    mode = CONVERTED[image.mode]
    if image.has_transparency_data:
        mode = WITH_ALPHA.get(mode, mode)
        if image.mode == "1":  # Pillow can't convert its transparent color
            image = image.convert("L")
    return image.convert(mode)


def _channels(levels: NDArray[Any]) -> Tensor:
    """(H, W) or (H, W, C) to float32 (1, C, H, W)."""
    values = torch.from_numpy(np.ascontiguousarray(levels, dtype=np.float32))
    return values.view(*levels.shape[:2], -1).permute(2, 0, 1)[None]
