"""Picture files, above all of 16 bits."""

import io
import logging
import struct
import warnings
import zlib

import numpy as np
import png
import pytest
import tifffile
from gan_data import DataError
from gan_nets.pictures.open_file import open_file
from gan_nets.pictures.open_image import set_upright
from PIL import Image, PngImagePlugin

PHOTOMETRIC = {1: "minisblack", 3: "rgb", 4: "rgb"}
UNDO = {  # the orientations of EXIF
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


def noise(*shape, dtype=np.uint16):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def write_png(path, pixels, *chunks, **options):
    """16 bits, with more chunks (name, content) before the pixels."""
    height, width, channels = pixels.shape
    file = io.BytesIO()
    writer = png.Writer(
        width, height, greyscale=channels < 3, alpha=channels % 2 == 0, bitdepth=16, **options
    )
    writer.write(file, pixels.reshape(height, -1).tolist())
    data, more = file.getvalue(), b""
    for name, content in chunks:
        more += struct.pack(">I", len(content)) + name + content
        more += struct.pack(">I", zlib.crc32(name + content))
    path.write_bytes(data[:33] + more + data[33:])


def write_tiff(path, pixels, **options):
    channels = pixels.shape[-1] if pixels.ndim == 3 else 1
    options = {"photometric": PHOTOMETRIC[channels], "metadata": None} | options
    if channels == 4:
        options = {"extrasamples": ["unassalpha"]} | options
    tifffile.imwrite(path, pixels, **options)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_png_of_16_bits(tmp_path, channels, interlace, caplog):
    pixels = noise(7, 5, channels)
    write_png(tmp_path / "in.png", pixels, interlace=interlace)
    with caplog.at_level(logging.DEBUG):
        found = open_file(tmp_path / "in.png").sixteen_bit
    assert np.array_equal(found.reshape(pixels.shape), pixels)
    assert found.shape == (pixels.shape if channels > 1 else (7, 5))
    assert not [record for record in caplog.records if record.name == "imagecodecs"]


@pytest.mark.parametrize(
    "chunk",
    [
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"sRGB", b"\0"),
        (b"sBIT", bytes([12, 12, 12])),
        (b"bKGD", bytes(6)),
        (b"tEXt", b"Comment\0none"),
    ],
    ids=lambda chunk: chunk[0].decode(),
)
def test_other_chunks_of_a_png_do_not_change_its_pixels(tmp_path, chunk):
    pixels = noise(7, 5, 3)
    write_png(tmp_path / "in.png", pixels, chunk)
    assert np.array_equal(open_file(tmp_path / "in.png").sixteen_bit, pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_color_of_a_png_becomes_alpha(tmp_path, channels):
    pixels = noise(7, 5, channels)
    pixels[:2] = pixels[0, 0]
    write_png(tmp_path / "in.png", pixels, (b"tRNS", pixels[0, 0].astype(">u2").tobytes()))
    found = open_file(tmp_path / "in.png").sixteen_bit
    assert np.array_equal(found[..., :-1], pixels)
    assert np.array_equal(found[..., -1], np.where((pixels == pixels[0, 0]).all(-1), 0, 65_535))


COMPRESSIONS = [(None, False), ("packbits", False)]  # and predictors, that Pillow reads as well
COMPRESSIONS += [("zlib", False), ("zlib", True), ("lzw", False), ("lzw", True)]


@pytest.mark.parametrize(
    ("channels", "compression", "predictor"),
    [(channels, *compression) for channels in (1, 3, 4) for compression in COMPRESSIONS]
    + [(3, "packbits", True), (3, "lzma", False), (4, "lzma", True)],
)
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"rowsperstrip": 7}], ids=["", "tiles", "strips"])
def test_tiff_of_16_bits(tmp_path, channels, compression, predictor, byteorder, layout):
    pixels = noise(40, 30, channels)
    pixels[:20] = 7
    pixels = pixels[..., 0] if channels == 1 else pixels
    options = {"compression": compression, "predictor": predictor, "byteorder": byteorder} | layout
    write_tiff(tmp_path / "in.tif", pixels, **options)
    assert np.array_equal(open_file(tmp_path / "in.tif").sixteen_bit, pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_predictor_without_compression_is_ignored(tmp_path, channels):
    """As by other libraries; some write the tag, and no differences."""
    pixels = noise(40, 30, channels)
    pixels = pixels[..., 0] if channels == 1 else pixels
    write_tiff(tmp_path / "in.tif", pixels, compression=None)
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+b") as file:
        tags = file.pages.first.tags
        assert 305 in tags  # a tag that can be turned into another one
        offset, order = tags[305].offset, file.byteorder
        file.filehandle.seek(offset)
        file.filehandle.write(struct.pack(f"{order}HHII", 317, 3, 1, 2))
    assert np.array_equal(open_file(tmp_path / "in.tif").sixteen_bit, pixels)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"tile": (16, 16)}])
def test_tiff_with_separate_planes(tmp_path, channels, options):
    planes = noise(channels, 40, 30)
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    write = {"photometric": "rgb", "planarconfig": "separate"} | extra | options
    tifffile.imwrite(tmp_path / "in.tif", planes, **write)
    assert np.array_equal(open_file(tmp_path / "in.tif").sixteen_bit, planes.transpose(1, 2, 0))


def test_big_tiff_and_the_first_of_several_pages(tmp_path):
    pages = noise(3, 7, 5, 3)
    tifffile.imwrite(tmp_path / "in.tif", pages, photometric="rgb", bigtiff=True, byteorder="<")
    file = open_file(tmp_path / "in.tif")
    assert file.frames == 3
    assert np.array_equal(file.sixteen_bit, pages[0])


