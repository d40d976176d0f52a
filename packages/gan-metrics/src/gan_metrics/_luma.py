"""PSNR and SSIM as papers on super-resolution report them: on luma, without the border."""

from torch import Tensor

from gan_metrics._image import Reduction, check_pair, to_unit_range
from gan_metrics._mean import MeanOverImages
from gan_metrics._psnr import psnr
from gan_metrics._ssim import WINDOW, ssim

WEIGHTS = (65.481, 128.553, 24.966)  # ITU-R BT.601: 219 times 0.299, 0.587 and 0.114
BLACK = 16  # of Y in 0..255


def psnr_y(prediction: Tensor, target: Tensor, *, border: int = 4, reduction: Reduction = "mean") -> Tensor:
    """PSNR on the luma of 8-bit pictures, in decibels, less a border: "PSNR-Y", of each image by itself.

    As Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", section 3.1, and the field since Timofte et al. 2013 compute it with MATLAB: both pictures are
    rounded to the 8 bits of a file, Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255 is rounded again, as
    `rgb2ycbcr` does with bytes, and 10 log10(255^2 / MSE) is taken although Y spans only 16..235. Bicubic
    enlargement of Set5 has 28.42 dB and that of Set14 25.99 dB (x4). Grey pictures, of which Set14 has one,
    are measured as they are. Rounding makes it a measure and no loss: it has no gradient.

    Args:
        prediction: (N, 3, H, W) RGB or (N, 1, H, W) grey in [-1, 1], clamped.
        target: same shape and range.
        border: pixels that are cut off on each side: 4 in the paper, in general the scale.
        reduction: "mean" over the images' decibels, or "none".

    Returns:
        A scalar, or (N,) decibels; infinity for two pictures of equal luma.

    Raises:
        ValueError: shapes differ or are not (N, 3, H, W) or (N, 1, H, W), images are not floating point,
            nothing is left within the border, or the reduction is unknown.
    """
    return psnr(*_inner_luma(prediction, target, border, 1, "psnr_y"), reduction=reduction)


def ssim_y(prediction: Tensor, target: Tensor, *, border: int = 4, reduction: Reduction = "mean") -> Tensor:
    """SSIM on the luma of 8-bit pictures, less a border: `ssim` of what `psnr_y` measures.

    Gaussian window of 11x11 pixels with sigma 1.5 and no padding, on the scale 0 to 255, as in the MATLAB
    code of Wang et al. 2004. Bicubic enlargement of the sets' files has 0.8101 on Set5 and 0.7023 on Set14
    (x4). The published figures are 0.8104 and 0.7027: when in between one rounds to bytes shows in the
    fourth decimal.

    Args:
        prediction: as in `psnr_y`.
        target: same shape and range.
        border: as in `psnr_y`; at least 11 pixels have to be left within.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,), at most 1.

    Raises:
        ValueError: as `psnr_y` does.
    """
    return ssim(*_inner_luma(prediction, target, border, WINDOW, "ssim_y"), reduction=reduction)


def _inner_luma(
    prediction: Tensor, target: Tensor, border: int, least: int, caller: str
) -> tuple[Tensor, Tensor]:
    """Y of both in whole steps of 1/255, from 0..255 to [-1, 1], as (N, 1, H - 2 border, W - 2 border)."""
    check_pair(prediction, target, caller)
    channels, height, width = prediction.shape[1:]
    if channels not in (1, 3):
        raise ValueError(
            f"{caller} expects RGB (N, 3, H, W) or grey (N, 1, H, W); got {tuple(prediction.shape)}; "
            "convert the pictures first"
        )
    if border < 0 or min(height, width) < 2 * border + least:
        raise ValueError(
            f"{caller} expects at least {least}x{least} pixels within a border of {border}; "
            f"got {height}x{width}; measure larger images or cut off less"
        )
    inner = slice(border, height - border), slice(border, width - border)
    first, second = (_luma(image[..., *inner]) / 127.5 - 1 for image in (prediction, target))
    return first, second


def _luma(image: Tensor) -> Tensor:
    """Whole numbers in 0..255: (N, 3, H, W) or (N, 1, H, W) in [-1, 1] to (N, 1, H, W)."""
    shown = (255 * to_unit_range(image.detach())).round()
    if shown.shape[1] == 1:
        return shown
    levels = shown.double()  # so that a half is one, and rounded up
    weighted = [weight * plane for weight, plane in zip(WEIGHTS, levels.split(1, dim=1), strict=True)]
    return (BLACK + sum(weighted[1:], weighted[0]) / 255).add(0.5).floor().to(shown.dtype)


class PSNRY(MeanOverImages):
    """The mean of `psnr_y` over all images of all batches and processes, in decibels.

    Args:
        border: see `psnr_y`.
    """

    higher_is_better = True

    def __init__(self, border: int = 4) -> None:
        super().__init__(f"psnr_y_{border}")
        self.border = border

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Takes in a batch: both (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped."""
        self.add(psnr_y(prediction, target, border=self.border, reduction="none"))


class SSIMY(MeanOverImages):
    """The mean of `ssim_y` over all images of all batches and processes.

    Args:
        border: see `psnr_y`.
    """

    higher_is_better = True

    def __init__(self, border: int = 4) -> None:
        super().__init__(f"ssim_y_{border}")
        self.border = border

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Takes in a batch: both (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped."""
        self.add(ssim_y(prediction, target, border=self.border, reduction="none"))
