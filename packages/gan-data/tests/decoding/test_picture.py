"""Sound pictures are read whatever their metadata, and only in the formats of the list."""

import os
import struct
import subprocess
import sys
import zlib

import pytest
import torch
from gan_data import (
    DataError,
    Images,
    check,
    open_picture,
    read_image,
    split_by_content,
    without_large_metadata,
)
from gan_data.decoding.picture import _set_pixel_limit
from gan_data.decoding.sizes import read_size
from PIL import Image, PngImagePlugin

LONG = zlib.compress(bytes(3_000_000))
TEXTS = {
    "text": (b"zTXt", b"parameters\0\0" + LONG),
    "international": (b"iTXt", b"workflow\0\1\0en\0key\0" + LONG),
    "profile": (b"iCCP", b"ICC\0\0" + LONG),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("kind", TEXTS)
def test_metadata_of_megabytes(png, tmp_path, kind, place):
    path = png(8, 2, bytes(range(6)), **{place: [TEXTS[kind]]})
    assert read_image(path).shape == (3, 1, 2)
    assert read_size(path) == (1, 2)
    assert [f for f in check(tmp_path) if f.severity == "error"] == []


def test_many_texts_of_less_than_a_megabyte(png, monkeypatch):
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_MEMORY", 2000)
    text = (b"tEXt", b"note\0" + bytes(900))
    assert read_size(png(8, 2, bytes(6), before=[text] * 3)) == (1, 2)


def test_only_what_is_too_large_is_left_out(png):
    path = png(
        8, 2, bytes(6), before=[(b"tEXt", b"Title\0roses"), TEXTS["text"], (b"eXIf", b"II*\0\x08\0\0\0\0\0")]
    )
    data = path.read_bytes()
    smaller = without_large_metadata(data)
    assert len(smaller) == len(data) - 12 - len(TEXTS["text"][1])
    assert b"roses" in smaller
    assert b"eXIf" in smaller
    assert without_large_metadata(smaller) is smaller
    assert without_large_metadata(b"GIF89a") == b"GIF89a"


XMP = b'<rdf:Description tiff:Orientation="6"/>' + b" " * 3_000_000
EXIF = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 274, 3, 1, 6) + bytes(4) + bytes(1_000_000)
ORIENTED = {
    "XMP": (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)),
    "ImageMagick": (
        b"zTXt",
        b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 1000026\n" + EXIF.hex().encode()),
    ),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("kind", ORIENTED)
def test_an_orientation_in_large_metadata_is_not_lost(png, kind, place):
    """Without it the image would be on its side."""
    path = png(8, 2, bytes(range(6)), **{place: [ORIENTED[kind]]})
    assert read_image(path).shape == (3, 2, 1)
    assert read_size(path) == (2, 1)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_damaged_exif_does_not_matter(tmp_path, suffix):
    Image.new("RGB", (3, 2), "red").save(tmp_path / f"x.{suffix}", exif=b"Exif\0\0no TIFF header")
    assert read_image(tmp_path / f"x.{suffix}").shape == (3, 2, 3)
    assert read_size(tmp_path / f"x.{suffix}") == (2, 3)


@pytest.mark.parametrize("suffix", ["jp2", "j2k", "dib", "pcx", "sgi", "avif"])
def test_formats(tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    try:
        Image.new("RGB", (6, 4), "red").save(path)
    except (KeyError, ValueError):
        pytest.skip("this Pillow does not write it")
    assert (read_image(path)[0] - 1).abs().max() < 0.05
    assert len(Images(tmp_path)) == 1


def test_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.new("RGB", (64, 64), "red")).save(tmp_path / "x.heic")
    assert (read_image(tmp_path / "x.heic")[0] - 1).abs().max() < 0.05
    code = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from gan_data import check\nprint(*check(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert "x.heic: is HEIC, which needs pillow-heif; pip install pillow-heif" in done.stdout


@pytest.mark.parametrize("suffix", ["png", "jpg", "eps"])
def test_postscript_never_starts_ghostscript(tmp_path, monkeypatch, suffix):
    """A program named gs that is found first would leave a file."""
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    Image.init()
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(DataError, match="holds PostScript, which is not read as an image; save it as PNG"):
        read_image(path)
    assert not (tmp_path / "started").exists()
    with path.open("rb") as file, pytest.raises(Image.UnidentifiedImageError):
        open_picture(file)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<!DOCTYPE html>", "holds a web page instead of an image; download it again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "holds a pointer of Git LFS instead of an image"),
        (b"\xff\n" + bytes(50), "holds JPEG XL, which is not read as an image; save it as PNG"),
        (b"%PDF-1.7", "holds PDF, which is not read"),
        (b"\x89PNG\r\n\x1a\n", "is truncated or corrupt"),
    ],
)
def test_what_else_a_file_holds(tmp_path, content, sentence):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_image(tmp_path / "x.png")


