"""Quality and variety as separate numbers, from the nearest neighbors of each image."""

import torch
from torch import Tensor

from gan_metrics._matrices import check_sets

_ROWS = 1024  # images whose distances are computed at a time


def precision_recall(fake: Tensor, real: Tensor, *, neighbors: int = 3) -> tuple[Tensor, Tensor]:
    """Improved precision and recall of Kynkaanniemi et al. (2019), equations 1 and 2.

    The manifold of a set is the union of the balls around its images, each of which reaches to the image's
    k-th nearest neighbor in the set. Precision is the fraction of fake images within the manifold of the real
    ones, a measure of quality. Recall is the fraction of real images within the manifold of the fake ones, a
    measure of variety. Both depend on the number of images; compare sets of equal size.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        neighbors: k, 3 in the paper.

    Returns:
        Precision and recall, two float64 scalars from 0 to 1.

    Raises:
        ValueError: features are not (N, D), not finite, of two networks, or of no more than `neighbors`
            images; or `neighbors` is not positive.

    Examples:
        >>> features = torch.randn(16, 4)
        >>> precision_recall(features, features)
        (tensor(1., dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    fake, real = _check(fake, real, neighbors, "precision_recall")
    precision = _balls_around(fake, real, _radii(real, neighbors)) > 0
    recall = _balls_around(real, fake, _radii(fake, neighbors)) > 0
    return precision.double().mean(), recall.double().mean()


def density_coverage(fake: Tensor, real: Tensor, *, neighbors: int = 5) -> tuple[Tensor, Tensor]:
    """Density and coverage of Naeem et al., "Reliable Fidelity and Diversity Metrics" (2020).

    Only the real images have balls (see `precision_recall`), so that an outlier among the fake images cannot
    cover a large volume. Density is the mean number of balls that contain a fake image, over k: quality.
    Coverage is the fraction of balls that contain a fake image: variety.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        neighbors: k, 5 in the paper.

    Returns:
        Density and coverage, two float64 scalars. Density is at least 0, and about 1 where fake images are
        distributed like the real ones, more where they are concentrated. Coverage is from 0 to 1.

    Raises:
        ValueError: see `precision_recall`.

    Examples:
        >>> features = torch.randn(16, 4)
        >>> density, coverage = density_coverage(features, features, neighbors=3)
        >>> coverage  # each ball contains its own center
        tensor(1., dtype=torch.float64)
    """
    fake, real = _check(fake, real, neighbors, "density_coverage")
    radii = _radii(real, neighbors)
    density = _balls_around(fake, real, radii).double().mean() / neighbors
    nearest = torch.cat([torch.cdist(rows, fake).amin(1) for rows in real.split(_ROWS)])
    return density, (nearest <= radii).double().mean()


def _check(fake: Tensor, real: Tensor, neighbors: int, caller: str) -> tuple[Tensor, Tensor]:
    if neighbors < 1:
        raise ValueError(f"{caller} expects at least one neighbor; got {neighbors}")
    fake, real = check_sets(fake, real, caller, at_least=neighbors + 1)
    center = real.mean(0)  # torch computes distances from products, which lose digits far from 0
    return fake - center, real - center


def _radii(features: Tensor, neighbors: int) -> Tensor:
    """(N,), the distance of each image to its k-th nearest neighbor, itself excluded."""
    radii: list[Tensor] = []
    for first, rows in enumerate(features.split(_ROWS)):
        distances = torch.cdist(rows, features)
        distances.diagonal(first * _ROWS).fill_(torch.inf)
        radii.append(distances.kthvalue(neighbors, dim=1).values)
    return torch.cat(radii)


def _balls_around(images: Tensor, centers: Tensor, radii: Tensor) -> Tensor:
    """(N,), the number of balls that contain each image."""
    return torch.cat([(torch.cdist(rows, centers) <= radii).sum(1) for rows in images.split(_ROWS)])
