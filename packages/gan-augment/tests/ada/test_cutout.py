import pytest
import torch
from gan_augment import blank


def test_by_hand():
    out = blank(torch.ones(1, 1, 4, 4), torch.tensor([[0.0, 0.5]]), 0.5)
    assert out[0, 0].tolist() == [[1, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("shape", [(1, 2), (2, 3), (2,)])
def test_centers_of_another_batch_are_named(shape):
    with pytest.raises(ValueError, match=r"expected centers of shape \(2, 2\)"):
        blank(torch.zeros(2, 3, 8, 8), torch.zeros(shape), 0.5)