def test_premultiplied_alpha_of_a_tiff_becomes_straight(tmp_path):
    straight = np.array([[[40_000, 20_000, 0, 32_768], [7, 7, 7, 0]]], np.uint16)
    multiplied = straight.copy()
    multiplied[..., :3] = (straight[..., :3].astype(float) * straight[..., 3:] / 65_535).round()
    write_tiff(tmp_path / "in.tif", multiplied, extrasamples=["assocalpha"])
    found = open_file(tmp_path / "in.tif").sixteen_bit
    assert np.abs(found[0, 0].astype(int) - straight[0, 0]).max() <= 1
    assert found[0, 1].tolist() == [0, 0, 0, 0]


def test_a_fourth_channel_of_a_tiff_that_is_not_alpha_is_left_out(tmp_path):
    pixels = noise(7, 5, 4)
    write_tiff(tmp_path / "in.tif", pixels, extrasamples=["unspecified"])
    assert np.array_equal(open_file(tmp_path / "in.tif").sixteen_bit, pixels[..., :3])


@pytest.mark.parametrize("orientation", UNDO)
@pytest.mark.parametrize("channels", [1, 3])
def test_orientation_of_16_bits(tmp_path, orientation, channels):
    pixels = noise(4, 6, channels)
    exif = Image.Exif()
    exif[274] = orientation
    content = exif.tobytes().removeprefix(b"Exif\0\0")
    write_png(tmp_path / "in.png", pixels, (b"eXIf", content))
    pixels = pixels if channels > 1 else pixels[..., 0]
    write_tiff(tmp_path / "in.tif", pixels, extratags=[(274, "H", 1, orientation, True)])
    for suffix in ("png", "tif"):
        found = open_file(tmp_path / f"in.{suffix}").sixteen_bit
        assert np.array_equal(found, UNDO[orientation](pixels)), suffix


def test_gray_of_16_bits_in_other_formats(tmp_path):
    pixels = noise(7, 5)
    (tmp_path / "in.pgm").write_bytes(b"P5\n5 7\n65535\n" + pixels.astype(">u2").tobytes())
    Image.fromarray(pixels).save(tmp_path / "in.jp2")
    for suffix in ("pgm", "jp2"):
        assert np.array_equal(open_file(tmp_path / f"in.{suffix}").sixteen_bit, pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_files_of_8_bits_have_no_16(tmp_path, mode, suffix):
    Image.new(mode, (5, 7)).save(tmp_path / f"in.{suffix}")
    file = open_file(tmp_path / f"in.{suffix}")
    assert file.sixteen_bit is None
    assert file.image.mode == mode


@pytest.mark.parametrize("name", ["in.png", "lzw.tif", "raw.tif"])
@pytest.mark.parametrize("part", [0.7, 0.9])
def test_a_truncated_file_is_an_error(tmp_path, name, part):
    pixels = noise(40, 30, 3)
    write_png(tmp_path / "in.png", pixels)
    write_tiff(tmp_path / "lzw.tif", pixels, compression="lzw")
    write_tiff(tmp_path / "raw.tif", pixels)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(part * len(data))])
    with pytest.raises(
        ValueError, match=rf"{name}: is truncated or corrupt \(.+\); copy it again or delete it$"
    ):
        open_file(tmp_path / name)


def test_what_is_not_supported_is_one_sentence(tmp_path):
    write_tiff(tmp_path / "cmyk.tif", noise(7, 5, 4), photometric="separated", extrasamples=[])
    with pytest.raises(ValueError, match=r"cmyk\.tif: expected 8 bits, .*; got SEPARATED in uint16; convert"):
        open_file(tmp_path / "cmyk.tif")
    write_tiff(tmp_path / "float.tif", np.zeros((7, 5), np.float32))
    with pytest.raises(ValueError, match=r"float\.tif: expected .*; got MINISBLACK in float32; convert it"):
        open_file(tmp_path / "float.tif")
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "absent.png")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty (0 bytes)"),
        (b"no picture", "is not an image, despite its name"),
        (b"<!doctype html>", "holds a web page instead of an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "holds PostScript"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "is truncated or corrupt"),
    ],
)
def test_a_file_that_is_no_picture_is_said_in_the_words_of_gan_data(tmp_path, content, problem):
    (tmp_path / "in.png").write_bytes(content)
    with pytest.raises(DataError) as raised:
        open_file(tmp_path / "in.png")
    assert str(raised.value).startswith(f"{tmp_path / 'in.png'}: {problem}")
    assert "; " in str(raised.value)


def test_a_picture_beyond_the_limit_of_pillow_is_opened_up_to_a_limit_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    monkeypatch.delenv("GAN_MAX_PIXELS", raising=False)
    Image.new("1", (8, 8)).save(tmp_path / "in.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_file(tmp_path / "in.png").image.size == (8, 8)
    assert Image.MAX_IMAGE_PIXELS == 20
    monkeypatch.setattr("gan_nets.pictures.open_file.MOST_PIXELS", 50)
    with pytest.raises(ValueError, match=r"more pixels than .* \(64; the limit is 50\); .*GAN_MAX_PIXELS=64"):
        open_file(tmp_path / "in.png")


def test_a_sound_picture_with_large_or_damaged_metadata_is_opened(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("notes", "x" * 2_000_000, zip=True)
    Image.new("RGB", (5, 7)).save(tmp_path / "in.png", pnginfo=info)
    assert open_file(tmp_path / "in.png").image.size == (5, 7)
    Image.new("RGB", (5, 7)).save(tmp_path / "in.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(8))
    file = open_file(tmp_path / "in.jpg")
    assert set_upright(file.image).size == (5, 7)
