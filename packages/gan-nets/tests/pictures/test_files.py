"""Picture files: formats, 16 bits, orientation, what goes with them."""

import io

import numpy as np
import png
import pytest
import tifffile
import torch
from gan_nets import Usage, translate, translate_file
from PIL import Image, ImageCms
from torch import nn

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TURNS = {  # what undoes each orientation, in NumPy's words
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


class Identity(nn.Module):
    def forward(self, x):
        return x


class Twice(nn.Module):
    def forward(self, x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def png16(pixels, **options):
    """By another library."""
    height, width, channels = pixels.shape
    file = io.BytesIO()
    writer = png.Writer(
        width, height, greyscale=channels < 3, alpha=channels % 2 == 0, bitdepth=16, **options
    )
    writer.write(file, pixels.reshape(height, -1).tolist())
    return file.getvalue()


def read_png16(path):
    width, height, rows, about = png.Reader(filename=str(path)).read()
    assert about["bitdepth"] == 16
    return np.vstack([np.array(row, np.uint16) for row in rows]).reshape(height, width, about["planes"])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("options", [{}, {"interlace": True}], ids=["plain", "interlaced"])
def test_png_of_16_bits_is_kept_whole(tmp_path, channels, options):
    pixels = noise(7, 5, channels, dtype=np.uint16)
    (tmp_path / "in.png").write_bytes(png16(pixels, **options))
    translate_file(Identity(), tmp_path / "in.png", tmp_path / "out.png")
    assert np.array_equal(read_png16(tmp_path / "out.png"), pixels)
    translate_file(Twice(), tmp_path / "in.png", tmp_path / "out.tif")
    enlarged = tifffile.imread(tmp_path / "out.tif").reshape(14, 10, channels)
    colors = 1 if channels < 3 else 3  # alpha is interpolated
    assert np.array_equal(enlarged[::2, ::2, :colors], pixels[..., :colors])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_of_16_bits_is_kept_whole(tmp_path, channels, byteorder, compression):
    pixels = noise(7, 5, channels, dtype=np.uint16)
    photometric, extra = (
        ("minisblack" if channels == 1 else "rgb"),
        (["unassalpha"] if channels == 4 else None),
    )
    tifffile.imwrite(
        tmp_path / "in.tif", pixels if channels > 1 else pixels[..., 0], byteorder=byteorder,
        compression=compression, photometric=photometric, extrasamples=extra,
    )  # fmt: skip
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif").reshape(pixels.shape), pixels)
    translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.png")
    assert np.array_equal(read_png16(tmp_path / "out.png"), pixels)
    with pytest.raises(ValueError, match=r"JPEG can't hold the picture's 16 bits; write a \.png or \.tif"):
        translate_file(Identity(), tmp_path / "in.tif", tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_tiff_with_premultiplied_alpha_becomes_straight(tmp_path):
    straight = np.array([[[40_000, 20_000, 0, 32_768], [7, 7, 7, 0]]], np.uint16)
    multiplied = straight.copy()
    multiplied[..., :3] = (straight[..., :3].astype(float) * straight[..., 3:] / 65_535).round()
    tifffile.imwrite(tmp_path / "in.tif", multiplied, photometric="rgb", extrasamples=["assocalpha"])
    result = translate(Identity(), tmp_path / "in.tif")
    assert np.abs(result[0, 0].astype(int) - straight[0, 0]).max() <= 1
    assert result[0, 1].tolist() == [0, 0, 0, 0]


def test_what_is_kept_apart_by_planes_is_refused_rather_than_garbled(tmp_path):
    planes = noise(3, 7, 5, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(ValueError, match="a pixel's channels side by side"):
        translate(Identity(), tmp_path / "in.tif")


def test_a_path_gives_pillows_picture_or_an_array_of_16_bits(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "8.png")
    assert translate(Identity(), tmp_path / "8.png").size == (6, 4)
    (tmp_path / "16.png").write_bytes(png16(noise(4, 6, 3, dtype=np.uint16)))
    assert translate(Identity(), str(tmp_path / "16.png")).dtype == np.uint16
    (tmp_path / "16.png").write_bytes(png16(noise(4, 6, 1, dtype=np.uint16)))
    assert translate(Identity(), str(tmp_path / "16.png")).mode == "I;16"


def about():
    exif = Image.Exif()
    exif[271], exif[315], exif[33432] = "Camera", "Painter", "mine"
    exif[0x8769] = {33437: 2.5, 36867: "2020:01:01 00:00:00"}
    return exif


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_orientation_profile_and_exif_of_files(tmp_path, suffix, orientation):
    """Twice as large, upright, and nobody turns it again."""
    stored = np.kron(noise(2, 3, 3) // 2 + 64, np.ones((8, 8, 1), np.uint8))  # flat squares, for JPEG
    exif = about()
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
        expected = TURNS[orientation](stored).repeat(2, 0).repeat(2, 1)
        difference = np.abs(np.asarray(result.convert("RGB")).astype(int) - expected)
        assert result.size == expected.shape[1::-1]
        assert difference.mean() < (8 if suffix == ".jpg" else 1e-9)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_orientation_profile_and_exif_of_16_bits(tmp_path, suffix):
    pixels = noise(4, 6, 3, dtype=np.uint16)
    exif = about()
    exif[274] = 6
    if suffix == ".png":
        plain = io.BytesIO()
        Image.new("RGB", (1, 1)).save(plain, "PNG", exif=exif, icc_profile=SRGB, dpi=(300, 300))
        ours, data = png16(pixels), plain.getvalue()
        data = data[:8] + ours[8:33] + data[33 : data.index(b"IDAT") - 4] + ours[ours.index(b"IDAT") - 4 :]
        (tmp_path / "in.png").write_bytes(data)
    else:
        tags = [(274, "H", 1, 6, True), (271, "s", 0, "Camera", True)]
        tifffile.imwrite(
            tmp_path / "in.tif", pixels, photometric="rgb", iccprofile=SRGB, extratags=tags,
            resolution=(300, 300), resolutionunit=2,
        )  # fmt: skip
    translate_file(Identity(), tmp_path / f"in{suffix}", tmp_path / f"out{suffix}")
    result = tmp_path / f"out{suffix}"
    found = read_png16(result) if suffix == ".png" else tifffile.imread(result)
    assert np.array_equal(found, np.rot90(pixels, -1))
    with Image.open(result) as image:
        image.load()
        assert image.info["icc_profile"] == SRGB
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert 274 not in image.getexif()
        assert image.getexif()[271] == "Camera"
        if suffix == ".png":
            assert image.getexif().get_ifd(0x8769) == {33437: 2.5, 36867: "2020:01:01 00:00:00"}


def test_exif_without_a_cameras_details_gets_none(tmp_path):
    exif = Image.Exif()
    exif[271] = "Camera"
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.jpg", exif=exif)
    translate_file(Identity(), tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as result:
        assert dict(result.getexif()) == {271: "Camera"}


def test_exif_of_a_photo_goes_into_a_tiff_of_16_bits(tmp_path):
    """What a colouriser makes of 16 bits of grey, with nested tags."""
    plain = io.BytesIO()
    Image.fromarray(noise(4, 6, dtype=np.uint16)).save(plain, "PNG", exif=about())
    (tmp_path / "in.png").write_bytes(plain.getvalue())
    net = nn.Conv2d(1, 2, 1)
    net.usage = Usage(task="colorize", color_space="ycrcb")
    translate_file(net, tmp_path / "in.png", tmp_path / "out.tif")
    assert tifffile.imread(tmp_path / "out.tif").shape == (4, 6, 3)
    assert tifffile.imread(tmp_path / "out.tif").dtype == np.uint16
    with Image.open(tmp_path / "out.tif") as image:
        assert image.getexif()[271] == "Camera"
        assert image.getexif().get_ifd(0x8769) == {33437: 2.5, 36867: "2020:01:01 00:00:00"}


FORMATS = {  # what each holds, of modes that come back as they were
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


def test_alpha_is_not_lost_without_a_word(tmp_path):
    Image.fromarray(noise(4, 6, 4)).save(tmp_path / "in.png")
    with pytest.raises(ValueError, match=r"JPEG has no transparency, which the result has; write a \.png"):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / "out.jpg")
    with pytest.raises(ValueError, match=r"expected a suffix of a format that can be written"):
        translate_file(Identity(), tmp_path / "in.png", tmp_path / "out.xyz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.png"]


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".tif", ".tga", ".jp2"])
def test_a_palette_with_transparency_goes_into_other_formats(tmp_path, suffix):
    image = Image.frombytes("P", (9, 6), (noise(6, 9) // 16).tobytes())
    image.putpalette(noise(48).tobytes())
    image.save(tmp_path / "in.png", transparency=3)
    translate_file(Identity(), tmp_path / "in.png", tmp_path / f"out{suffix}")
    with Image.open(tmp_path / "in.png") as before, Image.open(tmp_path / f"out{suffix}") as after:
        expected, found = (np.asarray(picture.convert("RGBA")) for picture in (before, after))
        assert np.array_equal(found[..., 3], expected[..., 3])
        assert np.array_equal(found[expected[..., 3] > 0], expected[expected[..., 3] > 0])


def test_palette_to_jpeg_and_grey_to_webp_lose_nothing_by_it(tmp_path):
    image = Image.new("P", (16, 16), 3)
    image.putpalette(noise(768).tobytes())
    image.save(tmp_path / "in.png")
    translate_file(Identity(), tmp_path / "in.png", tmp_path / "new" / "out.jpg")
    with Image.open(tmp_path / "new" / "out.jpg") as result:
        difference = np.asarray(result).astype(int) - np.asarray(image.convert("RGB"))
        assert np.abs(difference).max() <= 2


def test_a_file_is_replaced_only_when_told(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    before = (tmp_path / "in.png").read_bytes()
    with pytest.raises(FileExistsError, match=r"in\.png is there already"):
        translate_file(Twice(), tmp_path / "in.png", tmp_path / "in.png")
    assert (tmp_path / "in.png").read_bytes() == before
    translate_file(Twice(), tmp_path / "in.png", tmp_path / "in.png", overwrite=True)
    with Image.open(tmp_path / "in.png") as result:
        assert result.size == (12, 8)


class Killed(nn.Module):
    def forward(self, x):  # noqa: ARG002
        raise KeyboardInterrupt


def test_what_is_interrupted_leaves_nothing(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    with pytest.raises(KeyboardInterrupt):
        translate_file(Killed(), tmp_path / "in.png", tmp_path / "out.png")
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_of_an_animation_the_first_picture_is_taken_and_that_is_said(tmp_path):
    frames = [Image.new("L", (4, 4), 80 * i) for i in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match=r"in\.gif holds 3 pictures, of which the first is translated"):
        result = translate(Identity(), tmp_path / "in.gif")
    assert np.asarray(result.convert("L")).tolist() == [[0] * 4] * 4


def test_numbers_that_are_none_are_an_error(tmp_path):
    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "in.png")
    net = nn.Conv2d(3, 3, 1)
    nn.init.constant_(net.weight, torch.nan)
    with pytest.raises(ValueError, match="the network made of this picture some that are none"):
        translate_file(net, tmp_path / "in.png", tmp_path / "out.png")
