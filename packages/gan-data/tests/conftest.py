import pytest
import torch
from PIL import Image


@pytest.fixture
def save(tmp_path):
    """Writes a picture of random pixels, or the one that is given, below tmp_path; returns its path."""
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
def positions():
    """A picture whose pixels tell where they are: red is the column, green the row, blue is 7."""

    def draw(height, width):
        pixels = [(x, y, 7) for y in range(height) for x in range(width)]
        picture = Image.new("RGB", (width, height))
        picture.putdata(pixels)
        return picture

    return draw
