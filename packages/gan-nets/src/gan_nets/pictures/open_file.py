"""Picture files in memory: Pillow's images, and the pixels of PNGs and TIFFs of 16 bits a channel."""

import logging
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from gan_data import (
    DataError,
    diagnose,
    open_picture,
    open_regular,
    orientation_of,
    require_true_values,
    without_large_metadata,
)
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, PREDICTOR

from gan_nets.pictures._depth import lost_depth
from gan_nets.pictures.errors import UnsupportedError
from gan_nets.pictures.open_image import set_upright, sixteen_bit_gray

# Of a picture that is opened, unless GAN_MAX_PIXELS is set; Pillow's own limit is 178,956,970.
MOST_PIXELS = 1_000_000_000
PNG_DEPTH = 24  # place of the bit depth in a PNG


@dataclass(frozen=True)
class PictureFile:
    """A picture file in memory.

    Attributes:
        data: the file's content.
        image: as Pillow opened it; the first frame of an animation.
        frames: number of pictures in it.
        format: Pillow's name of its format.
        target_format: the name of the result's format; empty if no result will be written.
        sixteen_bit: (H, W) or (H, W, C) uint16, upright, if it has 16 bits a channel.
        lost_depth: bits a channel of the file, if it was decoded to 8 and had more.
    """

    data: bytes
    image: Image.Image
    frames: int
    format: str
    target_format: str
    sixteen_bit: NDArray[np.uint16] | None
    lost_depth: int | None


def open_file(path: Path, target: Path | None = None) -> PictureFile:
    """Read a picture file.

    Args:
        path: the file.
        target: where the result will be written, if it will be. Its format is the same as that of the file if
            the suffix is the same, otherwise that of the suffix.

    Raises:
        ValueError: the file is not a picture, is broken, or of a kind that is not supported; or the target's
            suffix is not one of a format that Pillow writes.
        OSError: the file can't be read.
    """
    with open_regular(path) as file:
        data = file.read()
    try:
        with _pixel_limit():
            image, frames, pixels, depth = _decoded(data)
    except UnsupportedError as error:
        raise DataError(f"{path}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders of broken files raise exceptions of all kinds
        raise DataError(str(diagnose(path, error))) from error
    name = _without_mpo(image.format or "")
    same = target is not None and target.suffix.lower() == path.suffix.lower()
    target_format = "" if target is None else _checked(name if same else "", target)
    return PictureFile(data, image, frames, name, target_format, pixels, depth)


def _decoded(data: bytes) -> tuple[ImageFile, int, NDArray[np.uint16] | None, int | None]:
    """Pillow's image, the number of pictures, the pixels if there are 16 bits a channel, the depth lost."""
    try:
        # Not by name: Pillow would map the file, and garble TIFFs with an orientation.
        image = open_picture(BytesIO(data))
        require_true_values(image)
        depth = lost_depth(image, data)
        frames, pixels = getattr(image, "n_frames", 1), _sixteen_bit(image, data)
        if pixels is None:
            image.load()
    except UnsupportedError:
        raise
    except ValueError:  # among others of metadata, and with other words in each version
        smaller = without_large_metadata(data)
        if smaller is data:
            raise
        return _decoded(smaller)
    return image, frames, pixels, depth


@contextmanager
def _pixel_limit() -> Generator[None]:
    """Let Pillow open pictures that are processed in tiles, up to a limit against pictures made to harm."""
    if "GAN_MAX_PIXELS" in os.environ:  # which open_picture follows
        yield
        return
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses twice its limit
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _checked(name: str, target: Path) -> str:
    """The name of a format that Pillow writes, that of the target's suffix if it is empty."""
    Image.init()
    name = name or _without_mpo(Image.registered_extensions().get(target.suffix.lower(), ""))
    if name not in Image.SAVE:
        raise ValueError(f"{target}: expected a suffix of a format that can be written, such as .png or .jpg")
    return name


def _without_mpo(name: str) -> str:
    """JPEG for MPO, a JPEG with a second picture, which phones write."""
    return "JPEG" if name == "MPO" else name


def _sixteen_bit(image: Image.Image, data: bytes) -> NDArray[np.uint16] | None:
    if image.format == "PNG" and data[PNG_DEPTH] == 16:
        with _decoding():
            pixels = imagecodecs.png_decode(data)
    elif image.mode.startswith("I"):  # gray, which Pillow decodes to 16 bits itself
        return sixteen_bit_gray(set_upright(image))
    elif isinstance(image, TiffImageFile) and max(image.tag_v2.get(BITSPERSAMPLE, (1,))) > 8:
        pixels = _decode_tiff(data)
    else:
        return None
    return _upright(pixels, orientation_of(image))


@contextmanager
def _decoding() -> Generator[None, None, None]:
    """Make the decoders' errors OSError, as Pillow's are, and silence what they log about valid files."""
    loggers = {name: logging.getLogger(name) for name in ("imagecodecs", "tifffile")}
    levels = {name: logger.level for name, logger in loggers.items()}
    for logger in loggers.values():
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    except (RuntimeError, ValueError, tifffile.TiffFileError) as error:
        raise OSError(str(error)) from error
    finally:
        for name, logger in loggers.items():
            logger.setLevel(levels[name])


def _decode_tiff(data: bytes) -> NDArray[np.uint16]:
    """The first page (H, W, C) of a TIFF, which is RGB, with alpha or without."""
    with _decoding(), tifffile.TiffFile(BytesIO(data)) as file:
        page = file.pages.first
        if page.compression == COMPRESSION.NONE:
            page.predictor = PREDICTOR.NONE  # other libraries ignore it there
        pixels, colors, extra = page.asarray(), page.photometric, list(page.extrasamples)
        if "S" in page.axes:
            pixels = np.moveaxis(pixels, page.axes.index("S"), -1)
    if colors != PHOTOMETRIC.RGB or pixels.dtype != np.uint16:
        found = f"{PHOTOMETRIC(colors).name} in {pixels.dtype}"
        raise UnsupportedError(f"expected 8 bits, or gray or RGB of 16; got {found}; convert it")
    count = pixels.shape[-1] - len(extra)
    alpha = [i for i, kind in enumerate(extra) if kind != EXTRASAMPLE.UNSPECIFIED][:1]
    pixels = pixels[..., [*range(count), *(count + i for i in alpha)]]
    return _straight(pixels) if alpha and extra[alpha[0]] == EXTRASAMPLE.ASSOCALPHA else pixels


def _straight(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Undo the multiplication of the colors by alpha."""
    shape, alpha = pixels[..., :-1].shape, pixels[..., -1:].astype(np.float64)
    colors = np.divide(pixels[..., :-1] * 65_535.0, alpha, out=np.zeros(shape), where=alpha > 0)
    return np.concatenate([colors.round().clip(0, 65_535).astype(np.uint16), pixels[..., -1:]], axis=-1)


def _upright(pixels: NDArray[np.uint16], orientation: int) -> NDArray[np.uint16]:
    """The pixels (H, W) or (H, W, C) with an EXIF orientation applied."""
    pixels = pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels
    pixels = pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels
    return pixels[::-1] if orientation in (3, 4, 7, 8) else pixels
