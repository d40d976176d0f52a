"""The distance between the Gaussians of two sets of images."""

import torch
from torch import Tensor

from gan_metrics._gaussian import Gaussian
from gan_metrics._matrices import check_widths


def frechet_distance(fake: Tensor | Gaussian, real: Tensor | Gaussian) -> Tensor:
    """The squared Frechet distance between the Gaussians of two sets of features.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)): Dowson and Landau (1982). Heusel et al. (2017), equation 6,
    apply it to Inception's features and call it FID. On the features of another network it is not FID, and
    has to be reported together with that network's name. It decreases as the sets grow, so compare sets of
    equal size.

    With roots S1 = AA' and S2 = BB', the trace of (S1 S2)^(1/2) is the sum of the singular values of A'B.
    This needs no complex numbers, and loses no digits where a covariance is singular, as it is for fewer
    images than features.

    Args:
        fake: features (N, D), see `image_features`; or their Gaussian.
        real: features (M, D), or their Gaussian, such as `Statistics.gaussian`.

    Returns:
        A float64 scalar, at least 0; 0 for equal sets, up to rounding.

    Raises:
        ValueError: features are not (N, D), of fewer than two images, not finite, or of two networks.

    Examples:
        >>> real = torch.randn(32, 4, dtype=torch.float64)
        >>> round(frechet_distance(real + 1, real).item(), 6)  # four means differ by 1
        4.0
    """
    fake = fake if isinstance(fake, Gaussian) else Gaussian.of(fake)
    real = real if isinstance(real, Gaussian) else Gaussian.of(real)
    check_widths(len(fake.mean), len(real.mean), "frechet_distance")
    mean, root = (x.to(fake.mean.device) for x in real)
    between_means = (fake.mean - mean).square().sum()
    shared = torch.linalg.svdvals(fake.root.T @ root).sum()
    return (between_means + fake.root.square().sum() + root.square().sum() - 2 * shared).clamp_min(0)
