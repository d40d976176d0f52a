"""The kernel distance: by hand, against torch-fidelity, and its bias."""

import pytest
import torch
from gan_metrics import kernel_distance
from torch_fidelity.metric_kid import kid_features_to_metric


def blobs(*sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(size, 8, generator=generator) + index / 4 for index, size in enumerate(sizes)]


def test_by_hand():
    fake, real = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    # k(x, y) = (xy + 1)^3: k(0, 1) = 1 within the fake images, k(1, 2) = 27 within the real ones, and
    # (1 + 1 + 8 + 27) / 4 between them.
    assert kernel_distance(fake, real).item() == pytest.approx(1 + 27 - 2 * 37 / 4)


def test_agrees_with_torch_fidelity():
    fake, real = blobs(40, 40)
    expected = kid_features_to_metric(
        fake.double(), real.double(), kid_subsets=1, kid_subset_size=40, verbose=False
    )
    distance = kernel_distance(fake, real).item()
    assert distance == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-9)
    assert distance > 0.1


def test_the_mean_over_subsets_is_near_the_distance_of_the_whole_sets():
    fake, real = blobs(60, 45)
    values = kernel_distance(fake, real, subsets=200, subset_size=20, reduction="none")
    assert values.shape == (200,)
    error = values.std().item() / 200**0.5
    assert values.mean().item() == pytest.approx(kernel_distance(fake, real).item(), abs=3 * error)
    assert kernel_distance(fake, real, subsets=200, subset_size=20) == values.mean()
    other = kernel_distance(fake, real, subsets=200, subset_size=20, seed=1, reduction="none")
    assert not torch.equal(values, other)


def test_no_bias_on_few_images():
    # Two small samples of one distribution, a hundred times.
    pairs = torch.randn(100, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    values = torch.stack([kernel_distance(*pair) for pair in pairs])
    assert (values < 0).any()
    assert values.mean().abs() < 3 * values.std() / len(values) ** 0.5


def test_small_sets_are_used_whole():
    assert kernel_distance(*blobs(7, 9), reduction="none").shape == (1,)
    assert kernel_distance(*blobs(7, 9), subset_size=8, subsets=3, reduction="none").shape == (3,)


def test_bad_input_is_named():
    fake, real = blobs(5, 5)
    with pytest.raises(ValueError, match="kernel_distance needs at least 2 images in each set; got 1"):
        kernel_distance(fake, real[:1])
    with pytest.raises(ValueError, match="got 8 and 7 features"):
        kernel_distance(fake, real[:, 1:])
    with pytest.raises(ValueError, match="got 0 subsets of 1000"):
        kernel_distance(fake, real, subsets=0)
    with pytest.raises(ValueError, match="got 100 subsets of 1"):
        kernel_distance(fake, real, subset_size=1)
    with pytest.raises(ValueError, match="expected reduction"):
        kernel_distance(fake, real, reduction="sum")
