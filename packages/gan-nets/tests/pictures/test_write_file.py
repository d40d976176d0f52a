"""Files that `translate_file` writes: formats, 16 bits, orientation, metadata."""

import os

import numpy as np
import png
import pytest
import tifffile
import torch
from gan_nets import Usage, translate, translate_file
from PIL import Image, ImageCms, ImageOps
from torch import nn

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


class Identity(nn.Module):
    def forward(self, x):
        return x


class Twice(nn.Module):
    def forward(self, x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def read_png16(path):
    width, height, rows, about = png.Reader(filename=str(path)).read()
    assert about["bitdepth"] == 16
    return np.vstack([np.array(row, np.uint16) for row in rows]).reshape(height, width, about["planes"])


def write_tiff16(path, pixels, **options):
    channels = pixels.shape[-1]
    extra = ["unassalpha"] if channels == 4 else []
    options = {"photometric": "rgb" if channels > 2 else "minisblack", "extrasamples": extra} | options
    tifffile.imwrite(path, pixels if channels > 1 else pixels[..., 0], metadata=None, **options)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_kept_exactly(tmp_path, channels):
    pixels = noise(7, 5, channels, dtype=np.uint16)
    write_tiff16(tmp_path / "in.tif", pixels)
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.png")
    assert np.array_equal(read_png16(tmp_path / "out.png"), pixels)
    translate_file(Identity(), tmp_path / "out.png", tmp_path / "out.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif").reshape(pixels.shape), pixels)
    translate_file(Twice(), tmp_path / "in.tif", tmp_path / "twice.png")
    enlarged = read_png16(tmp_path / "twice.png")
    assert enlarged.shape == (14, 10, channels)
    colors = 1 if channels < 3 else 3  # alpha is interpolated
    assert np.array_equal(enlarged[::2, ::2, :colors], pixels[..., :colors])
    with pytest.raises(ValueError, match=r"JPEG can't hold the picture's 16 bits; write a \.png or \.tif"):
        translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_gray_of_16_bits_with_alpha_is_kept_exactly(tmp_path):
    pixels = noise(7, 5, 2, dtype=np.uint16)
    with (tmp_path / "in.png").open("wb") as file:
        png.Writer(5, 7, greyscale=True, alpha=True, bitdepth=16).write(file, pixels.reshape(7, -1).tolist())
    for suffix, read in ((".png", read_png16), (".tif", tifffile.imread)):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / f"out{suffix}")
        assert np.array_equal(read(tmp_path / f"out{suffix}"), pixels)


def test_a_path_gives_pillows_image_or_an_array_of_16_bits(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "8.png")
    assert translate(Identity(), tmp_path / "8.png").size == (6, 4)
    write_tiff16(tmp_path / "16.tif", noise(4, 6, 3, dtype=np.uint16))
    assert translate(Identity(), str(tmp_path / "16.tif")).dtype == np.uint16
    write_tiff16(tmp_path / "16.tif", noise(4, 6, 1, dtype=np.uint16))
    assert translate(Identity(), str(tmp_path / "16.tif")).mode == "I;16"


