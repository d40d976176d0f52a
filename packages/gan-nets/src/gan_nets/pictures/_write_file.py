"""Results in files: in the format of the original, or in that of another suffix."""

from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION, ImageFileDirectory_v2

from gan_nets.pictures._metadata import STORAGE, Metadata
from gan_nets.pictures.open_file import PictureFile
from gan_nets.pictures.open_image import metadata_of
from gan_nets.saving.atomic import atomic_write
from gan_nets.saving.target import writing

LARGEST = {  # sides in pixels that the formats, or their libraries, can hold
    "GIF": 65_535, "JPEG": 65_500, "PCX": 65_534, "SGI": 65_535, "TGA": 65_535, "WEBP": 16_383,
}  # fmt: skip
SIXTEEN_BIT, SIXTEEN_BIT_GRAY = ("PNG", "TIFF"), ("PPM", "JPEG2000")
OPAQUE = {"BMP", "DIB", "JPEG", "PCX", "PPM"}  # formats without transparency
LOSSLESS_TIFF = {"raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"}
BILEVEL_TIFF = {"group3", "group4"}  # of scans and faxes: black and white alone
# For modes that some of Pillow's writers do not support: modes that hold the same without loss.
WIDER = {"1": "L", "P": "RGB", "PA": "RGBA", "L": "RGB", "LA": "RGBA", "HSV": "RGB", "YCbCr": "RGB"}
# For photos of 16 bits, whose lower bytes are noise: a tenth of the default's time, and smaller files.
PNG_OPTIONS = {"level": 1, "strategy": imagecodecs.PNG.STRATEGY.RLE, "filter": imagecodecs.PNG.FILTER.SUB}
HEADER = 8  # bytes of a TIFF's header
RATIONALS = (5, 10)  # types of TIFF's tags
OWN_TAGS = STORAGE | {256, 257, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}  # tifffile writes these itself
# Nested directories, and tifffile's names of them.
DIRECTORIES: dict[int, str] = {ExifTags.IFD.Exif: "ExifTag", ExifTags.IFD.GPSInfo: "GPSTag"}


def check_format(name: str, size: tuple[int, int], mode: str) -> None:
    """Raise a ValueError if a format can't hold what is known of a result before it is computed.

    Args:
        name: Pillow's name of the format.
        size: (width, height) of the result.
        mode: Pillow's mode of the result; "I;16" or "RGB;16" if it has 16 bits.
    """
    _check_size(size, name)
    if mode.endswith(";16"):
        _check_sixteen_bit(name, gray=mode == "I;16")
    else:
        _encoded(Image.new(mode, (1, 1)), name, {})


def write_file(result: Image.Image | NDArray[Any], target: Path, source: PictureFile) -> None:
    """Write a result atomically, with the source's metadata.

    Args:
        result: an image with its metadata in `info`; or (H, W) or (H, W, C) uint16.
        target: the file, as it was given to `open_file`; its folder is created.
        source: the original.

    Raises:
        ValueError: the format can't hold the result without loss.
        OSError: the file can't be written.
    """
    name = source.target_format
    if isinstance(result, Image.Image):
        _check_size(result.size, name)
        content = _encoded(result, name, _options(name, result.mode, source, target))
    else:
        content = _sixteen_bit(result, name, metadata_of(source.image))
    with writing(target), atomic_write(target) as path:
        path.write_bytes(content)


def _check_size(size: tuple[int, int], name: str) -> None:
    largest = LARGEST.get(name)
    if largest is not None and max(size) > largest:
        found = f"{name} holds at most {largest:,} pixels a side, and the result has {size[0]:,}x{size[1]:,}"
        raise ValueError(f"{found}; write a .png or .tif")


def _check_sixteen_bit(name: str, *, gray: bool) -> None:
    if name not in (*SIXTEEN_BIT, *(SIXTEEN_BIT_GRAY if gray else ())):
        raise ValueError(f"{name} can't hold the picture's 16 bits; write a .png or .tif")


def _supported(image: Image.Image, name: str) -> Image.Image:
    """The image in a mode whose transparency the format holds."""
    if name in OPAQUE and image.has_transparency_data:
        raise ValueError(f"{name} has no transparency, which the result has; write a .png")
    transparent_palette = image.mode == "P" and image.has_transparency_data and name != "PNG"
    # Formats other than PNG drop the alpha of palettes; Pillow's writer of JPEG 2000 fails on these modes.
    if transparent_palette or (name == "JPEG2000" and image.mode in ("1", "P")):
        return _widened(image)
    return image


def _widened(image: Image.Image) -> Image.Image:
    """In a mode that more formats support, without loss."""
    alpha = image.mode == "P" and image.has_transparency_data
    converted = image.convert("RGBA" if alpha else WIDER[image.mode])
    converted.info |= {key: value for key, value in image.info.items() if key != "transparency"}
    return converted