def bmp(bits, compression, masks):
    pixels = bytes(bits // 8 * 4)
    header = struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, bits, compression, len(pixels), 0, 0, 0, 0)
    content = header + struct.pack(f"<{len(masks)}I", *masks) + pixels
    return b"BM" + struct.pack("<IHHI", 14 + len(content), 0, 0, 54 + 4 * len(masks)) + content


def jpeg(bits, channels=1):
    frame = struct.pack(">BHHB", bits, 1, 1, channels) + b"\1\x11\0" * channels
    return b"\xff\xd8\xff\xc1" + struct.pack(">H", 2 + len(frame)) + frame + b"\xff\xd9"


def tiff(bits, sample_format, samples):
    tags = [
        (256, 1),
        (257, 1),
        (258, bits),
        (259, 1),
        (262, 2),
        (273, 8),
        (277, samples),
        (278, 1),
        (279, 24),
        (339, sample_format),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.jpg", jpeg(12), r"JPEG of a kind that is not supported \(12 bits a channel\)"),
        ("x.jpg", jpeg(8, channels=2), r"JPEG of a kind that is not supported \(2 channels\)"),
        (
            "x.tif",
            tiff(32, 3, 3),
            r"TIFF of a kind that is not supported \(3 x 32-bit floats, RGB, compression 1\)",
        ),
        (
            "x.bmp",
            bmp(16, 3, (0xF00, 0xF0, 0xF)),
            r"BMP of a kind that is not supported \(Unsupported BMP bit",
        ),
        ("x.bmp", bmp(64, 0, ()), "BMP of a kind that is not supported"),
    ],
)
def test_sound_pictures_beyond_pillow_are_not_supported_rather_than_corrupt(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    for read in (read_image, lambda path: Images([path])):
        with pytest.raises(DataError, match=rf"{name}: is a {kind}.*; save it again as PNG, with 8 or 16"):
            read(tmp_path / name)


def test_the_number_of_pixels_must_be_one(save, monkeypatch):
    monkeypatch.setenv("GAN_MAX_PIXELS", "many")
    _set_pixel_limit.cache_clear()
    with pytest.raises(DataError, match="GAN_MAX_PIXELS must be a number of pixels; got 'many'"):
        Images([save("x.png")])


def test_scans_of_many_pixels_are_read_on_request(save, monkeypatch):
    path = save("x.png", size=(20, 20))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    _set_pixel_limit.cache_clear()
    with pytest.raises(DataError, match="make it smaller, or allow it by setting GAN_MAX_PIXELS=400"):
        Images([path])
    monkeypatch.setenv("GAN_MAX_PIXELS", "400")
    _set_pixel_limit.cache_clear()
    assert len(Images([path])) == 1
    _set_pixel_limit.cache_clear()


def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    for read in (read_image, lambda path: Images([path]), lambda path: split_by_content([path, path])):
        with pytest.raises(DataError, match=r"x\.png: cannot be opened \(a named pipe, not a regular"):
            read(tmp_path / "x.png")
    with pytest.raises(DataError, match="a device, not a regular file"):
        read_image("/dev/zero")


def test_large_texts_leave_the_pixels_as_they_are(save, tmp_path):
    path = save("x.png")
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a" * 1_500_000, zip=True)
    with Image.open(path) as image:
        image.save(tmp_path / "y.png", pnginfo=info)
    assert torch.equal(read_image(path), read_image(tmp_path / "y.png"))
