"""Colour pictures of 16 bits in PNG and TIFF, which Pillow decodes to 8 bits and does not write.

Pillow's decoders unpack the upper byte of each value. Asked for the other byte order they unpack the lower
one, so a file that is decoded twice gives both: every compression that Pillow reads, and no other library.
Written files are Pillow's as well, but for the pixels.
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, TiffTags

from gan_nets.pictures.pillow_modes import deep_grey, set_upright

OTHER_ORDER = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
TIFF_BITS, TIFF_PREMULTIPLIED = 258, "RGBa"
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by channels


def read_deep(image: Image.Image, data: bytes) -> NDArray | None:
    """The upright pixels (H, W) or (H, W, C) uint16 of a file with 16 bits a channel, or None if it has less.

    Args:
        image: the file as Pillow opened it, not yet loaded.
        data: the file's contents.

    Raises:
        ValueError: 16 bits in an order that Pillow does not decode.
    """
    raw = [_raw_mode(tile) for tile in getattr(image, "tile", ())]
    if image.mode.startswith("I"):
        return deep_grey(set_upright(image))
    if not raw or ";16" not in raw[0]:
        if image.format == "TIFF" and max(image.tag_v2.get(TIFF_BITS, (8,))) > 8:  # type: ignore[attr-defined]
            raise ValueError("expected 8 bits, or 16 with a pixel's channels side by side; save it as such")
        return None
    if image.mode == "CMYK":
        raise ValueError("expected CMYK of 8 bits; got 16; save it with 8 bits, or as RGB")
    premultiplied = raw[0].startswith(TIFF_PREMULTIPLIED)
    plain = raw[0].replace(TIFF_PREMULTIPLIED, "RGBA")
    if plain == "LA;16B":  # both bytes of both, at once
        both = _decoded(data, "RGBA")
        return both[..., ::2] * np.uint16(256) + both[..., 1::2]
    lower = plain[:-1] + OTHER_ORDER[plain[-1]]
    pixels = _decoded(data, plain) * np.uint16(256) + _decoded(data, lower)
    return _divided(pixels) if premultiplied else pixels


def _raw_mode(tile: Any) -> str:
    """What the tile's decoder unpacks; of a format without such a thing, nothing."""
    told = tile[3] if isinstance(tile[3], str) else (*(tile[3] or ()), "")[0]
    return told if isinstance(told, str) else ""


def _decoded(data: bytes, raw_mode: str) -> NDArray:
    """(H, W, C) uint16 of what Pillow unpacks in a raw mode of our choice."""
    with Image.open(BytesIO(data)) as image:
        image.tile = [_asked(tile, raw_mode) for tile in image.tile]  # type: ignore[attr-defined]
        return np.asarray(set_upright(image)).astype(np.uint16)


def _asked(tile: Any, raw_mode: str) -> Any:
    told = raw_mode if isinstance(tile[3], str) else (raw_mode, *tile[3][1:])
    make = getattr(type(tile), "_make", tuple)  # newer Pillows name the fields
    return make((*tile[:3], told))


def _divided(pixels: NDArray) -> NDArray:
    """Colours that were multiplied by alpha as they were before."""
    alpha = pixels[..., 3:].astype(np.float64)
    colors = np.divide(
        pixels[..., :3] * 65_535.0, alpha, out=np.zeros_like(pixels[..., :3], float), where=alpha > 0
    )
    return np.concatenate([colors.round().clip(0, 65_535).astype(np.uint16), pixels[..., 3:]], axis=-1)


def png_of(pixels: NDArray, **about: Any) -> bytes:
    """A PNG of (H, W, C) uint16; `about` is what Pillow's writer takes, such as exif and icc_profile."""
    height, width, channels = pixels.shape
    like = BytesIO()
    Image.new(("L", "LA", "RGB", "RGBA")[channels - 1], (1, 1)).save(like, "PNG", **about)
    header = struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPES[channels], 0, 0, 0)
    rows = pixels.astype(">u2").view(np.uint8).reshape(height, -1)
    # Each row less the one above, which PNG calls filter 2.
    rows = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    filtered = np.concatenate([np.full((height, 1), 2, np.uint8), rows], axis=1)
    ours = {b"IHDR": header, b"IDAT": zlib.compress(filtered.tobytes())}
    chunks = (_chunk(name, ours.get(name, content)) for name, content in _chunks(like.getvalue()))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def tiff_of(
    pixels: NDArray,
    *,
    exif: Image.Exif,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """A TIFF of (H, W, C) uint16, compressed without loss."""
    height, width, channels = pixels.shape
    differences = np.diff(pixels, axis=1, prepend=np.zeros_like(pixels[:, :1])).astype("<u2")
    content = zlib.compress(differences.tobytes())
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in exif:
        tags[tag] = exif.get_ifd(tag) if tag in TiffTags.TAGS_V2_GROUPS else exif[tag]
    if icc_profile:
        tags[34_675] = icc_profile
    if dpi:
        tags[282], tags[283], tags[296] = *dpi, 2  # an inch
    tags[256], tags[257], tags[258], tags[277] = width, height, (16,) * channels, channels
    tags[259], tags[317] = 8, 2  # deflate of the differences from pixel to pixel
    tags[262], tags[284] = 1 if channels < 3 else 2, 1  # black is 0, or RGB; channels side by side
    if channels in (2, 4):
        tags[338] = 2  # alpha, by which colours are not multiplied
    tags[278], tags[273], tags[279] = height, 0, len(content)  # one strip, right behind the tags
    file = BytesIO()
    tags.save(file)
    file.write(content)
    return file.getvalue()
