"""Pictures with more bits than Pillow reads."""

from functools import partial

import imagecodecs
import numpy as np
import pytest
from gan_data import image_formats
from gan_nets import translate_file
from PIL import Image
from torch import nn


def noise(*shape):
    return np.random.default_rng(0).integers(0, 65_536, shape, dtype=np.uint16)


def write_ppm(path, most):
    path.write_bytes(b"P6 6 4 %d\n" % most + noise(4, 6, 3).astype(">u2").tobytes())


def write_avif(path, bits):
    colors = noise(16, 16, 3) >> 16 - bits
    path.write_bytes(imagecodecs.avif_encode(colors, bitspersample=bits))


@pytest.mark.parametrize(
    ("name", "write", "bits"),
    [
        ("a.ppm", partial(write_ppm, most=1023), 10),
        ("a.ppm", partial(write_ppm, most=65_535), 16),
        ("a.avif", partial(write_avif, bits=10), 10),
        ("a.avif", partial(write_avif, bits=12), 12),
    ],
)
def test_bits_that_are_not_read_are_said(tmp_path, name, write, bits):
    if name == "a.avif" and "AVIF" not in image_formats():
        pytest.skip("this Pillow has no AVIF")
    write(tmp_path / name)
    with pytest.warns(UserWarning, match=rf"{name} has {bits} bits a channel, of which 8 are read; a PNG or"):
        translate_file(nn.Identity(), tmp_path / name, tmp_path / "out.png")
    assert Image.open(tmp_path / "out.png").mode == "RGB"


def test_eight_bits_are_no_news(tmp_path, recwarn):
    names = ["a.ppm", "a.avif"] if "AVIF" in image_formats() else ["a.ppm"]
    for name in names:
        Image.new("RGB", (16, 16)).save(tmp_path / name)
        translate_file(nn.Identity(), tmp_path / name, tmp_path / f"out_{name}.png")
    assert not list(recwarn)
