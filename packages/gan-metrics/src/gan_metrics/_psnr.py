"""Peak signal-to-noise ratio."""

from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from gan_metrics._image import Reduction, check_pair, reduce, to_unit_range
from gan_metrics._mean import MeanOverImages


def psnr(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Peak signal-to-noise ratio in decibels, 10 log10(2^2 / MSE) on [-1, 1], of each image by itself.

    Values outside [-1, 1] are clamped first, since a saved picture shows no more. They are not rounded to 8
    bits: that would change figures below 40 dB by less than 0.1 dB.

    Args:
        prediction: (N, C, H, W) in [-1, 1]; RGB, or any planes whose error is to be measured.
        target: same shape and range.
        reduction: "mean" over the images' decibels, as papers report it (not the PSNR of the pooled
            error), or "none".

    Returns:
        A scalar, or (N,) decibels; computed in float32 for half-precision input. Two equal images give
        infinity, and so does a mean that contains them: no finite figure would be true, and a made-up cap
        would hide in the average.

    Raises:
        ValueError: shapes differ or are not (N, C, H, W), images are not floating point, or the reduction
            is unknown.
    """
    check_pair(prediction, target, "psnr")
    values = peak_signal_noise_ratio(
        to_unit_range(prediction), to_unit_range(target), data_range=1.0, reduction="none", dim=(1, 2, 3)
    )
    return reduce(values, reduction)


class PSNR(MeanOverImages):
    """The mean of `psnr` over all images of all batches and processes, in decibels."""

    higher_is_better = True

    def __init__(self) -> None:
        super().__init__("psnr")

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Takes in a batch: both (N, C, H, W) in [-1, 1], clamped."""
        self.add(psnr(prediction, target, reduction="none"))