def camera_exif():
    exif = Image.Exif()
    exif[271], exif[315], exif[33432] = "Camera", "Painter", "mine"
    exif[0x8769] = {33437: 2.5, 36867: "2020:01:01 00:00:00"}
    return exif


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_profile_and_exif_of_8_bits(tmp_path, suffix, orientation):
    """The result is upright, and has no orientation."""
    stored = np.kron(noise(2, 3, 3) // 2 + 64, np.ones((8, 8, 1), np.uint8))  # flat squares, for JPEG
    exif = camera_exif()
    exif[274] = orientation
    lossless = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(stored).save(
        tmp_path / f"in{suffix}", exif=exif.tobytes(), icc_profile=SRGB, dpi=(300, 300), **lossless
    )
    translate_file(Twice(), tmp_path / f"in{suffix}", tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as result:
        result.load()
        kept = result.getexif()
        assert kept.get(274, 1) == 1
        assert (kept[271], kept[315], kept[33432]) == ("Camera", "Painter", "mine")
        assert kept.get_ifd(0x8769) == {33437: 2.5, 36867: "2020:01:01 00:00:00"}
        assert result.info["icc_profile"] == SRGB
        if suffix != ".webp":
            assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        exif[274] = orientation
        upright = Image.fromarray(stored)
        upright.info["exif"] = exif.tobytes()
        expected = np.asarray(ImageOps.exif_transpose(upright)).repeat(2, 0).repeat(2, 1)
        difference = np.abs(np.asarray(result.convert("RGB")).astype(int) - expected)
        assert result.size == expected.shape[1::-1]
        assert difference.mean() < (8 if suffix == ".jpg" else 1e-9)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_orientation_profile_and_exif_of_16_bits(tmp_path, suffix):
    pixels = noise(4, 6, 3, dtype=np.uint16)
    tags = [(274, "H", 1, 6, True), (271, "s", 0, "Camera", True), (33_432, "s", 0, b"\xa9 mine", True)]
    write_tiff16(
        tmp_path / "in.tif", pixels, iccprofile=SRGB, extratags=tags, resolution=(300, 300), resolutionunit=2
    )
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / f"out{suffix}")
    result = tmp_path / f"out{suffix}"
    found = read_png16(result) if suffix == ".png" else tifffile.imread(result)
    assert np.array_equal(found, np.rot90(pixels, -1))
    with Image.open(result) as image:
        image.load()
        assert image.info["icc_profile"] == SRGB
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert 274 not in image.getexif()
        assert image.getexif()[271] == "Camera"
        assert image.getexif()[33_432] == "? mine"  # Pillow writes ASCII


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_for_another_kind_of_color_is_left_out_of_16_bits(tmp_path, suffix):
    write_tiff16(tmp_path / "in.tif", noise(4, 6, 1, dtype=np.uint16), iccprofile=SRGB)
    for rgb in (False, True):
        translate_file(Identity(), tmp_path / "in.tif", tmp_path / f"{rgb}{suffix}", rgb=rgb)
        with Image.open(tmp_path / f"{rgb}{suffix}") as image:
            assert ("icc_profile" in image.info) == rgb


def test_metadata_of_a_big_tiff_is_kept(tmp_path):
    pixels = noise(4, 6, 3, dtype=np.uint16)
    tags = [(271, "s", 0, "Camera", True)]
    write_tiff16(tmp_path / "in.tif", pixels, bigtiff=True, iccprofile=SRGB, extratags=tags, byteorder="<")
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), pixels)
    with Image.open(tmp_path / "out.tif") as image:
        assert image.getexif()[271] == "Camera"
        assert image.info["icc_profile"] == SRGB


def test_exif_without_camera_details_gets_none(tmp_path):
    exif = Image.Exif()
    exif[271] = "Camera"
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.jpg", exif=exif)
    translate_file(Identity(), tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as result:
        assert dict(result.getexif()) == {271: "Camera"}


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_nested_exif_goes_into_files_of_16_bits(tmp_path, order):
    """Of a colorizer's result for gray of 16 bits."""
    exif = camera_exif()
    exif.endian = "<" if order == b"II" else ">"
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.5)}
    assert exif.tobytes()[6:8] == order
    Image.fromarray(noise(4, 6, dtype=np.uint16)).save(tmp_path / "in.png", exif=exif.tobytes())
    net = nn.Conv2d(1, 2, 1)
    net.usage = Usage(task="colorize", color_space="ycrcb")
    for suffix, read in ((".png", read_png16), (".tif", tifffile.imread)):
        translate_file(net, tmp_path / "in.png", tmp_path / f"out{suffix}")
        pixels = read(tmp_path / f"out{suffix}")
        assert (pixels.shape, pixels.dtype) == ((4, 6, 3), np.uint16)
        with Image.open(tmp_path / f"out{suffix}") as image:
            kept = image.getexif()
            assert (kept[271], kept[315], kept[33432]) == ("Camera", "Painter", "mine")
            assert kept.get_ifd(0x8769) == {33437: 2.5, 36867: "2020:01:01 00:00:00"}
            assert kept.get_ifd(0x8825) == {1: "N", 2: (1.0, 2.0, 3.5)}


FORMATS = {  # and the modes that each keeps
    "bmp": ["1", "L", "P", "RGB"],
    "gif": ["P", "L"],
    "jpg": ["L", "RGB", "CMYK"],
    "pgm": ["L"],
    "png": ["1", "L", "LA", "P", "RGB", "RGBA"],
    "ppm": ["RGB"],
    "tga": ["L", "RGB", "RGBA"],
    "tif": ["1", "L", "P", "RGB", "RGBA", "CMYK"],
    "webp": ["RGB", "RGBA"],
    "jp2": ["L", "RGB", "RGBA"],
}


