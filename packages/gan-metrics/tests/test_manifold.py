"""Precision, recall, density and coverage: on a line by hand, and against torch-fidelity."""

import pytest
import torch
from gan_metrics import density_coverage, precision_recall
from torch_fidelity.metric_prc import prc_features_to_metric


@pytest.fixture
def line():
    """Fake and real images with one feature each."""
    fake = torch.tensor([1.5, -0.5, 5.0, 30.0]).unsqueeze(1)
    real = torch.tensor([0.0, 1.0, 2.0, 10.0, 100.0, 101.0]).unsqueeze(1)
    return fake, real


def blobs(fakes, reals):
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(reals, 5, generator=generator)
    return 0.8 * torch.randn(fakes, 5, generator=generator) + 0.4, real


def test_by_hand(line):
    # With k = 1 the radii of the real images are 1, 1, 1, 8, 1, 1, those of the fake ones 2, 2, 3.5, 25.
    # 30 is in no real ball; 100 and 101 are in no fake ball.
    found = [x.item() for x in precision_recall(*line, neighbors=1)]
    assert found == pytest.approx([3 / 4, 4 / 6])
    # 1.5 is in two balls, -0.5 and 5 in one each; the balls of 100 and 101 are empty.
    found = [x.item() for x in density_coverage(*line, neighbors=1)]
    assert found == pytest.approx([4 / 4, 4 / 6])


def test_outliers_among_the_fake_images_have_no_coverage(line):
    _, real = line
    fake = torch.tensor([[-1000.0], [1000.0]])
    assert precision_recall(fake, real, neighbors=1) == (0, 1)
    assert density_coverage(fake, real, neighbors=1) == (0, 0)


@pytest.mark.parametrize("neighbors", [1, 3, 5])
def test_agrees_with_torch_fidelity(neighbors):
    fake, real = blobs(60, 45)
    expected = prc_features_to_metric(
        fake, real, prc_neighborhood=neighbors, prc_batch_size=100, save_cpu_ram=False, verbose=False
    )
    found = precision_recall(fake, real, neighbors=neighbors)
    assert [x.item() for x in found] == pytest.approx([expected["precision"], expected["recall"]])
    assert 0 < found[1] < found[0] < 1


@pytest.mark.parametrize("score", [precision_recall, density_coverage])
def test_parts_of_a_set_equal_the_whole(score, monkeypatch):
    whole = score(*blobs(50, 33))
    monkeypatch.setattr("gan_metrics._manifold._ROWS", 7)
    assert score(*blobs(50, 33)) == whole


def test_equal_sets(line):
    _, real = line
    assert precision_recall(real, real) == (1, 1)
    assert density_coverage(real, real)[1] == 1


def test_mode_collapse_has_precision_without_recall():
    _, real = blobs(1, 40)
    fake = real[:1].expand(10, -1)
    precision, recall = precision_recall(fake, real)
    assert precision == 1
    assert recall <= 1 / 40
    assert density_coverage(fake, real)[1] < 0.5


@pytest.mark.parametrize("score", [precision_recall, density_coverage])
def test_bad_input_is_named(score, line):
    fake, real = line
    with pytest.raises(ValueError, match=rf"{score.__name__} needs at least 5 images in each set; got 4"):
        score(fake, real, neighbors=4)
    with pytest.raises(ValueError, match="at least one neighbor; got 0"):
        score(fake, real, neighbors=0)
    with pytest.raises(ValueError, match="got 1 and 2 features"):
        score(fake, real.expand(-1, 2), neighbors=1)
