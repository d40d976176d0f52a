import pytest
import torch
from gan_metrics import nearest


def test_by_hand():
    indices, distances = nearest(
        torch.tensor([[0.0], [9.0]]), torch.tensor([[4.0], [-1.0], [10.5]]), neighbors=2
    )
    assert indices.tolist() == [[1, 0], [2, 0]]
    assert distances.tolist() == [[1, 4], [1.5, 5]]


def test_a_copy_has_distance_0_even_for_large_values(monkeypatch):
    monkeypatch.setattr("gan_metrics._nearest._ROWS", 4)
    training = torch.rand(30, 3, 8, 8, generator=torch.Generator().manual_seed(0)) + 100
    indices, distances = nearest(training[[7, 3, 29, 0, 11]], training)
    assert indices.flatten().tolist() == [7, 3, 29, 0, 11]
    assert distances.tolist() == [[0.0]] * 5


def test_copies_are_found_among_similar_images():
    generator = torch.Generator().manual_seed(0)
    icons = torch.ones(1, 3, 32, 32).repeat(60, 1, 1, 1)  # white, each with one darker spot
    for index, icon in enumerate(icons):
        row, column = 2 * (index // 8), 2 * (index % 8)
        icon[:, row : row + 2, column : column + 2] -= 0.02 * torch.rand(1, generator=generator)
    others = torch.rand(20, 3, 32, 32, generator=generator) * 2 - 1
    indices, distances = nearest(icons, torch.cat([icons, others]))
    assert indices.flatten().tolist() == list(range(60))
    assert distances.max() == 0


def test_bad_input_is_named():
    images = torch.zeros(4, 3, 8, 8)
    with pytest.raises(ValueError, match=r"the same shape; got \(4, 3, 8, 8\) and \(4, 3, 8, 6\)"):
        nearest(images, images[..., :6])
    with pytest.raises(ValueError, match="from 1 to 4 neighbors, the number of images; got 5"):
        nearest(images, images, neighbors=5)
