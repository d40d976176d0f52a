"""How far apart two sets of images are, without the belief that they are Gaussians."""

import torch
from torch import Tensor

from gan_metrics._image import Reduction, reduce
from gan_metrics._matrices import Features, check_sets
from gan_metrics._sets import TwoSets
from gan_metrics._statistics import Statistics


def kernel_distance(
    fake: Tensor,
    real: Tensor,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
    reduction: Reduction = "mean",
) -> Tensor:
    """The squared maximum mean discrepancy of two sets of features, unbiased, with a cubic kernel.

    Gretton et al. (2012), equation 3, with k(x, y) = (x'y / D + 1)^3, as Binkowski et al., "Demystifying MMD
    GANs" (2018) apply it to Inception's features and call it KID. On the features of another network it is
    not KID. Unlike the Frechet distance it does not fall as sets grow, which makes it the one to trust on few
    images; being unbiased, it lies on both sides of 0 for two samples of one thing.

    Args:
        fake: features (N, D), see `image_features`.
        real: features (M, D).
        subsets: how many random subsets to average over.
        subset_size: images of each set in a subset. A set that has no more of them is used whole; if both
            have not, there is one subset.
        seed: of the choice of subsets.
        reduction: "mean" over the subsets, or "none".

    Returns:
        A float64 scalar, or one number for each subset.

    Raises:
        ValueError: features are not (N, D), of fewer than two images, not finite, or of two networks; there
            are no subsets, or they are smaller than 2; or the reduction is unknown.
    """
    fake, real = check_sets(fake, real, "kernel_distance")
    _check_subsets(subsets, subset_size)
    generator = torch.Generator().manual_seed(seed)

    def sample(features: Tensor) -> Tensor:
        chosen = torch.randperm(len(features), generator=generator)[:subset_size]
        return features[chosen.to(features.device)]

    if max(len(fake), len(real)) <= subset_size:
        subsets = 1
    values = [_squared_discrepancy(sample(fake), sample(real)) for _ in range(subsets)]
    return reduce(torch.stack(values), reduction)


def _check_subsets(subsets: int, subset_size: int) -> None:
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


class KernelDistance(TwoSets):
    """`kernel_distance` between the fake and the real images of all batches and processes.

    It keeps the features of all images until the end, 4 bytes each.

    Args:
        features: the network, see `image_features`; it moves to another device with the metric.
        real: what is known of the real images beforehand, with their features; see `measure_statistics`.
            Without it, real images are the targets that `update` receives.
        subsets: see `kernel_distance`.
        subset_size: see `kernel_distance`.
        seed: see `kernel_distance`.

    Raises:
        ValueError: `real` is without features; there are no subsets, or they are smaller than 2.
    """

    higher_is_better = False

    def __init__(
        self,
        features: Features,
        real: Statistics | None = None,
        *,
        subsets: int = 100,
        subset_size: int = 1000,
        seed: int = 0,
    ) -> None:
        super().__init__(features, real)
        _check_subsets(subsets, subset_size)
        if real is not None:
            real.need_features("KernelDistance")
        self._subsets = subsets
        self._subset_size = subset_size
        self._seed = seed

    def compute(self) -> Tensor:
        """The distance so far, a float64 scalar.

        Raises:
            RuntimeError: no process has seen a fake image, or a real one.
            ValueError: there are fewer than two of one kind, or features are not finite.
        """
        return kernel_distance(
            self._fakes(),
            self._reals(),
            subsets=self._subsets,
            subset_size=self._subset_size,
            seed=self._seed,
        )
