"""The Frechet distance: by hand, against torch-fidelity, and for fewer images than features."""

import math

import pytest
import torch
from gan_metrics import Gaussian, frechet_distance
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric


def gaussian(mean, covariance):
    return Gaussian.from_covariance(torch.tensor(mean).double(), torch.tensor(covariance).double())


def blobs(*sizes, width=12):
    """Sets of correlated features, each with another mean."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(width, width, generator=generator)
    return [
        torch.randn(size, width, generator=generator) @ (mix + index) + index
        for index, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # One feature: (3 - 0)^2 + (2 - 1)^2.
        (([0.0], [[1.0]]), ([3.0], [[4.0]]), 10.0),
        # Independent features: the sum over them, here 1 + (1 - 3)^2 + 4 + (2 - 2)^2.
        (([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]]), ([1.0, 2.0], [[9.0, 0.0], [0.0, 4.0]]), 9.0),
        # Of a 2x2 matrix M, tr M^(1/2) = (tr M + 2 det(M)^(1/2))^(1/2); here tr M = 10 and det M = 3 * 4.
        (
            ([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]]),
            ([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]]),
            9 - 2 * math.sqrt(10 + 2 * math.sqrt(12)),
        ),
        # No variance in common: the variances themselves.
        (([0.0, 0.0], [[5.0, 0.0], [0.0, 0.0]]), ([0.0, 0.0], [[0.0, 0.0], [0.0, 2.0]]), 7.0),
        # No variance at all.
        (([0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]), ([3.0, 4.0], [[0.0, 0.0], [0.0, 0.0]]), 25.0),
    ],
)
def test_gaussians_by_hand(one, other, expected):
    one, other = gaussian(*one), gaussian(*other)
    assert frechet_distance(one, other).item() == pytest.approx(expected, abs=1e-12)
    assert frechet_distance(other, one).item() == pytest.approx(expected, abs=1e-12)


def test_features_by_hand():
    # Means 1 and 5, variances 2 and 8 (divided by N - 1): 16 + 2 + 8 - 2 * 4.
    fake, real = torch.tensor([[0.0], [2.0]]), torch.tensor([[3.0], [7.0]])
    assert frechet_distance(fake, real).item() == pytest.approx(18.0, abs=1e-12)


def test_agrees_with_torch_fidelity():
    fake, real = blobs(90, 50)
    statistics = [fid_features_to_statistics(x.double()) for x in (fake, real)]
    (expected,) = fid_statistics_to_metric(*statistics, verbose=False).values()
    assert expected > 10
    assert frechet_distance(fake, real).item() == pytest.approx(expected, rel=1e-9)
    published = [Gaussian.from_covariance(*map(torch.from_numpy, x.values())) for x in statistics]
    assert frechet_distance(*published).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sizes", [(50, 30), (5, 30), (5, 7), (13, 12)], ids=str)
def test_covariance_for_more_or_fewer_images_than_features(sizes):
    for features in blobs(*sizes):
        fitted = Gaussian.of(features)
        torch.testing.assert_close(fitted.mean, features.double().mean(0))
        torch.testing.assert_close(fitted.covariance, torch.cov(features.double().T))
        assert fitted.root.shape[1] <= min(features.shape)


def test_fewer_images_than_features_lose_no_digits():
    fake, real = blobs(4, 6, width=40)
    # Features that are always 0, and a rotation of all features, do not change the distance.
    rotation = torch.linalg.qr(torch.randn(50, 50, generator=torch.Generator().manual_seed(1)).double()).Q
    wide = [torch.nn.functional.pad(x, (0, 10)).double() @ rotation for x in (fake, real)]
    assert frechet_distance(*wide).item() == pytest.approx(frechet_distance(fake, real).item(), rel=1e-12)


@pytest.mark.parametrize("images", [2, 10, 100])
def test_equal_sets_have_distance_0(images):
    (features,) = blobs(images)
    assert frechet_distance(features, features).item() == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features.flip(0)).item() == pytest.approx(0, abs=1e-9)


def test_a_mean_far_from_0_costs_no_digits():
    fake, real = (x.double() for x in blobs(30, 40))
    assert frechet_distance(fake + 1e6, real + 1e6).item() == pytest.approx(
        frechet_distance(fake, real).item(), rel=1e-7
    )


def test_bad_input_is_named():
    (features,) = blobs(5)
    with pytest.raises(ValueError, match=r"needs at least 2 images in each set; got 1"):
        frechet_distance(features[:1], features)
    with pytest.raises(ValueError, match=r"features \(N, D\), a row for each image; got \(5, 12, 1, 1\)"):
        frechet_distance(features, features[..., None, None])
    with pytest.raises(ValueError, match="features of one network; got 12 and 11 features"):
        frechet_distance(features, features[:, 1:])
    features[[1, 3], 0] = math.nan
    with pytest.raises(ValueError, match="NaN or infinity for 2 of 5 images"):
        frechet_distance(features, features)
    with pytest.raises(ValueError, match=r"symmetric covariance \(D, D\); got \(2,\) and \(3, 3\)"):
        Gaussian.from_covariance(torch.zeros(2), torch.eye(3))
    with pytest.raises(ValueError, match="symmetric covariance"):
        Gaussian.from_covariance(torch.zeros(2), torch.tensor([[1.0, 1.0], [0.0, 1.0]]))


@pytest.mark.parametrize(
    ("mean", "variance", "message"),
    [
        (math.nan, 1.0, "finite mean and covariance; got NaN or infinity"),
        (0.0, math.inf, "finite mean and covariance; got NaN or infinity"),
        (0.0, -0.01, "without negative eigenvalues; got -0.01 besides 1; check how"),
    ],
)
def test_invalid_gaussians_are_refused(mean, variance, message):
    with pytest.raises(ValueError, match=message):
        gaussian([mean, 0.0], [[variance, 0.0], [0.0, 1.0]])


def test_integer_covariances_and_rounding_errors_below_0():
    whole = Gaussian.from_covariance(torch.zeros(2).long(), torch.tensor([[2, 1], [1, 2]]))
    torch.testing.assert_close(whole.covariance, torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double())
    rounded = Gaussian.from_covariance(torch.zeros(2), torch.diag(torch.tensor([1.0, -1e-8])).double())
    torch.testing.assert_close(rounded.covariance, torch.diag(torch.tensor([1.0, 0.0])).double())