def _options(name: str, mode: str, source: PictureFile, target: Path) -> dict[str, Any]:
    """Options of Pillow's writer for a result in a mode, of the same quality as the source."""
    same = name == source.format
    if name == "JPEG":
        return {"quality": 95, "subsampling": "4:4:4"}
    if name == "WEBP":
        return {"quality": 95, "lossless": not same or b"VP8L" in source.data, "exact": True}
    if name == "TIFF":
        found = source.image.info.get("compression")
        known = LOSSLESS_TIFF | (BILEVEL_TIFF if mode == "1" else set())
        return {"compression": found if same and found in known else "tiff_adobe_deflate"}
    if name == "JPEG2000":
        return {"no_jp2": target.suffix.lower() in (".j2c", ".j2k", ".jpc")}  # the bare codestream
    return {"quality": 95} if name == "AVIF" else {}


def _encoded(image: Image.Image, name: str, options: dict[str, Any]) -> bytes:
    """The content of a file, in memory, so that an error while it is written is one of the disk."""
    image = _supported(image, name)
    metadata = {key: image.info[key] for key in ("exif", "icc_profile", "dpi") if key in image.info}
    while True:
        file = BytesIO()
        try:
            image.save(file, name, **options, **metadata)
        except (OSError, ValueError) as error:
            if "mode" not in str(error) and "images as" not in str(error):
                raise
            if image.mode not in WIDER:
                found = f"{name} can't hold {image.mode}"
                raise ValueError(f"{found}; write a .tif, or give --rgb (rgb=True)") from error
        else:
            return file.getvalue()
        image = _widened(image)


def _sixteen_bit(pixels: NDArray[Any], name: str, metadata: Metadata) -> bytes:
    """The content of a file of (H, W) or (H, W, C) uint16."""
    if name == "PNG":
        return _png(pixels, metadata)
    if name == "TIFF":
        return _tiff(pixels, metadata)
    _check_sixteen_bit(name, gray=pixels.ndim == 2)
    file = BytesIO()
    Image.fromarray(pixels).save(file, name)
    return file.getvalue()


def _mode(pixels: NDArray[Any]) -> str:
    """The mode of 8 bits with as many channels."""
    return ("L", "LA", "RGB", "RGBA")[pixels.shape[2] - 1 if pixels.ndim == 3 else 0]


def _png(pixels: NDArray[Any], metadata: Metadata) -> bytes:
    """The pixels by imagecodecs, with the metadata that Pillow writes."""
    mode = _mode(pixels)
    file = BytesIO()
    Image.new(mode, (1, 1)).save(file, "PNG", **metadata.for_result(mode, pixels.shape[1::-1]))
    pillows, ours = file.getvalue(), imagecodecs.png_encode(pixels, **PNG_OPTIONS)
    header = 33  # bytes of the signature and of the first chunk
    return bytes(ours[:header] + pillows[header : pillows.rindex(b"IDAT") - 4] + ours[header:])


def _tiff(pixels: NDArray[Any], metadata: Metadata) -> bytes:
    """The pixels and tags by tifffile; the nested directories of EXIF, which it does not write, by Pillow."""
    mode, size = _mode(pixels), (pixels.shape[1], pixels.shape[0])
    exif = metadata.exif_for(size)
    exif.endian = "<"
    start = exif.tobytes().removeprefix(b"Exif\0\0")  # the header of a TIFF, and its directories of tags
    stream = BytesIO(start)
    tags = ImageFileDirectory_v2(stream.read(HEADER))
    tags.load(stream)
    horizontal, vertical = metadata.dpi or (tags.get(X_RESOLUTION, 1), tags.get(Y_RESOLUTION, 1))
    file = BytesIO()
    with tifffile.TiffWriter(file, byteorder="<") as writer:
        file.write(start[HEADER:])  # behind tifffile's own header, so that the offsets in it stay valid
        writer.write(
            pixels,
            photometric="rgb" if mode.startswith("RGB") else "minisblack",
            extrasamples=["unassalpha"] if mode.endswith("A") else [],
            compression="zlib",
            predictor=True,
            iccprofile=metadata.for_result(mode, size).get("icc_profile"),
            resolution=(float(horizontal), float(vertical)),
            resolutionunit=2 if metadata.dpi else tags.get(RESOLUTION_UNIT, 1),
            extratags=[_tag(tags, code) for code in tags if code not in OWN_TAGS],
            metadata=None,
            software=False,
        )
    return file.getvalue()


def _tag(tags: ImageFileDirectory_v2, code: int) -> tuple[int | str, int, int, Any, bool]:
    """A tag as tifffile takes it: code, type, number of values, and the values."""
    value: Any = tags[code]
    kind = tags.tagtype[code]
    if isinstance(value, str):
        value = value.encode("ascii", "replace")
    if isinstance(value, bytes):
        return code, kind, len(value), value, True
    values: list[Any] = list(value) if isinstance(value, tuple) else [value]
    parts = [part for v in values for part in (v.numerator, v.denominator)] if kind in RATIONALS else values
    return DIRECTORIES.get(code, code), kind, len(values), parts, True
