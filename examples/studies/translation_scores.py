"""What a set of translations is worth: beside its counterparts, beside the target set, and by its classes."""

from collections.abc import Callable

import torch
from gan_metrics import feature_distance, kernel_distance, psnr, ssim
from torch import Tensor

Features = Callable[[Tensor], list[Tensor]]


class Domain:
    """Real images of a domain, with which a set of translations into it is compared.

    Args:
        features: the feature extractor, in evaluation mode.
        images: (M, 3, H, W), none of them a counterpart of the translations.
        others: images that a linear classifier learns to tell from these: of the other domain, and blurred
            ones of both, since a classifier that has seen none takes blur for this domain.
    """

    def __init__(self, features: Features, images: Tensor, others: Tensor) -> None:
        self._features, self._variety = features, mean_distance(images)
        self._vectors, vectors_of_others = pooled(features, images), pooled(features, others)
        self._mean, self._scale = self._vectors.mean(0), self._vectors.std(0).clamp(min=1e-6)
        ours, theirs = (_with_one(self._normalized(x)) for x in (self._vectors, vectors_of_others))
        # Least squares for 1 and -1, both kinds of equal weight.
        moments = ours.T @ ours / len(ours) + theirs.T @ theirs / len(theirs)
        target = ours.mean(0) - theirs.mean(0)
        self._weights = torch.linalg.solve(moments + 0.1 * torch.eye(len(target)).to(target), target)

    def scores(self, images: Tensor) -> dict[str, float]:
        """How well images (N, 3, H, W) pass for this domain as a set.

        The kernel distance is that of features scaled to unit variance over the domain. Variety is the mean
        distance between two images, over that between two real ones: near 0 for a collapsed generator.
        """
        x = self._normalized(pooled(self._features, images))
        return {
            "kernel distance": kernel_distance(x, self._normalized(self._vectors)).item(),
            "taken for real": (_with_one(x) @ self._weights > 0).double().mean().item(),
            "variety": mean_distance(images) / self._variety,
        }

    def _normalized(self, vectors: Tensor) -> Tensor:
        return (vectors - self._mean) / self._scale


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, x.new_ones(len(x), 1)], 1)


def pooled(features: Features, images: Tensor) -> Tensor:
    """(N, D) float64: the mean of each feature map, layer after layer."""
    with torch.no_grad():
        parts = [torch.cat([m.mean((2, 3)) for m in features(some)], 1) for some in images.split(64)]
    return torch.cat(parts).double()


def pair_scores(features: Features, images: Tensor, counterparts: Tensor) -> dict[str, float]:
    """How close images are to their counterparts, both (N, 3, H, W)."""
    with torch.no_grad():
        return {
            "PSNR": psnr(images, counterparts).item(),
            "SSIM": ssim(images, counterparts).item(),
            "feature distance": feature_distance(features, images, counterparts).item(),
        }


def mean_distance(images: Tensor) -> float:
    """The root mean square difference of two images, over all pairs."""
    return torch.pdist(images.flatten(1)).square().mean().sqrt().item()
