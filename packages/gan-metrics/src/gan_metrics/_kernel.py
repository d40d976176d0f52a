"""The distance between two sets of images by a kernel, without assuming that they are Gaussian."""

import torch
from torch import Tensor

from gan_metrics._image import Reduction, reduce
from gan_metrics._matrices import check_sets


def kernel_distance(
    fake: Tensor,
    real: Tensor,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
    reduction: Reduction = "mean",
) -> Tensor:
    """The unbiased squared maximum mean discrepancy of two sets of features, with a cubic kernel.

    Gretton et al. (2012), equation 3, with k(x, y) = (x'y / D + 1)^3. Binkowski et al., "Demystifying MMD
    GANs" (2018), apply it to Inception's features and call it KID. On the features of another network it is
    not KID. Unlike the Frechet distance it does not depend on the sizes of the sets, so it is the better
    choice for few images. Being unbiased, it is positive or negative for two samples of one distribution.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        subsets: number of random subsets to average over.
        subset_size: images of each set in a subset. A set with fewer images is used whole; if both have no
            more, there is one subset.
        seed: random seed of the subsets.
        reduction: "mean" over the subsets, or "none".

    Returns:
        A float64 scalar, or one number for each subset.

    Raises:
        ValueError: features are not (N, D), of fewer than two images, not finite, or of two networks; there
            are no subsets, or they are smaller than 2; or the reduction is unknown.

    Examples:
        >>> kernel_distance(torch.ones(8, 3), -torch.ones(8, 3))  # k = 8 within each set, 0 between them
        tensor(16., dtype=torch.float64)
    """
    fake, real = check_sets(fake, real, "kernel_distance")
    check_subsets(subsets, subset_size)
    generator = torch.Generator().manual_seed(seed)

    def sample(features: Tensor) -> Tensor:
        rows = torch.randperm(len(features), generator=generator)[:subset_size]
        return features[rows.to(features.device)]

    if max(len(fake), len(real)) <= subset_size:
        subsets = 1
    values = [_squared_discrepancy(sample(fake), sample(real)) for _ in range(subsets)]
    return reduce(torch.stack(values), reduction)


def check_subsets(subsets: int, subset_size: int) -> None:
    """Raise ValueError unless there is at least one subset, of at least two images."""
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            f"expected at least one subset of at least two images; got {subsets} subsets of {subset_size}"
        )


def _squared_discrepancy(x: Tensor, y: Tensor) -> Tensor:
    n, m = len(x), len(y)
    of_x, of_y = _kernel(x, x), _kernel(y, y)
    within_x = (of_x.sum() - of_x.trace()) / (n * (n - 1))  # no image is compared with itself
    within_y = (of_y.sum() - of_y.trace()) / (m * (m - 1))
    return within_x + within_y - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
