import pytest
import torch
from gan_metrics import nearest


def test_by_hand():
    indices, distances = nearest(
        torch.tensor([[0.0], [9.0]]), torch.tensor([[4.0], [-1.0], [10.5]]), neighbors=2
    )
    assert indices.tolist() == [[1, 0], [2, 0]]
    assert distances.tolist() == [[1, 4], [1.5, 5]]


def test_a_copy_is_at_0_even_far_from_0(monkeypatch):
    monkeypatch.setattr("gan_metrics._nearest._ROWS", 4)
    training = torch.rand(30, 3, 8, 8, generator=torch.Generator().manual_seed(0)) + 100
    indices, distances = nearest(training[[7, 3, 29, 0, 11]], training)
    assert indices.flatten().tolist() == [7, 3, 29, 0, 11]
    assert distances.tolist() == [[0.0]] * 5


def test_bad_input_is_named():
    images = torch.zeros(4, 3, 8, 8)
    with pytest.raises(ValueError, match=r"one shape; got \(4, 3, 8, 8\) and \(4, 3, 8, 6\)"):
        nearest(images, images[..., :6])
    with pytest.raises(ValueError, match="from 1 to 4 neighbors, as many as there are; got 5"):
        nearest(images, images, neighbors=5)
