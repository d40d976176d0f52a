"""Pictures in files: read as they are, written as what they were, whole or not at all."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gan_nets.pictures.pillow_modes import described, kept_exif
from gan_nets.pictures.sixteen_bit import png_of, read_deep, tiff_of
from gan_nets.saving.atomic import atomic_write

OPAQUE = {"BMP", "DIB", "EPS", "JPEG", "PCX", "PPM"}  # formats without transparency
LOSSLESS_TIFF = {"raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "group3", "group4"}
# What Pillow's writers are given in place of a mode that they don't take, without loss.
WIDER = {"1": "L", "P": "RGB", "PA": "RGBA", "L": "RGB", "LA": "RGBA", "HSV": "RGB", "YCbCr": "RGB"}


class PictureFile:
    """A picture file in memory.

    Attributes:
        image: as Pillow opened it; its first frame, of an animation.
        deep: (H, W) or (H, W, C) uint16, upright, if it has 16 bits a channel.
        frames: how many pictures it holds.

    Raises:
        ValueError: it is no picture.
        OSError: it can't be read, or is broken.
    """

    def __init__(self, path: Path) -> None:
        # Not by name: Pillow would map the file, and garble TIFFs on their side.
        self._data = path.read_bytes()
        if not self._data:
            raise ValueError("is empty (0 bytes); copy it again")
        try:
            self.image = Image.open(BytesIO(self._data))
        except UnidentifiedImageError:
            raise ValueError("is not a picture that Pillow reads, whatever its name says") from None
        self.frames = getattr(self.image, "n_frames", 1)
        self.suffix = path.suffix
        self.deep = read_deep(self.image, self._data)

    @property
    def format(self) -> str:
        """Pillow's name of the format."""
        # Phones put a second picture into their JPEGs, which are then MPO.
        return {"MPO": "JPEG"}.get(self.image.format or "", self.image.format or "")

    def options(self, format: str) -> dict[str, Any]:  # noqa: A002 - Pillow's own word
        """What a result is to be written with so that it is worth as much as this file."""
        same = format == self.format
        if format == "JPEG":
            return {"quality": 95, "subsampling": "4:4:4"}
        if format == "WEBP":
            return {"quality": 95, "lossless": not same or b"VP8L" in self._data, "exact": True}
        if format == "TIFF":
            found = self.image.info.get("compression")
            return {"compression": found if same and found in LOSSLESS_TIFF else "tiff_adobe_deflate"}
        return {"quality": 95} if format == "AVIF" else {}


def format_of(target: Path, source: PictureFile) -> str:
    """The format to write: that of the source under its suffix, else what the suffix names.

    Raises:
        ValueError: it names none that Pillow writes.
    """
    Image.init()
    named = source.format if target.suffix.lower() == source.suffix.lower() else ""
    named = named or {"MPO": "JPEG"}.get(
        name := Image.registered_extensions().get(target.suffix.lower(), ""), name
    )
    if named not in Image.SAVE:
        raise ValueError(f"{target}: expected a suffix of a format that can be written, such as .png or .jpg")
    return named


def write_image(result: Image.Image, target: Path, source: PictureFile) -> None:
    """Write a picture with what its `info` holds.

    Raises:
        ValueError: the format can't hold it without loss.
        OSError: the file can't be written.
    """
    format = format_of(target, source)  # noqa: A001 - Pillow's own word
    if format in OPAQUE and result.has_transparency_data:
        raise ValueError(f"{format} has no transparency, which the result has; write a .png")
    if format != "PNG" and result.mode == "P" and result.has_transparency_data:
        result = _widened(result)  # others have palettes without alpha, and drop it
    if format == "JPEG2000" and result.mode in ("1", "P"):
        result = _widened(result)  # Pillow's writer breaks down over these
    about = {key: result.info[key] for key in ("exif", "icc_profile", "dpi") if key in result.info}
    with atomic_write(target) as path:
        while True:
            try:
                result.save(path, format, **source.options(format), **about)
                return
            except OSError as error:
                if "cannot write mode" not in str(error) or result.mode not in WIDER:
                    raise
            result = _widened(result)


def _widened(image: Image.Image) -> Image.Image:
    """In a mode that more formats hold, without loss."""
    alpha = image.mode == "P" and image.has_transparency_data
    converted = image.convert("RGBA" if alpha else WIDER[image.mode])
    converted.info |= {key: value for key, value in image.info.items() if key != "transparency"}
    return converted


def write_deep(result: NDArray, target: Path, source: PictureFile) -> None:
    """Write (H, W) or (H, W, C) uint16 with the source's profile and EXIF.

    Raises:
        ValueError: the format has no 16 bits.
        OSError: the file can't be written.
    """
    format = format_of(target, source)  # noqa: A001 - Pillow's own word
    pixels = result[..., None] if result.ndim == 2 else result
    shown = Image.new(("L", "LA", "RGB", "RGBA")[pixels.shape[-1] - 1], pixels.shape[1::-1])
    about = described(source.image, source.image, shown)
    if format == "PNG":
        content = png_of(pixels, **about)
    elif format == "TIFF":
        about["exif"] = kept_exif(source.image, shown.size)
        content = tiff_of(pixels, **about)
    elif result.ndim == 2 and format in ("PPM", "JPEG2000"):
        file = BytesIO()
        Image.fromarray(result).save(file, format)
        content = file.getvalue()
    else:
        raise ValueError(f"{format} can't hold the picture's 16 bits; write a .png or .tif")
    with atomic_write(target) as path:
        path.write_bytes(content)


def through_file(
    of_image: Callable[[Image.Image], Image.Image],
    of_array: Callable[[NDArray], NDArray],
    path: Path,
    target: Path | None,
) -> Image.Image | NDArray:
    """What a file's picture becomes, written to `target` if there is one."""
    with warnings.catch_warnings():
        # Large pictures are what tiles are for.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        source = PictureFile(path)
        if target is not None:
            format_of(target, source)  # a mistake there is better known before the work
        result = of_image(source.image) if source.deep is None else of_array(source.deep)
    if source.frames > 1:
        warnings.warn(
            f"{path} holds {source.frames} pictures, of which the first is translated", stacklevel=2
        )
    if target is not None:
        write = write_image if isinstance(result, Image.Image) else write_deep
        write(result, target, source)  # type: ignore[arg-type]  # each its own
    elif isinstance(result, np.ndarray) and result.ndim == 2:
        return Image.fromarray(result)
    return result
