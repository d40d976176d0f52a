"""Label maps as planes of classes, instance maps as boundaries."""

import pytest
import torch
from gan_data import boundary_map, one_hot


def test_a_plane_for_each_class():
    labels = torch.tensor([[0, 2, 1], [255, 1, 0]])
    planes = one_hot(labels, 3)
    assert planes.dtype == torch.float32
    assert planes.tolist() == [
        [[1, 0, 0], [0, 0, 1]],
        [[0, 0, 1], [0, 1, 0]],
        [[0, 1, 0], [0, 0, 0]],
    ]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_one_hot_is_torchs_with_the_classes_in_front(dtype):
    labels = torch.randint(35, (2, 6, 7), generator=torch.Generator().manual_seed(0)).to(dtype)
    expected = torch.nn.functional.one_hot(labels.long(), 35).permute(0, 3, 1, 2).float()
    assert torch.equal(one_hot(labels, 35), expected)


def test_labels_out_of_range_are_named_with_the_range():
    labels = torch.tensor([[0, 3], [7, -1]])
    with pytest.raises(ValueError, match=r"holds the labels -1, 3, 7, but labels go from 0 to 2 \(or 255"):
        one_hot(labels, 3)
    with pytest.raises(ValueError, match=r"holds the labels 255, but labels go from 0 to 2; correct the map"):
        one_hot(torch.tensor([[255, 1]]), 3, ignore=None)


def test_another_label_may_be_ignored():
    assert one_hot(torch.tensor([[-1, 1]]), 2, ignore=-1).sum((0, 1)).tolist() == [0, 1]
    assert one_hot(torch.tensor([[255, 1]]), 256, ignore=None)[255].tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="beyond the 256 classes; got 255, which is one of them"):
        one_hot(torch.tensor([[0]]), 256)
    with pytest.raises(ValueError, match="at least 1 class; got 0"):
        one_hot(torch.tensor([[0]]), 0)


@pytest.mark.parametrize("function", [lambda x: one_hot(x, 3), boundary_map])
@pytest.mark.parametrize("wrong", [torch.zeros(2, 2), torch.zeros(4, dtype=torch.int64)])
def test_maps_must_be_integers(function, wrong):
    with pytest.raises(ValueError, match=r"expects integers \(\.\.\., H, W\); got .* read_labels"):
        function(wrong)


def test_boundaries_by_hand():
    instances = torch.tensor([[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 1], [3, 1, 1, 1]])
    assert boundary_map(instances).tolist() == [[[0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 0, 1], [1, 1, 0, 0]]]


def test_a_boundary_is_where_one_of_four_neighbors_differs():
    instances = torch.randint(26_000, 26_003, (2, 9, 11), generator=torch.Generator().manual_seed(1))
    expected = torch.zeros(2, 1, 9, 11)
    for n, y, x in torch.cartesian_prod(torch.arange(2), torch.arange(9), torch.arange(11)).tolist():
        neighbors = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        inside = [(i, j) for i, j in neighbors if 0 <= i < 9 and 0 <= j < 11]
        expected[n, 0, y, x] = any(instances[n, i, j] != instances[n, y, x] for i, j in inside)
    assert 0 < expected.mean() < 1
    assert torch.equal(boundary_map(instances), expected)


def test_one_instance_has_no_boundary():
    assert boundary_map(torch.full((5, 5), 7)).sum() == 0
    assert boundary_map(torch.zeros(1, 1, dtype=torch.uint8)).tolist() == [[[0]]]
