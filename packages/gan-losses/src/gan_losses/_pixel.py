"""Losses on pixels: weighted L1 and total variation."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_losses._scales import Reduction, at_least_float32, check_same_shape, reduce


def l1_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    plane_weights: Sequence[float] | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """w_c |prediction - target|, with a weight w_c for each plane c (pix2pix, Isola et al. 2017, equation 3).

    The mean divides by the number of elements, independent of the weights. So the L1 over only the two chroma
    planes of YCrCb has two equal forms: the plain loss of the sliced planes, or that of all three planes with
    `plane_weights=(0, 1.5, 1.5)`, where 1.5 = 3 planes / 2 planes.

    Args:
        prediction: (N, C, H, W), any range.
        target: The same shape and range.
        plane_weights: C weights, one for each plane; 1 for all if None.
        reduction: "mean" over all elements, "sum" of them, or "none".

    Returns:
        A scalar; with "none" (N, C, H, W). At least float32.

    Raises:
        ValueError: If the shapes differ, an image is not floating point, there are not C weights, or the
            reduction is unknown.

    Examples:
        >>> l1_loss(torch.full((1, 3, 8, 8), 0.5), torch.zeros(1, 3, 8, 8))
        tensor(0.5000)
    """
    check_same_shape("prediction and target", prediction, target)
    if not (prediction.is_floating_point() and target.is_floating_point()):
        raise ValueError(
            f"l1_loss expects floating-point images; got {prediction.dtype} and {target.dtype}; for 8-bit "
            "values pass images / 127.5 - 1"
        )
    loss = F.l1_loss(at_least_float32(prediction), at_least_float32(target), reduction="none")
    if plane_weights is not None:
        loss = loss * _per_plane(plane_weights, loss)
    return reduce(loss, reduction)


def total_variation_loss(
    image: Tensor, *, squared: bool = False, reduction: Literal["mean", "sum"] = "mean"
) -> Tensor:
    """Differences between neighboring pixels, down and across (anisotropic total variation).

    "sum":  sum |x[i+1, j] - x[i, j]| + sum |x[i, j+1] - x[i, j]|, after Rudin, Osher and Fatemi 1992;
    "mean": the mean of the differences down plus the mean of those across, independent of the image's size;
    `squared` uses the square of each difference instead of its magnitude, which smooths edges.

    The weight belongs to the caller: the first version of SRGAN (Ledig et al. 2016, arXiv v1) has 2e-8.

    Args:
        image: (N, C, H, W), H and W at least 2.
        squared: Square the differences.
        reduction: "mean" or "sum", as above.

    Returns:
        A scalar. At least float32.

    Raises:
        ValueError: If the image has no neighboring pixels, or the reduction is unknown.

    Examples:
        >>> total_variation_loss(torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]]))  # 0 down, 1 across
        tensor(1.)
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f'expected reduction "mean" or "sum"; got {reduction!r}; use one of the two')
    if min(image.shape[-2:]) < 2:
        raise ValueError(
            f"expected an image of at least 2 x 2 pixels; got shape {tuple(image.shape)}; leave this loss out"
        )
    image = at_least_float32(image)
    distance = F.mse_loss if squared else F.l1_loss
    down = distance(image[..., 1:, :], image[..., :-1, :], reduction=reduction)
    across = distance(image[..., :, 1:], image[..., :, :-1], reduction=reduction)
    return down + across


def _per_plane(weights: Sequence[float], images: Tensor) -> Tensor:
    """(C, 1, 1) weights, filled on the device: copying them would synchronize with it."""
    planes = images.shape[1]
    if len(weights) != planes:
        raise ValueError(
            f"expected a weight for each of {planes} planes; got {len(weights)} weights; "
            "pass one number for each channel"
        )
    return torch.stack([images.new_full((), weight) for weight in weights])[:, None, None]
