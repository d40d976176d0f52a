"""k-means, which in pix2pixHD clusters the features of each class (Wang et al. 2018, section 3.4)."""

import torch
from torch import Tensor


def kmeans(
    points: Tensor, clusters: int, *, iterations: int = 100, generator: torch.Generator | None = None
) -> Tensor:
    """Cluster centers that minimize the mean squared distance of each point to its nearest center.

    Lloyd's algorithm from k-means++ starting centers (Arthur and Vassilvitskii 2007); it stops when no center
    moves. The same generator state gives the same centers.

    Args:
        points: (N, D), such as `InstanceEncoder`'s features of the objects of one class.
        clusters: number of centers.
        iterations: maximum number of iterations.
        generator: for the starting centers, on the device of `points`; torch's default one if not given.

    Returns:
        (min(clusters, N), D).

    Raises:
        ValueError: there are no points, they are not (N, D) of floating point, or `clusters` is below 1.

    Examples:
        >>> points = torch.tensor([[0.0], [1.0], [9.0], [11.0]])
        >>> kmeans(points, 2).flatten().sort().values
        tensor([ 0.5000, 10.0000])
    """
    if points.ndim != 2 or not len(points) or not points.is_floating_point():
        raise ValueError(
            f"kmeans expected points (N, D) of floating point, at least one; got {tuple(points.shape)} "
            f"{points.dtype}"
        )
    if clusters < 1:
        raise ValueError(f"kmeans expected at least 1 cluster; got {clusters}")
    centers = _starting_centers(points, min(clusters, len(points)), generator)
    for _ in range(iterations):
        nearest = torch.cdist(points, centers).argmin(1)
        sums = torch.zeros_like(centers).index_add_(0, nearest, points)
        counts = torch.bincount(nearest, minlength=len(centers))[:, None]
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centers)  # one without points stays
        if torch.equal(moved, centers):
            break
        centers = moved
    return centers


def _starting_centers(points: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """`count` of the points, each sampled by its squared distance to the nearest one sampled before."""
    first = torch.randint(len(points), (1,), generator=generator, device=points.device)
    centers = points[first]
    while len(centers) < count:
        squares = torch.cdist(points, centers).amin(1).square()
        weights = squares if squares.sum() > 0 else torch.ones_like(squares)
        centers = torch.cat([centers, points[torch.multinomial(weights, 1, generator=generator)]])
    return centers
