"""Sampling of places: the authors' values, random positions, and mistakes."""

import pytest
import torch
from gan_nets import PatchSampler, random_positions


def test_the_authors_vectors_at_given_positions(read_parity):
    weights, inputs, expected, *_ = read_parity("loss_patchnce")
    maps, positions = ([inputs[f"{kind}_{index}"] for index in range(2)] for kind in ("map", "ids"))
    sampler = PatchSampler([6, 10], width=16)
    sampler.load_state_dict(weights)
    for index, vectors in enumerate(sampler(maps, positions)):
        assert vectors.shape == (2, 8, 16)
        torch.testing.assert_close(vectors.flatten(0, 1), expected[f"sampled_{index}"], atol=1e-5, rtol=1e-5)
    for index, vectors in enumerate(PatchSampler([6, 10], width=None)(maps, positions)):
        torch.testing.assert_close(
            vectors.flatten(0, 1), expected[f"sampled_nomlp_{index}"], atol=1e-5, rtol=1e-5
        )


def test_vectors_have_unit_length_and_positions_count_rows_first():
    image = torch.arange(12.0).reshape(1, 1, 3, 4) - 20
    (vectors,) = PatchSampler([1], width=None)([image], [torch.tensor([0, 5])])
    torch.testing.assert_close(vectors, -torch.ones(1, 2, 1))
    pairs = torch.cat([image, torch.ones_like(image)], dim=1)  # the place in row 1, column 1
    (vectors,) = PatchSampler([2], width=None)([pairs], [torch.tensor([5])])
    torch.testing.assert_close(vectors[0, 0], torch.tensor([-15.0, 1.0]) / 226**0.5)


def test_positions_are_different_random_and_reproducible():
    maps = [torch.zeros(2, 3, 20, 30), torch.zeros(2, 5, 4, 4)]
    torch.manual_seed(0)
    large, small = random_positions(maps, 100)
    assert len(large.unique()) == 100
    assert 0 <= large.min() < large.max() < 600
    assert sorted(small.tolist()) == list(range(16))  # all, because there are fewer
    other, _ = random_positions(maps, 100)
    assert not torch.equal(large, other)
    torch.manual_seed(0)
    assert torch.equal(random_positions(maps, 100)[0], large)
    assert len(random_positions(maps)[0]) == 256


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="one feature map or more; got none"):
        PatchSampler([])
    with pytest.raises(ValueError, match="expected width to be a positive integer; got 0"):
        PatchSampler([3], width=0)
    with pytest.raises(ValueError, match="expected count to be a positive integer; got 0"):
        random_positions([torch.zeros(1, 3, 4, 4)], 0)
    image = torch.zeros(1, 3, 4, 4)
    for maps, positions in (([image], []), ([image[0]], [torch.tensor([0])]), ([image[:, :2]], [0])):
        with pytest.raises(ValueError, match=r"expected maps \(N, C, H, W\) of \[3\] channels"):
            PatchSampler([3])(maps, positions)
