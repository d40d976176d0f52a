"""How far apart two sets of images are, each summed up as a Gaussian."""

import torch
from torch import Tensor

from gan_metrics._gaussian import Gaussian
from gan_metrics._matrices import check_widths
from gan_metrics._sets import TwoSets


def frechet_distance(fake: Tensor | Gaussian, real: Tensor | Gaussian) -> Tensor:
    """The squared Frechet distance between the Gaussians of two sets of features.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)): Dowson and Landau (1982), which Heusel et al. (2017) apply to
    the features of Inception as equation 6, and call FID. On the features of another network it is not FID,
    and means nothing without that network's name. It falls as sets grow, so compare sets of one size.

    With roots S1 = AA' and S2 = BB', the trace of (S1 S2)^(1/2) is the sum of the singular values of A'B. No
    complex number comes up, and no digits are lost where a covariance is singular, as it is of fewer images
    than features.

    Args:
        fake: features (N, D), see `image_features`; or their Gaussian.
        real: features (M, D), or their Gaussian, such as `Statistics.gaussian`.

    Returns:
        A float64 scalar, at least 0; 0 for equal sets, up to rounding.

    Raises:
        ValueError: features are not (N, D), of fewer than two images, not finite, or of two networks.
    """
    fake = fake if isinstance(fake, Gaussian) else Gaussian.of(fake)
    real = real if isinstance(real, Gaussian) else Gaussian.of(real)
    check_widths(len(fake.mean), len(real.mean), "frechet_distance")
    mean, root = (x.to(fake.mean.device) for x in real)
    means_apart = (fake.mean - mean).square().sum()
    shared = torch.linalg.svdvals(fake.root.T @ root).sum()
    return (means_apart + fake.root.square().sum() + root.square().sum() - 2 * shared).clamp_min(0)


class FrechetDistance(TwoSets):
    """`frechet_distance` between the fake and the real images of all batches and processes.

    Name it after its network: "Frechet distance on tf_efficientnet_lite0". It keeps the features of all
    images until the end, 4 bytes each.

    Args:
        features: the network, see `image_features`; it moves to another device with the metric.
        real: what is known of the real images beforehand, see `measure_statistics`. Without it, real images
            are the targets that `update` receives.
    """

    higher_is_better = False

    def compute(self) -> Tensor:
        """The distance so far, a float64 scalar.

        Raises:
            RuntimeError: no process has seen a fake image, or a real one.
            ValueError: there are fewer than two of one kind, or features are not finite.
        """
        return frechet_distance(self._fakes(), self._reals() if self._known is None else self._known.gaussian)
