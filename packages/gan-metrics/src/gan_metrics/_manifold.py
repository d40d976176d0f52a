"""Quality and variety told apart: which images lie among those of the other set."""

import torch
from torch import Tensor

from gan_metrics._matrices import Features, check_sets
from gan_metrics._sets import TwoSets
from gan_metrics._statistics import Statistics

_ROWS = 1024  # distances are worked out for so many images at a time


def precision_recall(fake: Tensor, real: Tensor, *, neighbors: int = 3) -> tuple[Tensor, Tensor]:
    """Improved precision and recall of Kynkaanniemi et al. (2019), equations 1 and 2.

    A set of images fills the balls around each of them that reach to its k-th nearest neighbour in the set;
    precision is the share of fake images within the balls of the real ones, which is their quality, and
    recall the share of real images within the balls of the fake ones, which is their variety. Both depend on
    how many images there are; compare sets of one size.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        neighbors: k, 3 in the paper.

    Returns:
        Precision and recall, two float64 scalars from 0 to 1.

    Raises:
        ValueError: features are not (N, D), not finite, of two networks, or of no more than `neighbors`
            images; or `neighbors` is not positive.
    """
    fake, real = _check(fake, real, neighbors, "precision_recall")
    precision = _balls_around(fake, real, _radii(real, neighbors)) > 0
    recall = _balls_around(real, fake, _radii(fake, neighbors)) > 0
    return precision.double().mean(), recall.double().mean()


def density_coverage(fake: Tensor, real: Tensor, *, neighbors: int = 5) -> tuple[Tensor, Tensor]:
    """Density and coverage of Naeem et al., "Reliable Fidelity and Diversity Metrics" (2020).

    Only the real images have balls (see `precision_recall`), so that one odd fake can't claim half the
    space. Density is the number of balls that a fake image lies in, over k: quality. Coverage is the share of
    the balls that have a fake image in them: variety.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        neighbors: k, 5 in the paper.

    Returns:
        Density and coverage, two float64 scalars. Density is at least 0, about 1 where fake images are
        distributed as the real ones, more where they crowd in; coverage is from 0 to 1.

    Raises:
        ValueError: see `precision_recall`.
    """
    fake, real = _check(fake, real, neighbors, "density_coverage")
    radii = _radii(real, neighbors)
    density = _balls_around(fake, real, radii).double().mean() / neighbors
    nearest = torch.cat([torch.cdist(rows, fake).amin(1) for rows in real.split(_ROWS)])
    return density, (nearest <= radii).double().mean()


def _check(fake: Tensor, real: Tensor, neighbors: int, caller: str) -> tuple[Tensor, Tensor]:
    if neighbors < 1:
        raise ValueError(f"{caller} expects at least one neighbour; got {neighbors}")
    fake, real = check_sets(fake, real, caller, at_least=neighbors + 1)
    centre = real.mean(0)  # torch works distances out from products, which lose digits far from 0
    return fake - centre, real - centre


def _radii(features: Tensor, neighbors: int) -> Tensor:
    """(N,), from each image to its k-th nearest neighbour; it is not its own."""
    radii = []
    for first, rows in enumerate(features.split(_ROWS)):
        distances = torch.cdist(rows, features)
        distances.diagonal(first * _ROWS).fill_(torch.inf)
        radii.append(distances.kthvalue(neighbors, dim=1).values)
    return torch.cat(radii)


def _balls_around(images: Tensor, centres: Tensor, radii: Tensor) -> Tensor:
    """(N,), how many of the balls each image lies in."""
    return torch.cat([(torch.cdist(rows, centres) <= radii).sum(1) for rows in images.split(_ROWS)])


class PrecisionRecall(TwoSets):
    """`precision_recall` of the fake and the real images of all batches and processes.

    It keeps the features of all images until the end, 4 bytes each.

    Args:
        features: the network, see `image_features`; it moves to another device with the metric.
        real: what is known of the real images beforehand, with their features; see `measure_statistics`.
            Without it, real images are the targets that `update` receives.
        neighbors: see `precision_recall`.

    Raises:
        ValueError: `real` is without features.
    """

    higher_is_better = True

    def __init__(self, features: Features, real: Statistics | None = None, *, neighbors: int = 3) -> None:
        super().__init__(features, real)
        if real is not None:
            real.need_features("PrecisionRecall")
        self._neighbors = neighbors

    def compute(self) -> dict[str, Tensor]:
        """Both so far, as "precision" and "recall"; a MetricCollection lists them side by side.

        Raises:
            RuntimeError: no process has seen a fake image, or a real one.
            ValueError: see `precision_recall`.
        """
        scores = precision_recall(self._fakes(), self._reals(), neighbors=self._neighbors)
        return dict(zip(("precision", "recall"), scores, strict=True))


class DensityCoverage(TwoSets):
    """`density_coverage` of the fake and the real images of all batches and processes.

    It keeps the features of all images until the end, 4 bytes each.

    Args:
        features: the network, see `image_features`; it moves to another device with the metric.
        real: what is known of the real images beforehand, with their features; see `measure_statistics`.
            Without it, real images are the targets that `update` receives.
        neighbors: see `density_coverage`.

    Raises:
        ValueError: `real` is without features.
    """

    higher_is_better = True

    def __init__(self, features: Features, real: Statistics | None = None, *, neighbors: int = 5) -> None:
        super().__init__(features, real)
        if real is not None:
            real.need_features("DensityCoverage")
        self._neighbors = neighbors

    def compute(self) -> dict[str, Tensor]:
        """Both so far, as "density" and "coverage"; a MetricCollection lists them side by side.

        Raises:
            RuntimeError: no process has seen a fake image, or a real one.
            ValueError: see `density_coverage`.
        """
        scores = density_coverage(self._fakes(), self._reals(), neighbors=self._neighbors)
        return dict(zip(("density", "coverage"), scores, strict=True))
