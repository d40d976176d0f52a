"""Distances between images in the features of a network."""

from collections.abc import Callable, Sequence
from typing import Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_losses._scales import at_least_float32, check_same_shape


def perceptual_loss(
    prediction: Sequence[Tensor],
    target: Sequence[Tensor],
    *,
    layer_weights: Sequence[float] | None = None,
    distance: Literal["l1", "mse"] = "l1",
) -> Tensor:
    """sum_i w_i mean |F_i(prediction) - F_i(target)| over feature maps F_i (pix2pixHD, section 4).

    With "mse" the mean square, as in the content losses of SRGAN (Ledig et al. 2017, equation 5) and of
    Johnson et al. 2016. Scaling the features by s, such as SRGAN's 1 / 12.75, equals a weight of s, or of s^2
    with "mse".

    Args:
        prediction: the feature maps of the generated images, of any shape; for one layer, a list of one map.
        target: the feature maps of the target images. They get no gradient.
        layer_weights: w_i, one for each feature map; 1 for all if None.
        distance: "l1" or "mse".

    Returns:
        A scalar. At least float32.

    Raises:
        ValueError: If the two sides are not lists of equally many maps of the same shapes, the weights are
            not as many, or the distance is unknown.

    Examples:
        >>> perceptual_loss([torch.ones(1, 8, 4, 4)], [torch.zeros(1, 8, 4, 4)], layer_weights=[0.5])
        tensor(0.5000)
    """
    if distance not in ("l1", "mse"):
        raise ValueError(f'expected distance "l1" or "mse"; got {distance!r}; use one of the two')
    layers = _matched(prediction, target)
    weights = [1.0] * len(layers) if layer_weights is None else list(layer_weights)
    if len(weights) != len(layers):
        raise ValueError(
            f"expected a weight for each of {len(layers)} feature maps; got {len(weights)} weights; "
            "pass one number for each map"
        )
    measure = F.l1_loss if distance == "l1" else F.mse_loss
    terms = [
        weight * measure(at_least_float32(ours), at_least_float32(theirs.detach()))
        for weight, (ours, theirs) in zip(weights, layers, strict=True)
    ]
    return sum(terms[1:], terms[0])


class PerceptualLoss(nn.Module):
    """`perceptual_loss` of images in the features of a frozen network.

    The network has no gradients, and stays in evaluation mode even after `train()`. The gradient reaches the
    prediction through it; the target runs without a graph. Under autocast the network runs in the lower
    precision, and the distance in float32.

    Args:
        features: the feature extractor, from (N, 3, H, W) in [-1, 1] to a list of feature maps, including any
            normalization: `VGG19Features`, a `gan_projected.Backbone` of any timm network, or a function. A
            module is frozen and becomes a submodule.
        layer_weights: see `perceptual_loss`.
        distance: see `perceptual_loss`.

    Examples:
        >>> halves = PerceptualLoss(lambda x: [x, torch.nn.functional.avg_pool2d(x, 2)])
        >>> halves(torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))  # 1 for each of the two maps
        tensor(2.)
    """

    def __init__(
        self,
        features: Callable[[Tensor], Sequence[Tensor]],
        *,
        layer_weights: Sequence[float] | None = None,
        distance: Literal["l1", "mse"] = "l1",
    ) -> None:
        super().__init__()
        self.features = features
        self.layer_weights = layer_weights
        self.distance: Literal["l1", "mse"] = distance
        self.requires_grad_(False).train(False)

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - independent of the parent's mode
        """Stay in evaluation mode, and return itself."""
        return super().train(False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The distance of prediction and target.

        Args:
            prediction: (N, 3, H, W) RGB in [-1, 1].
            target: the same shape and range.

        Returns:
            A scalar. At least float32.

        Raises:
            ValueError: If the shapes differ, or `features` does not return a list of maps.
        """
        check_same_shape("prediction and target", prediction, target)
        with torch.no_grad():
            of_target = self.features(target)
        return perceptual_loss(
            self.features(prediction), of_target, layer_weights=self.layer_weights, distance=self.distance
        )


def _matched(prediction: Sequence[Tensor], target: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    for maps in (prediction, target):  # torch 2.6 cannot compile isinstance(maps, list | tuple)
        if not isinstance(maps, (list, tuple)) or not all(isinstance(layer, Tensor) for layer in maps):
            raise ValueError(
                f"expected a list of feature maps; got {_kind(maps)}; put a single map into a list"
            )
    if len(prediction) != len(target) or not prediction:
        raise ValueError(
            f"expected feature maps of equally many layers, at least one; got {len(prediction)} and "
            f"{len(target)}; use the same network for both"
        )
    layers = list(zip(prediction, target, strict=True))
    for ours, theirs in layers:
        check_same_shape("feature maps", ours, theirs)
    return layers


def _kind(maps: object) -> str:
    if not isinstance(maps, (list, tuple)):
        return f"a {type(maps).__name__}"
    return f"a list of {', '.join(sorted({type(layer).__name__ for layer in maps}))}"