@pytest.mark.parametrize(("suffix", "mode"), [(s, m) for s, modes in FORMATS.items() for m in modes])
def test_formats_keep_mode_and_pixels(tmp_path, suffix, mode):
    planes = len(Image.new(mode, (1, 1)).getbands())
    image = Image.fromarray(noise(6, 9) > 127) if mode == "1" else None
    image = image or Image.frombytes(mode, (9, 6), noise(6, 9, planes).tobytes())
    if mode == "P":
        image.putpalette(noise(768).tobytes())
    lossless = {"webp": {"lossless": True, "exact": True}, "jp2": {"irreversible": False}}.get(suffix, {})
    image.save(tmp_path / f"in.{suffix}", **lossless)
    translate_file(Identity(), tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}")
    with Image.open(tmp_path / f"in.{suffix}") as before, Image.open(tmp_path / f"out.{suffix}") as after:
        assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
        shown = [
            np.asarray(i.convert("RGBA") if mode == "P" or suffix == "gif" else i) for i in (before, after)
        ]
        difference = np.abs(shown[0].astype(int) - shown[1])
        assert difference.mean() < (4 if suffix == "jpg" else 1e-9)


def test_a_format_without_alpha_is_refused(tmp_path):
    Image.fromarray(noise(4, 6, 4)).save(tmp_path / "in.png")
    with pytest.raises(ValueError, match=r"JPEG has no transparency, which the result has; write a \.png"):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / "out.jpg")
    with pytest.raises(ValueError, match=r"expected a suffix of a format that can be written"):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / "out.xyz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.png"]


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".tif", ".tga", ".jp2"])
def test_a_transparent_palette_is_kept_by_other_formats(tmp_path, suffix):
    image = Image.frombytes("P", (9, 6), (noise(6, 9) // 16).tobytes())
    image.putpalette(noise(48).tobytes())
    image.save(tmp_path / "in.png", transparency=3)
    translate_file(Identity(), tmp_path / "in.png", tmp_path / f"out{suffix}")
    with Image.open(tmp_path / "in.png") as before, Image.open(tmp_path / f"out{suffix}") as after:
        expected, found = (np.asarray(picture.convert("RGBA")) for picture in (before, after))
        assert np.array_equal(found[..., 3], expected[..., 3])
        assert np.array_equal(found[expected[..., 3] > 0], expected[expected[..., 3] > 0])


def test_a_palette_becomes_rgb_in_a_jpeg(tmp_path):
    image = Image.new("P", (16, 16), 3)
    image.putpalette(noise(768).tobytes())
    image.save(tmp_path / "in.png")
    translate_file(Identity(), tmp_path / "in.png", tmp_path / "new" / "out.jpg")
    with Image.open(tmp_path / "new" / "out.jpg") as result:
        difference = np.asarray(result).astype(int) - np.asarray(image.convert("RGB"))
        assert np.abs(difference).max() <= 2


def test_a_file_is_replaced_only_with_overwrite(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    before = (tmp_path / "in.png").read_bytes()
    with pytest.raises(FileExistsError, match=r"in\.png exists already"):
        translate_file(Twice(), tmp_path / "in.png", tmp_path / "in.png")
    assert (tmp_path / "in.png").read_bytes() == before
    translate_file(Twice(), tmp_path / "in.png", tmp_path / "in.png", overwrite=True)
    with Image.open(tmp_path / "in.png") as result:
        assert result.size == (12, 8)


class Interrupted(nn.Module):
    def forward(self, x):  # noqa: ARG002
        raise KeyboardInterrupt


def test_an_interrupted_call_leaves_no_file(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    with pytest.raises(KeyboardInterrupt):
        translate_file(Interrupted(), tmp_path / "in.png", tmp_path / "out.png")
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_the_first_picture_of_an_animation_is_translated_with_a_warning(tmp_path):
    frames = [Image.new("L", (4, 4), 80 * i) for i in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match=r"in\.gif holds 3 pictures; the first one is translated"):
        result = translate(Identity(), tmp_path / "in.gif")
    assert np.asarray(result.convert("L")).tolist() == [[0] * 4] * 4


def test_nan_in_the_result_is_an_error(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    net = nn.Conv2d(3, 3, 1)
    nn.init.constant_(net.weight, torch.nan)
    with pytest.raises(ValueError, match="the network's result has NaN"):
        translate_file(net, tmp_path / "in.png", tmp_path / "out.png")


class Counted(nn.Module):
    """Says its scale, so that the size of a result is known."""

    def __init__(self, scale=1):
        super().__init__()
        self.scale, self.calls = scale, 0

    def forward(self, x):
        self.calls += 1
        return x.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


def write_kinds(folder):
    """A picture of each kind that some formats can't hold."""
    Image.new("L", (5000, 4)).save(folder / "wide.png")
    Image.new("L", (4, 20_000)).save(folder / "high.png")
    Image.new("RGBA", (4, 4)).save(folder / "alpha.png")
    Image.new("CMYK", (4, 4)).save(folder / "cmyk.jpg")
    write_tiff16(folder / "deep.tif", noise(4, 4, 3, dtype=np.uint16))
    (folder / "folder.png").mkdir()
    (folder / "existing.png").touch()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (
            "wide.png",
            "out.webp",
            "WEBP holds at most 16,383 pixels a side, and the result has 20,000x16; write",
        ),
        (
            "high.png",
            "out.jpg",
            "JPEG holds at most 65,500 pixels a side, and the result has 16x80,000; write",
        ),
        ("high.png", "out.gif", "GIF holds at most 65,535 pixels a side"),
        ("alpha.png", "out.jpg", "JPEG has no transparency, which the result has; write a .png"),
        ("cmyk.jpg", "out.png", "PNG can't hold CMYK; write a .tif, or give --rgb"),
        ("deep.tif", "out.webp", "WEBP can't hold the picture's 16 bits; write a .png or .tif"),
        ("wide.png", "out.xyz", "out.xyz: expected a suffix of a format that can be written"),
        ("wide.png", "folder.png", "folder.png is a folder; give a file"),
        ("wide.png", "existing.png", "existing.png exists already; overwrite=True or"),
        ("wide.png", "existing.png/out.png", "existing.png is a file; choose another place"),
    ],
)
def test_what_can_not_be_written_is_refused_before_the_network_runs(tmp_path, source, target, message):
    write_kinds(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    net = Counted(scale=4)
    with pytest.raises((ValueError, OSError)) as raised:
        translate_file(net, tmp_path / source, tmp_path / target)
    assert message in str(raised.value)
    assert net.calls == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_cmyk_is_written_as_rgb_where_that_is_asked_for(tmp_path):
    write_kinds(tmp_path)
    translate_file(Identity(), tmp_path / "cmyk.jpg", tmp_path / "out.png", rgb=True)
    with Image.open(tmp_path / "out.png") as result:
        assert result.mode == "RGB"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_full_disk_is_told_of_the_output(tmp_path, full_disk, suffix, bits):
    pixels = noise(64, 64, 3, dtype=np.uint8 if bits == 8 else np.uint16)
    if bits == 8:
        Image.fromarray(pixels).save(tmp_path / "in.png")
    elif suffix == ".jpg":
        pytest.skip("JPEG has no 16 bits")
    else:
        write_tiff16(tmp_path / "in.png", pixels)
    with (
        full_disk(1000),
        pytest.raises(OSError, match=r"^\S+out\.\w+ can't be written \(file too large\); free"),
    ):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / f"out{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_of_the_output_before_the_network_runs(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    (tmp_path / "out").mkdir(mode=0o555)
    net = Counted()
    with pytest.raises(OSError, match=r"out\.png can't be written: .*out is read-only; choose another place"):
        translate_file(net, tmp_path / "in.png", tmp_path / "out" / "out.png")
    assert net.calls == 0


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "\u3042" * 83 + ".png", "new\nline \x1b[31m.png"])
def test_any_name_that_the_disk_takes_is_written(tmp_path, name):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / name)
    translate_file(Identity(), tmp_path / name, tmp_path / "out" / name)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_fax_that_is_no_longer_black_and_white_has_another_compression(tmp_path, compression):
    Image.fromarray(noise(16, 24) > 127).save(tmp_path / "in.tif", compression=compression)
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "same.tif")
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "rgb.tif", rgb=True)
    with Image.open(tmp_path / "same.tif") as same, Image.open(tmp_path / "rgb.tif") as rgb:
        assert (same.mode, same.info["compression"]) == ("1", compression)
        assert (rgb.mode, rgb.info["compression"]) == ("RGB", "tiff_adobe_deflate")
        assert np.array_equal(np.array(same.convert("RGB")), np.array(rgb))
