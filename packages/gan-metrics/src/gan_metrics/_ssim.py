"""Structural similarity."""

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from gan_metrics._image import Reduction, check_pair, reduce, to_unit_range
from gan_metrics._mean import MeanOverImages

SIGMA = 1.5  # pixels
WINDOW = 11  # pixels


def ssim(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Structural similarity of each image by itself, with the paper's settings.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity" (2004), equation
    13: Gaussian window of 11x11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the positions at
    which the window lies inside the picture, and over the planes. It equals scikit-image with
    `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`. Images are measured on the scale 0 to 1
    (the index depends on where black lies) and values outside are clamped first, since a saved picture
    shows no more.

    Args:
        prediction: (N, C, H, W) in [-1, 1], at least 11 pixels high and wide.
        target: same shape and range.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,), at most 1, which equal images reach; float32 for half-precision input, under
        autocast too.

    Raises:
        ValueError: shapes differ or are not (N, C, H, W), an image is smaller than the window, images are
            not floating point, or the reduction is unknown.
    """
    check_pair(prediction, target, "ssim")
    if min(prediction.shape[-2:]) < WINDOW:
        raise ValueError(
            f"ssim expects images of at least {WINDOW}x{WINDOW} pixels, the size of its window; "
            f"got {tuple(prediction.shape)}; measure larger images"
        )
    prediction, target = to_unit_range(prediction), to_unit_range(target)
    with torch.autocast(prediction.device.type, enabled=False):
        _, local = structural_similarity_index_measure(
            _beyond_tf32(prediction),
            _beyond_tf32(target),
            sigma=SIGMA,
            data_range=1.0,
            return_full_image=True,
            reduction="none",
        )
    # torchmetrics mirrors pictures at their edges; the paper's code and scikit-image skip those positions.
    border = WINDOW // 2
    values = local[..., border:-border, border:-border].mean((1, 2, 3))
    return reduce(values.to(prediction.dtype), reduction)


def _beyond_tf32(image: Tensor) -> Tensor:
    """On CUDA float64: TF32 may round float32 convolutions there, and variances are small differences."""
    return image.double() if image.is_cuda else image


class SSIM(MeanOverImages):
    """The mean of `ssim` over all images of all batches and processes."""

    higher_is_better = True

    def __init__(self) -> None:
        super().__init__("ssim")

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Takes in a batch: both (N, C, H, W) in [-1, 1], clamped, at least 11 pixels high and wide."""
        self.add(ssim(prediction, target, reduction="none"))
