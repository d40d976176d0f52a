"""Every kind of file gives the same picture as in a viewer."""

import struct

import pytest
import torch
from gan_data import DataError, read_image, read_labels, to_uint8
from gan_data.decoding.sizes import read_size
from PIL import Image

RED, BLUE = (255, 0, 0), (0, 0, 255)


def pixels(path):
    """Rows of (r, g, b)."""
    return to_uint8(read_image(path)).permute(1, 2, 0).tolist()


def two_colors(mode="RGB", colors=(RED, BLUE)):
    picture = Image.new(mode, (2, 1))
    picture.putdata(list(colors))
    return picture


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "gif", "ppm", "tga"])
def test_formats(save, suffix):
    picture = Image.new("RGB", (6, 4), RED)
    path = save(f"x.{suffix}", picture=picture)
    image = to_uint8(read_image(path)).int()
    assert image.shape == (3, 4, 6)
    assert (image - torch.tensor(RED).view(3, 1, 1)).abs().max() <= 2  # webp is lossy
    assert read_size(path) == (4, 6)


# How each EXIF orientation stores the rows "ab" / "cd" / "ef" of the upright picture, worked out by hand.
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, ["ab", "cd", "ef"]),
        (2, ["ba", "dc", "fe"]),
        (3, ["fe", "dc", "ba"]),
        (4, ["ef", "cd", "ab"]),
        (5, ["ace", "bdf"]),
        (6, ["bdf", "ace"]),
        (7, ["fdb", "eca"]),
        (8, ["eca", "fdb"]),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_the_cameras_orientation_is_applied(tmp_path, orientation, stored, suffix):
    picture = Image.new("L", (len(stored[0]), len(stored)))
    picture.putdata([ord(letter) for row in stored for letter in row])
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"x.{suffix}"
    picture.save(path, exif=exif)
    upright = ["".join(chr(r) for r, _, _ in row) for row in pixels(path)]
    assert upright == ["ab", "cd", "ef"]
    assert read_size(path) == (3, 2)


def test_gray_and_bilevel(save):
    assert pixels(save("l.png", picture=two_colors("L", (10, 200)))) == [[[10] * 3, [200] * 3]]
    assert pixels(save("1.png", picture=two_colors("1", (0, 1)))) == [[[0] * 3, [255] * 3]]


def test_16_bits_are_scaled_not_clipped(save):
    levels = (0, 256, 257 * 100, 65_535)
    picture = Image.frombytes("I;16", (4, 1), struct.pack("<4H", *levels))
    for suffix in ("png", "tiff"):
        assert pixels(save(f"x.{suffix}", picture=picture)) == [[[0] * 3, [1] * 3, [100] * 3, [255] * 3]]


def test_16_bit_color(png):
    row = struct.pack(">6H", 65_535, 257 * 100, 0, 0, 257 * 7, 65_535)
    assert pixels(png(16, 2, row)) == [[[255, 100, 0], [0, 7, 255]]]


def test_transparent_pixels_become_white(save):
    rgba = two_colors("RGBA", ((255, 0, 0, 255), (0, 0, 0, 0)))
    assert pixels(save("rgba.png", picture=rgba)) == [[[255, 0, 0], [255, 255, 255]]]
    half = Image.new("LA", (1, 1), (0, 128))
    assert pixels(save("la.png", picture=half)) == [[[127] * 3]]


def test_palettes_with_and_without_transparency(save, tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([*RED, *BLUE])
    picture.putdata([0, 1])
    assert pixels(save("p.png", picture=picture)) == [[list(RED), list(BLUE)]]
    picture.save(tmp_path / "t.png", transparency=1)
    assert pixels(tmp_path / "t.png") == [[list(RED), [255, 255, 255]]]


def test_one_color_declared_transparent(tmp_path):
    two_colors().save(tmp_path / "x.png", transparency=BLUE)
    assert pixels(tmp_path / "x.png") == [[list(RED), [255, 255, 255]]]


@pytest.mark.parametrize(
    ("depth", "row", "level", "other"),
    [
        (1, b"\x80", 1, 0),
        (2, b"\x60", 1, 170),
        (4, b"\x29", 2, 153),
        (8, b"\x02\x09", 2, 9),
        (16, struct.pack(">2H", 2, 257 * 9), 2, 9),
        (16, struct.pack(">2H", 0, 1), 0, 0),  # the same in 8 bits, but one alone is transparent
    ],
)
def test_one_gray_of_any_depth_declared_transparent(png, depth, row, level, other):
    path = png(depth, 0, row, before=[(b"tRNS", struct.pack(">H", level))])
    assert pixels(path) == [[[255] * 3, [other] * 3]]


@pytest.mark.parametrize(("depth", "row", "labels"), [(2, b"\x60", [1, 2]), (4, b"\x1f", [1, 15])])
def test_labels_of_few_bits_are_not_scaled(png, depth, row, labels):
    assert read_labels(png(depth, 0, row)).tolist() == [labels]


def test_a_transparent_color_of_16_bits_is_refused(png):
    row, color = struct.pack(">6H", 0, 0, 0, 1, 1, 1), struct.pack(">3H", 0, 0, 0)
    path = png(16, 2, row, before=[(b"tRNS", color)])
    with pytest.raises(DataError, match=r"x\.png: declares a 16-bit color transparent.*; save"):
        read_image(path)


def test_cmyk(save):
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # full magenta and yellow make red
    red, green, blue = pixels(save("x.jpg", picture=picture))[8][8]
    assert red > 240
    assert green < 15
    assert blue < 15


def test_the_first_picture_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (3, 3), color) for color in (RED, BLUE)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert pixels(tmp_path / "x.gif")[0][0] == list(RED)


class TestBroken:
    """One sentence that names the file, the problem and the remedy."""

    def test_missing(self, tmp_path):
        with pytest.raises(DataError, match=r"x\.png: cannot be opened \(No such file.*\); check"):
            read_image(tmp_path / "x.png")

    def test_empty(self, tmp_path):
        (tmp_path / "x.png").touch()
        with pytest.raises(DataError, match=r"x\.png: is empty \(0 bytes\); copy it again or delete it"):
            read_image(tmp_path / "x.png")

    def test_text(self, tmp_path):
        (tmp_path / "x.png").write_text("404: not found")
        with pytest.raises(DataError, match=r"x\.png: is not an image, despite its name; delete it"):
            read_image(tmp_path / "x.png")

    @pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "tiff", "webp", "bmp"])
    def test_truncated(self, save, suffix):
        path = save(f"x.{suffix}", size=(40, 40))
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with pytest.raises(DataError, match=rf"x\.{suffix}: is .*; .*delete it") as caught:
            read_image(path)
        assert "\n" not in str(caught.value)

    def test_floating_point(self, save):
        with pytest.raises(DataError, match=r"x\.tiff: holds floating-point .*; save it with 8 or 16 bits"):
            read_image(save("x.tiff", picture=Image.new("F", (2, 2), 0.5)))

    def test_32_bits(self, save):
        with pytest.raises(DataError, match=r"x\.tiff: holds integers from 70000 to 70000, beyond 16 bits"):
            read_image(save("x.tiff", picture=Image.new("I", (2, 2), 70_000)))

    def test_too_many_pixels(self, save, monkeypatch):
        path = save("x.png", size=(20, 20))
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
        with pytest.raises(DataError, match=r"x\.png: has more pixels than are safe .*; make it smaller"):
            read_image(path)
