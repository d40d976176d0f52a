"""A folder with every problem."""

import pytest
from PIL import Image


@pytest.fixture
def mess(save, tmp_path):
    """Good pictures, and one with each problem."""
    for name in ("good1.jpg", "good2.png", "good3.webp", "good4.png", "good5.png", "good6.png"):
        save(name, size=(40, 40))
    cut = save("cut.jpg", size=(40, 40))
    cut.write_bytes(cut.read_bytes()[:-300])
    (tmp_path / "page.png").write_text("<html>")
    (tmp_path / "zero.png").touch()
    flipped = bytearray(save("flipped.png", size=(40, 40)).read_bytes())
    flipped[200] ^= 0xFF
    (tmp_path / "flipped.png").write_bytes(flipped)
    save("odd.png", size=(40, 50))
    save("tiny.png", size=(40, 20))
    save("gray.png", picture=Image.linear_gradient("L").resize((40, 40)))
    save("really.jpg", size=(40, 40)).rename(tmp_path / "said.png")
    return tmp_path
