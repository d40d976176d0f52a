"""Structural similarity."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_metrics._image import Reduction, check_pair, reduce, to_unit_range

SIGMA = 1.5  # pixels
WINDOW = 11  # pixels
C1, C2 = 0.01**2, 0.03**2  # for images in [0, 1]


def ssim(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Structural similarity of each image, with the paper's settings.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity" (2004), equation
    13: Gaussian window of 11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the planes and the
    positions at which the window lies inside the image. It equals scikit-image with `gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False`. It is computed on the scale 0 to 1, since the index depends on
    the position of black. Values outside are clamped first, as saving an image does.

    Args:
        prediction: (N, C, H, W) in [-1, 1], at least 11 pixels high and wide.
        target: the same shape and range.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,), at most 1, the value of equal images; float32 for half-precision images, under
        autocast too.

    Raises:
        ValueError: the shapes differ or are not (N, C, H, W), an image is smaller than the window, the images
            are not floating point or far outside [-1, 1], or the reduction is unknown.

    Examples:
        >>> image = torch.rand(1, 3, 16, 16)
        >>> round(ssim(image, image).item(), 4)
        1.0
    """
    check_pair(prediction, target, "ssim")
    return reduce(similarities(prediction, target), reduction)


def similarities(prediction: Tensor, target: Tensor) -> Tensor:
    """(N,): `ssim` of images that have been checked.

    Raises:
        ValueError: an image is smaller than the window.
    """
    if min(prediction.shape[-2:]) < WINDOW:
        raise ValueError(
            f"ssim expects images of at least {WINDOW}x{WINDOW} pixels, the size of its window; "
            f"got {tuple(prediction.shape)}; use larger images"
        )
    local = _local_ssim(to_unit_range(prediction), to_unit_range(target))
    return local.mean((1, 2, 3)).to(torch.promote_types(prediction.dtype, torch.float32))


def _local_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """(N, C, H - 10, W - 10): the index wherever the window lies inside images in [0, 1].

    On CUDA it is computed in float64. TF32 may round float32 convolutions there, and the variances are small
    differences.
    """
    if prediction.is_cuda:
        prediction, target = prediction.double(), target.double()
    products = (prediction, target, prediction * prediction, target * target, prediction * target)
    with torch.autocast(prediction.device.type, enabled=False):
        means = F.conv2d(torch.cat(products), _window(prediction), groups=prediction.shape[1])
    mean_1, mean_2, square_1, square_2, product = means.chunk(5)
    # Rounding can make these negative where images are flat, alike for equal ones: they have exactly 1.
    variance_1, variance_2 = square_1 - mean_1.square(), square_2 - mean_2.square()
    covariance = product - mean_1 * mean_2
    luminance = (2 * (mean_1 * mean_2) + C1), (mean_1.square() + mean_2.square() + C1)
    structure = (2 * covariance + C2), (variance_1 + variance_2 + C2)
    return ((luminance[0] * structure[0]) / (luminance[1] * structure[1])).clamp_max(1)


def _window(images: Tensor) -> Tensor:
    """The Gaussian weights, (C, 1, 11, 11), for each plane of the images."""
    distance = torch.arange(WINDOW, dtype=images.dtype, device=images.device) - WINDOW // 2
    weights = torch.exp(-(distance / SIGMA).square() / 2)
    weights = weights / weights.sum()
    return (weights[:, None] @ weights[None]).expand(images.shape[1], 1, WINDOW, WINDOW)
