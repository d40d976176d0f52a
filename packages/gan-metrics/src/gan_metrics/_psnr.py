"""Peak signal-to-noise ratio."""

import torch
from torch import Tensor

from gan_metrics._image import Reduction, check_pair, reduce, to_unit_range

HIGHEST = 100.0  # dB, of equal images: a mean squared error of 1e-10 of the squared range


def psnr(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Peak signal-to-noise ratio of each image in decibels, 10 log10(2^2 / MSE) on [-1, 1].

    Values outside [-1, 1] are clamped first, as saving an image does. They are not rounded to 8 bits, which
    would change values below 40 dB by less than 0.1 dB.

    Args:
        prediction: (N, C, H, W) in [-1, 1]; RGB, or any other planes.
        target: the same shape and range.
        reduction: "mean" over the images' decibels, as papers report it (not the PSNR of the pooled error),
            or "none".

    Returns:
        A scalar, or (N,) decibels; computed in float32 for half-precision images. Two equal images have
        100 dB, and so have those with an even smaller error, as in much code on super-resolution: infinity
        would hide all other images in a mean, and no later score would be better.

    Raises:
        ValueError: the shapes differ or are not (N, C, H, W), the images are not floating point or far
            outside [-1, 1], or the reduction is unknown.

    Examples:
        >>> decibels = psnr(torch.full((1, 3, 8, 8), 0.2), torch.zeros(1, 3, 8, 8))
        >>> round(decibels.item(), 4)  # 10 log10(4 / 0.04)
        20.0
    """
    check_pair(prediction, target, "psnr")
    return reduce(decibels(prediction, target), reduction)


def decibels(prediction: Tensor, target: Tensor) -> Tensor:
    """(N,): `psnr` of images that have been checked."""
    error = to_unit_range(prediction) - to_unit_range(target)
    squared_error = error.square().sum((1, 2, 3)) / error.shape[1:].numel()
    squared_error = squared_error.clamp_min(1e-12)  # or the gradient of equal images would be NaN
    # With natural logarithms the values are torchmetrics' to the last digit.
    return (-torch.log(squared_error) * (10 / torch.log(torch.tensor(10.0)))).clamp_max(HIGHEST)
