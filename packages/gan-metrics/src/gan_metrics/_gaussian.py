"""A set of images, summarized as a Gaussian."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from gan_metrics._matrices import as_double, check_set


class Scatter(NamedTuple):
    """What the Gaussian of a set of images is made from; those of two parts are joined without loss.

    Attributes:
        images: number of images.
        mean: (D,) float64.
        root: (R, D) float64, such that root.T @ root is the sum of the outer products of the features less
            their mean; R is at most D, or the number of images.
    """

    images: int
    mean: Tensor
    root: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """The scatter of features (N, D) in float64, N of at least 1."""
        mean = features.mean(0)
        return cls(len(features), mean, _short(features - mean))

    def joined(self, other: Self) -> Self:
        """The scatter of both parts together (the pairwise update of Chan et al. 1979)."""
        images = self.images + other.images
        apart = other.mean - self.mean
        between = apart * (self.images * other.images / images) ** 0.5
        root = _short(torch.cat([self.root, other.root, between[None]]))
        return type(self)(images, self.mean + apart * (other.images / images), root)


def _short(rows: Tensor) -> Tensor:
    """Rows X, or no more of them than columns, with the same X'X."""
    return torch.linalg.qr(rows, mode="r").R if len(rows) > rows.shape[1] else rows


class Gaussian(NamedTuple):
    """The Gaussian fitted to the features of a set of images.

    It stores a root of the covariance instead of the covariance. The root has at most as many columns as
    there are images, and no digits are lost by squaring.

    Attributes:
        mean: (D,) float64.
        root: (D, R) float64, such that root @ root.T is the covariance; R is at most D.

    Examples:
        >>> gaussian = Gaussian.of(torch.tensor([[0.0, 0.0], [2.0, 0.0]]))
        >>> gaussian.mean, gaussian.root.shape
        (tensor([1., 0.], dtype=torch.float64), torch.Size([2, 2]))
    """

    mean: Tensor
    root: Tensor

    @property
    def covariance(self) -> Tensor:
        """(D, D) float64, with the divisor N - 1 for N images."""
        return self.root @ self.root.T

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """The Gaussian of features (N, D).

        Raises:
            ValueError: they are not (N, D), are of fewer than two images, or are not finite.
        """
        return cls.from_scatter(Scatter.of(check_set(features, "Gaussian.of")))

    @classmethod
    def from_scatter(cls, scatter: "Scatter") -> Self:
        """The Gaussian of two images or more."""
        return cls(scatter.mean, scatter.root.T / (scatter.images - 1) ** 0.5)

    @classmethod
    def from_covariance(cls, mean: Tensor, covariance: Tensor) -> Self:
        """The Gaussian of a mean (D,) and a covariance (D, D), such as published statistics.

        Raises:
            ValueError: their shapes do not match, they are not finite, or the covariance is not symmetric or
                has negative eigenvalues beyond rounding errors.
        """
        if not (mean.isfinite().all() and covariance.isfinite().all()):
            raise ValueError(
                "Gaussian.from_covariance expects a finite mean and covariance; got NaN or infinity; check "
                "the features that they were computed from"
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
        # Rounding turns zero eigenvalues of a singular covariance into small positive and negative ones, and
        # their roots are not small. Negative ones can be as large as float32's rounding errors, since some
        # statistics that are published in float64 were computed in float32.
        scale, eps = values.abs().amax() * len(values), torch.finfo(covariance.dtype).eps
        if values[0] < -scale * max(eps, torch.finfo(torch.float32).eps):
            raise ValueError(
                "Gaussian.from_covariance expects a covariance without negative eigenvalues; got "
                f"{values[0].item():.3g} besides {values[-1].item():.3g}; check how it was computed"
            )
        kept = values > scale * eps
        return cls(as_double(mean), vectors[:, kept] * values[kept].sqrt())
