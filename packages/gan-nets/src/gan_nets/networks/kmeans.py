"""k-means, with which pix2pixHD finds the looks that an object may take (Wang et al. 2018, section 3.4)."""

import torch
from torch import Tensor


def kmeans(
    points: Tensor, clusters: int, *, iterations: int = 100, generator: torch.Generator | None = None
) -> Tensor:
    """Centres that the points are near to, in the mean of the squared distances to the nearest.

    Lloyd's algorithm, begun with centres far from each other (k-means++, Arthur and Vassilvitskii 2007); it
    stops when nothing moves any more. The same generator state gives the same centres.

    Args:
        points: (N, D), such as the features that `InstanceEncoder` gives the objects of one class.
        clusters: how many centres to find.
        iterations: at most so many moves of all centres.
        generator: of the first centres, on the device of `points`; torch's own if not given.

    Returns:
        (min(clusters, N), D).

    Raises:
        ValueError: there are no points, they are not (N, D) of floating point, or `clusters` is below 1.
    """
    if points.ndim != 2 or not len(points) or not points.is_floating_point():
        raise ValueError(
            f"kmeans expected points (N, D) of floating point, at least one; got {tuple(points.shape)} "
            f"{points.dtype}"
        )
    if clusters < 1:
        raise ValueError(f"kmeans expected at least 1 cluster; got {clusters}")
    centres = _far_apart(points, min(clusters, len(points)), generator)
    for _ in range(iterations):
        owner = torch.cdist(points, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        counts = torch.bincount(owner, minlength=len(centres))[:, None]
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centres)  # one without points stays
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres


def _far_apart(points: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """So many of the points, each drawn by its squared distance to the nearest one drawn before."""
    first = torch.randint(len(points), (1,), generator=generator, device=points.device)
    centres = points[first]
    while len(centres) < count:
        squares = torch.cdist(points, centres).amin(1).square()
        weights = squares if squares.sum() > 0 else torch.ones_like(squares)
        centres = torch.cat([centres, points[torch.multinomial(weights, 1, generator=generator)]])
    return centres
