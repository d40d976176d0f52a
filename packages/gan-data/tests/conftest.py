import os

import pytest
import torch
from PIL import Image

os.environ["GAN_CACHE"] = "off"  # no test writes into the user's cache folder


@pytest.fixture
def save(tmp_path):
    """Writes a picture of random pixels, or the given one, below tmp_path, and returns its path."""
    generator = torch.Generator().manual_seed(0)

    def write(name, size=(12, 16), picture=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if picture is None:
            pixels = torch.randint(256, (*size, 3), generator=generator, dtype=torch.uint8)
            picture = Image.frombytes("RGB", (size[1], size[0]), bytes(pixels.flatten().tolist()))
        picture.save(path)
        return path

    return write


@pytest.fixture
def touch(tmp_path):
    """Makes empty files below tmp_path."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return make


@pytest.fixture
def numbers():
    """A picture of one number for each pixel, from rows of them."""

    def draw(rows, mode="L"):
        picture = Image.new(mode, (len(rows[0]), len(rows)))
        picture.putdata([value for row in rows for value in row])
        return picture

    return draw


@pytest.fixture
def positions():
    """A picture whose pixels encode their position: red is the column, green the row, blue is 7."""

    def draw(height, width):
        pixels = [(x, y, 7) for y in range(height) for x in range(width)]
        picture = Image.new("RGB", (width, height))
        picture.putdata(pixels)
        return picture

    return draw


@pytest.fixture
def city(save, positions, numbers, tmp_path):
    """Two scenes in pix2pixHD's folders; labels and instances are the photo's columns and rows."""
    columns = [list(range(30)) for _ in range(20)]
    rows = [[26_000 + y for _ in range(30)] for y in range(20)]
    for name in ("aachen_1", "bonn_2"):
        save(f"train_img/{name}_leftImg8bit.png", picture=positions(20, 30))
        save(f"train_label/{name}_gtFine_labelIds.png", picture=numbers(columns))
        save(f"train_inst/{name}_gtFine_instanceIds.png", picture=numbers(rows, "I;16"))
    folders = {"photos": "train_img", "labels": "train_label", "instances": "train_inst"}
    return {kind: tmp_path / name for kind, name in folders.items()}
