"""Sizes from headers equal those of decoded pictures."""

import struct

import pytest
from gan_data import read_image
from gan_data.decoding.sizes import read_size
from PIL import Image


def test_the_header_of_a_rotated_jpeg_gives_the_upright_size(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (10, 4)).save(tmp_path / "x.jpg", exif=exif)
    assert read_size(tmp_path / "x.jpg") == (10, 4)
    assert read_image(tmp_path / "x.jpg").shape == (3, 10, 4)


ROTATED = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 274, 3, 1, 6) + bytes(4)  # rotated by EXIF
XMP = b'<rdf:Description tiff:Orientation="6"/>'
ORIENTED = {
    "nothing": (b"tEXt", b"Comment\0not rotated"),
    "exif": (b"eXIf", ROTATED),
    "ImageMagick": (b"tEXt", b"Raw profile type exif\0\nexif\n      26\n" + ROTATED.hex().encode()),
    "XMP": (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("kind", ORIENTED)
def test_the_header_of_a_png_gives_the_size_of_the_decoded_picture(png, kind, place):
    path = png(8, 0, b"\1\2", **{place: [(b"tEXt", b"Title\0x"), ORIENTED[kind]]})
    assert read_size(path) == ((1, 2) if kind == "nothing" else (2, 1))
    assert read_image(path).shape[1:] == read_size(path)


@pytest.mark.parametrize("suffix", ["tiff", "webp"])
def test_xmp_in_other_headers_counts_as_in_the_decoder(tmp_path, suffix):
    options = {"tiffinfo": {700: XMP}} if suffix == "tiff" else {"xmp": XMP}
    Image.new("RGB", (10, 4)).save(tmp_path / f"x.{suffix}", **options)
    assert read_size(tmp_path / f"x.{suffix}") == read_image(tmp_path / f"x.{suffix}").shape[1:]
