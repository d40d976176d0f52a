"""Painted label maps are read by the nearest class color."""

import pytest
import torch
from gan_metrics import nearest_color_labels

PALETTE = [[0, 0, 0], [128, 64, 128], [250, 170, 30], [70, 130, 180]]  # of Cityscapes, and black


def painted(labels):
    """(N, H, W) to (N, 3, H, W) in [-1, 1]."""
    return torch.tensor(PALETTE)[labels].movedim(-1, 1) / 127.5 - 1


@pytest.fixture
def labels():
    return torch.randint(0, 4, (2, 5, 6), generator=torch.Generator().manual_seed(0))


def test_exact_colors_are_their_classes(labels):
    found = nearest_color_labels(painted(labels), PALETTE)
    assert found.equal(labels)
    assert found.dtype == torch.int64
    assert nearest_color_labels(painted(labels).bfloat16(), torch.tensor(PALETTE).byte()).equal(labels)


def test_the_nearest_of_all_distances_is_taken(labels):
    noise = torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(1))
    images = painted(labels) + 0.5 * noise
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().movedim(1, -1).reshape(-1, 3)
    expected = torch.cdist(pixels.double(), torch.tensor(PALETTE).double()).argmin(1).view(2, 5, 6)
    assert not expected.equal(labels)
    assert nearest_color_labels(images, PALETTE).equal(expected)


def test_of_two_equally_near_colors_the_first_is_taken():
    gray = torch.full((1, 3, 1, 1), 100 / 127.5 - 1)
    assert nearest_color_labels(gray, [[110, 100, 100], [90, 100, 100]]).item() == 0
    assert nearest_color_labels(gray, [[90, 100, 100], [110, 100, 100]]).item() == 0


@pytest.mark.parametrize(
    ("images", "palette", "sentence"),
    [
        (torch.zeros(1, 1, 2, 2), PALETTE, r"expects RGB images \(N, 3, H, W\); got \(1, 1, 2, 2\)"),
        (torch.zeros(1, 3, 2, 2).byte(), PALETTE, "floating-point images"),
        (torch.zeros(1, 3, 2, 2), torch.zeros(4, 3), "of integers, 0 to 255; got .* of torch.float32; for"),
        (torch.zeros(1, 3, 2, 2), [[0, 0]], r"a palette \(classes, 3\) of integers, 0 to 255; got \(1, 2\)"),
        (torch.zeros(1, 3, 2, 2), [[0, 0, 256]], "from 0 to 255; got 0 to 256"),
    ],
)
def test_wrong_input_is_named(images, palette, sentence):
    with pytest.raises(ValueError, match=sentence):
        nearest_color_labels(images, palette)
