"""The training images nearest to a generated image, which reveal a generator that memorizes its data."""

import torch
from torch import Tensor

from gan_metrics._tensor import require_tensor

_ROWS = 256  # samples whose distances are computed at a time


def nearest(samples: Tensor, among: Tensor, *, neighbors: int = 1) -> tuple[Tensor, Tensor]:
    """The nearest images to each sample, by the distance of their features or of their pixels.

    The samples of a generator that copies its training images look like their nearest neighbors, at distances
    far below those between training images.

    Args:
        samples: (N, ...): features (N, D), see `image_features`, or the images themselves.
        among: (M, ...), of the same kind: of the training images, such as `Statistics.features`.
        neighbors: number of neighbors for each sample.

    Returns:
        Indices (N, neighbors) into `among`, nearest first, and the Euclidean distances (N, neighbors) in
        float32, exactly 0 for a copy.

    Raises:
        ValueError: the shapes differ beyond their first dimension, or `among` has fewer than `neighbors`.

    Examples:
        >>> train = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
        >>> index, distance = nearest(torch.tensor([[3.0, 0.0]]), train, neighbors=2)
        >>> index, distance
        (tensor([[0, 1]]), tensor([[3., 4.]]))
    """
    require_tensor(samples, "nearest")
    require_tensor(among, "nearest")
    if samples.ndim < 2 or samples.shape[1:] != among.shape[1:]:
        raise ValueError(
            "nearest expects samples (N, ...) and among (M, ...) of the same shape; got "
            f"{tuple(samples.shape)} and {tuple(among.shape)}; use features of one network, or images of one "
            "size"
        )
    if not 1 <= neighbors <= len(among):
        raise ValueError(
            f"nearest expects from 1 to {len(among)} neighbors, the number of images; got {neighbors}"
        )
    samples, among = samples.detach().flatten(1).float(), among.to(samples.device).flatten(1).float()
    # Matrix products would be several times faster, but are inexact for small distances, which matter here.
    found = [
        torch.cdist(rows, among, compute_mode="donot_use_mm_for_euclid_dist").topk(neighbors, largest=False)
        for rows in samples.split(_ROWS)
    ]
    distances, indices = (torch.cat(x) for x in zip(*found, strict=True))
    return indices, distances
