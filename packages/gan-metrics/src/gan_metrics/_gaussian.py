"""A set of images, summed up."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from gan_metrics._matrices import as_double, check_set


class Gaussian(NamedTuple):
    """A set of images as the Gaussian that fits their features.

    It holds a root of the covariance in place of the covariance: there are no more columns than images, and
    no digits are lost by squaring.

    Attributes:
        mean: (D,) float64.
        root: (D, R) float64, such that root @ root.T is the covariance; R is at most D.
    """

    mean: Tensor
    root: Tensor

    @property
    def covariance(self) -> Tensor:
        """(D, D) float64; of N images, the sum over them is divided by N - 1."""
        return self.root @ self.root.T

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """The Gaussian of features (N, D).

        Raises:
            ValueError: they are not (N, D), of fewer than two images, or not finite.
        """
        features = check_set(features, "Gaussian.of")
        mean = features.mean(0)
        centred = features - mean
        if len(centred) > len(mean):
            centred = torch.linalg.qr(centred, mode="r").R  # R'R = X'X, in D rows instead of N
        return cls(mean, centred.T / (len(features) - 1) ** 0.5)

    @classmethod
    def from_covariance(cls, mean: Tensor, covariance: Tensor) -> Self:
        """The Gaussian of a mean (D,) and a covariance (D, D), such as others publish.

        Raises:
            ValueError: their shapes do not fit, they are not finite, or the covariance is not symmetric, or
                has negative eigenvalues beyond rounding.
        """
        if not (mean.isfinite().all() and covariance.isfinite().all()):
            raise ValueError(
                "Gaussian.from_covariance expects a finite mean and covariance; got NaN or infinity; look at "
                "the features they were worked out from"
            )
        covariance = covariance if covariance.is_floating_point() else covariance.double()
        symmetric = covariance.ndim == 2 and covariance.shape == covariance.T.shape
        symmetric = symmetric and torch.allclose(covariance, covariance.T, rtol=1e-3)
        if not symmetric or mean.shape != covariance.shape[:1]:
            raise ValueError(
                "Gaussian.from_covariance expects a mean (D,) and a symmetric covariance (D, D); got "
                f"{tuple(mean.shape)} and {tuple(covariance.shape)}"
            )
        values, vectors = torch.linalg.eigh(as_double(covariance))
        # Of a singular covariance, rounding leaves small values above and below 0; their roots are not small.
        # Below 0 they may be as large as float32 leaves them, in which some work before they publish float64.
        scale, eps = values.abs().amax() * len(values), torch.finfo(covariance.dtype).eps
        if values[0] < -scale * max(eps, torch.finfo(torch.float32).eps):
            raise ValueError(
                "Gaussian.from_covariance expects a covariance, without negative eigenvalues; got one of "
                f"{values[0].item():.3g} beside {values[-1].item():.3g}; look at where it comes from"
            )
        kept = values > scale * eps
        return cls(as_double(mean), vectors[:, kept] * values[kept].sqrt())
