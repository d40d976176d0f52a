import pytest
import torch
from gan_data import to_uint8
from PIL import ImageOps


@pytest.fixture
def ab(save, positions, tmp_path):
    """Two pairs; B is A's negative, in another format."""
    for name in ("1", "2"):
        picture = positions(20, 30)
        save(f"A/{name}.png", picture=picture)
        save(f"B/{name}.bmp", picture=ImageOps.invert(picture))
    return tmp_path


@pytest.fixture
def assert_negatives_in_many_windows():
    """Asserts that b is the negative of a in the same window, and that the windows differ."""

    def check(dataset):
        windows = set()
        for seed in range(30):
            torch.manual_seed(seed)
            a, b = dataset[seed % len(dataset)]
            assert a.shape == b.shape
            assert a.is_contiguous()
            assert b.is_contiguous()
            assert torch.equal(to_uint8(a), 255 - to_uint8(b))
            windows.add(tuple(to_uint8(a).flatten().tolist()))
        assert len(windows) > 20

    return check
