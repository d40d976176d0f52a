"""Kinds of images that Pillow decodes to wrong values are refused, and never learned from."""

import base64
import struct

import pytest
from gan_data import DataError, read_image, read_labels
from PIL import Image

# 8x8 pixels of white, RGB of 10 bits, which Pillow decodes to black
WHITE_OF_10_BITS = base64.b64decode(
    "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAACAAAAAgAAwkHAAAAAAAPY29scgEAAAAA"
    "ABAAAACQanAyY/9P/1EALwAAAAAACAAAAAgAAAAAAAAAAAAAAAgAAAAIAAAAAAAAAAAAAwkBAQkBAQkBAf9SAAwAAAABAQAEBAAB"
    "/1wABEBQ/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAAGAAB/5PPzBQUAFyvh4CA/9k="
)
# 4x4 pixels of RGB, 16 bits, each plane by itself, which Pillow garbles
SEPARATE_PLANES = base64.b64decode(
    "SUkqAAgAAAANAAABBAABAAAABAAAAAEBBAABAAAABAAAAAIBAwADAAAAqgAAAAMBAwABAAAAAQAAAAYBAwABAAAAAgAAABEBBAAD"
    "AAAAsAAAABUBAwABAAAAAwAAABYBBAABAAAABAAAABcBAwADAAAAvAAAABoBBQABAAAAwgAAABsBBQABAAAAygAAABwBAwABAAAA"
    "AgAAACgBAwABAAAAAQAAAAAAAAAQABAAEADgAAAAAAEAACABAAAgACAAIAABAAAAAQAAAAEAAAABAAAAAAAAAAAAAAAAAAAAAAAA"
    "AOgD0Ae4C6APiBNwF1gbQB8oIxAn+CrgLsgysDaYOoA+aEJQRjhKIE4IUvBV2FnAXahhkGV4aWBtSHEwdRh5AH3ogNCEuIigjIiQ"
    "cJRYmECcKKAQpPin4KvIr7CzmLc="
)
PHOTOMETRIC, SAMPLE_FORMAT, SHORT = 262, 339, 3


def tiff(tags):
    """A little-endian TIFF of 4x4 zeros in gray of 16 bits, by hand."""
    pixels = bytes(4 * 4 * 2)
    usual = {256: 4, 257: 4, 258: 16, 259: 1, 262: 1, 273: 0, 277: 1, 278: 4, 279: len(pixels)}
    values = usual | tags
    start = 8 + 2 + 12 * len(values) + 4
    values[273] = start
    entries = b"".join(struct.pack("<HHII", tag, SHORT, 1, values[tag]) for tag in sorted(values))
    head = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(values)) + entries + bytes(4)
    return head + pixels


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({PHOTOMETRIC: 0}, "gray of 16 bits, 0 for white"),
        ({SAMPLE_FORMAT: 2}, "gray of 16 bits, signed"),
        ({258: 12}, "gray of 12 bits"),
    ],
)
def test_unusual_gray_is_refused_as_a_picture_but_not_as_a_map(tmp_path, tags, kind):
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff(tags))
    with pytest.raises(
        DataError, match=rf"scan.tif: is a TIFF of a kind that is not supported \({kind}\); sa"
    ):
        read_image(path)
    assert read_labels(path).shape == (4, 4)


def test_usual_gray_of_16_bits_is_read(tmp_path):
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff({}))
    assert (read_image(path) == -1).all()


def test_colors_of_10_bits_are_refused(tmp_path):
    path = tmp_path / "white.jp2"
    path.write_bytes(WHITE_OF_10_BITS)
    with pytest.raises(
        DataError, match=r"is a JPEG2000 of a kind that is not supported \(colors of 10 bits\)"
    ):
        read_image(path)


def test_separate_planes_of_16_bits_are_refused(tmp_path):
    path = tmp_path / "planes.tif"
    path.write_bytes(SEPARATE_PLANES)
    with pytest.raises(DataError, match=r"of a kind that is not supported \(separate planes of 16 bits\)"):
        read_image(path)


def test_colors_of_8_bits_are_read(tmp_path):
    path = tmp_path / "white.jp2"
    Image.new("RGB", (8, 8), "white").save(path)
    assert (read_image(path) == 1).all()
