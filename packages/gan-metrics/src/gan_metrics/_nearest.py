"""Which images a picture is most like, so that a generator that learnt its data by heart is seen."""

import torch
from torch import Tensor

_ROWS = 256  # distances are worked out for so many samples at a time


def nearest(samples: Tensor, among: Tensor, *, neighbors: int = 1) -> tuple[Tensor, Tensor]:
    """The nearest of many images to each sample, by the distance of their features or of their pixels.

    A generator that copies its training images has nearest neighbours that look like its samples, at
    distances far below those between training images.

    Args:
        samples: (N, ...): features (N, D), see `image_features`, or the images themselves.
        among: (M, ...), of the same kind: of the training images, such as `Statistics.features`.
        neighbors: how many for each sample.

    Returns:
        Indices (N, neighbors) into `among`, nearest first, and the Euclidean distances (N, neighbors) in
        float32, exactly 0 for a copy.

    Raises:
        ValueError: the two are of different shapes but for their first dimension, or there are fewer than
            `neighbors` to choose from.
    """
    if samples.ndim < 2 or samples.shape[1:] != among.shape[1:]:
        raise ValueError(
            "nearest expects samples (N, ...) and among (M, ...) of one shape; got "
            f"{tuple(samples.shape)} and {tuple(among.shape)}; use features of one network, or images of one "
            "size"
        )
    if not 1 <= neighbors <= len(among):
        raise ValueError(
            f"nearest expects from 1 to {len(among)} neighbors, as many as there are; got {neighbors}"
        )
    samples, among = samples.detach().flatten(1).float(), among.to(samples.device).flatten(1).float()
    # Through matrix products it is several times faster, but they lose the small distances, those that count.
    found = [
        torch.cdist(rows, among, compute_mode="donot_use_mm_for_euclid_dist").topk(neighbors, largest=False)
        for rows in samples.split(_ROWS)
    ]
    distances, indices = (torch.cat(x) for x in zip(*found, strict=True))
    return indices, distances
