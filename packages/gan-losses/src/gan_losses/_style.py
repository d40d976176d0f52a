"""Gram matrices of feature maps, and the style loss that compares them (Gatys et al. 2016)."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from gan_losses._scales import Reduction, at_least_float32, reduce

GramNormalization: TypeAlias = Literal["elements", "area", "none", "gatys"]
"""By what a Gram matrix of (C, H, W) is divided: C H W, H W, 1, or 2 C H W; see `style_loss`."""


def gram_matrix(features: Tensor, *, normalization: GramNormalization = "elements") -> Tensor:
    """G = F F^T / d for the feature maps F (C, H W) of each image: which channels are active together.

    Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks", equation 3.

    Args:
        features: (N, C, H, W).
        normalization: the divisor d. "elements": C H W, as in Johnson et al. 2016; "area": H W; "none": 1,
            the equation itself; "gatys": 2 C H W, with which the sum of squared differences is equation 4.

    Returns:
        (N, C, C). At least float32, under autocast too.

    Raises:
        ValueError: If the features are not (N, C, H, W), or the normalization is unknown.

    Examples:
        >>> features = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).expand(1, 2, 8, 8)
        >>> gram_matrix(features, normalization="area")
        tensor([[[1., 2.],
                 [2., 4.]]])
    """
    if features.ndim != 4:
        raise ValueError(
            f"expected feature maps (N, C, H, W); got {tuple(features.shape)}; add the missing dimensions"
        )
    channels, area = features.shape[1], features.shape[2] * features.shape[3]
    divisors = {"elements": channels * area, "area": area, "none": 1, "gatys": 2 * channels * area}
    if normalization not in divisors:
        raise ValueError(
            f'expected normalization "elements", "area", "none" or "gatys"; got {normalization!r}; '
            "use one of the four"
        )
    with torch.autocast(features.device.type, enabled=False):
        flat = at_least_float32(features).flatten(2)  # (N, C, H * W)
        return flat @ flat.mT / divisors[normalization]


def style_loss(
    prediction: Sequence[Tensor],
    target: Sequence[Tensor],
    *,
    layer_weights: Sequence[float] | None = None,
    normalization: GramNormalization = "elements",
    reduction: Reduction = "mean",
) -> Tensor:
    """sum_l w_l mean (G_l - A_l)^2 over the Gram matrices G of the prediction and A of the target.

    With "gatys" sum (G_l - A_l)^2 / (4 N_l^2 M_l^2) on the Gram matrices without divisor, for N_l channels
    and M_l positions: equations 4 and 5 of Gatys et al. 2016, where w_l is 1/5 for each of five layers.
    The target's maps may have another height and width than the prediction's.

    Args:
        prediction: feature maps (N, C, H, W), one for each layer.
        target: for each layer the feature maps (N or 1, C, H', W') of the style; or their Gram matrices
            (N or 1, C, C), from `gram_matrix` with the same normalization, such as the mean of those of a
            collection. They get no gradient.
        layer_weights: w_l, one for each layer; 1 for all if None.
        normalization: of the Gram matrices, see `gram_matrix`.
        reduction: "mean" or "sum" over images, or "none" for (N,).

    Returns:
        A scalar, or (N,). At least float32.

    Raises:
        ValueError: If the sides are not lists of equally many maps, their channels or numbers of images do
            not match, the weights are not as many, or an option is unknown.

    Examples:
        >>> picture = torch.rand(1, 8, 4, 4)
        >>> round(style_loss([picture], [picture.flip(3)]).item(), 6)  # mirrored: the same style
        0.0
    """
    _check_layers(prediction, target, layer_weights)
    weights = [1.0] * len(prediction) if layer_weights is None else layer_weights
    terms: list[Tensor] = []
    for weight, ours, theirs in zip(weights, prediction, target, strict=True):
        gram = gram_matrix(ours, normalization=normalization)
        error = (gram - _target_gram(theirs.detach(), gram, normalization)).square()
        terms.append(weight * (error.sum((1, 2)) if normalization == "gatys" else error.mean((1, 2))))
    return reduce(sum(terms[1:], terms[0]), reduction)


def _target_gram(target: Tensor, gram: Tensor, normalization: GramNormalization) -> Tensor:
    """The Gram matrices of a target that is feature maps, or is Gram matrices already."""
    found = at_least_float32(target) if target.ndim == 3 else gram_matrix(target, normalization=normalization)
    if found.shape[1:] != gram.shape[1:] or found.shape[0] not in (1, gram.shape[0]):
        raise ValueError(
            f"expected a target with {gram.shape[1]} channels, of 1 or {gram.shape[0]} images, as feature "
            f"maps (N, C, H, W) or Gram matrices (N, C, C); got {tuple(target.shape)}; "
            "use the same layer for both"
        )
    return found


def _check_layers(
    prediction: Sequence[Tensor], target: Sequence[Tensor], weights: Sequence[float] | None
) -> None:
    for maps in (prediction, target):  # torch 2.6 cannot compile isinstance(maps, list | tuple)
        if not isinstance(maps, (list, tuple)):
            raise ValueError(
                f"expected a list of feature maps; got a {type(maps).__name__}; put a single map into a list"
            )
    if len(prediction) != len(target) or not prediction:
        raise ValueError(
            f"expected feature maps of equally many layers, at least one; got {len(prediction)} and "
            f"{len(target)}; use the same network for both"
        )
    if weights is not None and len(weights) != len(prediction):
        raise ValueError(
            f"expected a weight for each of {len(prediction)} feature maps; got {len(weights)} weights; "
            "pass one number for each map"
        )
