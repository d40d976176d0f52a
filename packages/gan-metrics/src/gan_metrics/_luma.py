"""PSNR and SSIM as papers on super-resolution report them: on luma, without the border."""

from torch import Tensor

from gan_metrics._image import Reduction, check_pair, reduce, to_unit_range
from gan_metrics._matrices import as_double
from gan_metrics._psnr import decibels
from gan_metrics._ssim import WINDOW, similarities

WEIGHTS = (65.481, 128.553, 24.966)  # ITU-R BT.601: 219 times 0.299, 0.587 and 0.114
BLACK = 16  # of Y in 0..255


def psnr_y(prediction: Tensor, target: Tensor, *, border: int = 4, reduction: Reduction = "mean") -> Tensor:
    """PSNR of each image on the luma of its 8-bit version without a border, in decibels: "PSNR-Y".

    As Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", section 3.1, and most papers since Timofte et al. 2013 compute it with MATLAB: both images are
    rounded to 8 bits, Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255 is rounded again, as `rgb2ycbcr` does
    with bytes, and the result is 10 log10(255^2 / MSE) although Y covers only 16..235. Bicubic upsampling
    (x4) has 28.42 dB on Set5 and 25.99 dB on Set14. Gray images, of which Set14 has one, are compared
    directly. Because of the rounding there is no gradient.

    Args:
        prediction: (N, 3, H, W) RGB or (N, 1, H, W) gray in [-1, 1], clamped.
        target: the same shape and range.
        border: pixels to cut off on each side: 4 in the paper, in general the scale.
        reduction: "mean" over the images' decibels, or "none".

    Returns:
        A scalar, or (N,) decibels; 100 for two images of equal luma, as in `psnr`.

    Raises:
        ValueError: the shapes differ or are not (N, 3, H, W) or (N, 1, H, W), the images are not floating
            point or far outside [-1, 1], no pixel is left inside the border, or the reduction is unknown.

    Examples:
        >>> black, gray = torch.full((1, 3, 16, 16), -1.0), torch.full((1, 3, 16, 16), 0.0)
        >>> round(psnr_y(gray, black).item(), 2)  # Y = 126 and 16
        7.3
    """
    return reduce(decibels(*_inner_luma(prediction, target, border, 1, "psnr_y")), reduction)


def ssim_y(prediction: Tensor, target: Tensor, *, border: int = 4, reduction: Reduction = "mean") -> Tensor:
    """SSIM of each image on the luma of its 8-bit version without a border: `ssim` of the same luma.

    Gaussian window of 11x11 pixels with sigma 1.5 and no padding, on the scale 0 to 255, as in the MATLAB
    code of Wang et al. 2004. Bicubic upsampling (x4) of the sets' files has 0.8101 on Set5 and 0.7023 on
    Set14. The published values are 0.8104 and 0.7027; the fourth decimal depends on when values are rounded
    to bytes.

    Args:
        prediction: see `psnr_y`.
        target: the same shape and range.
        border: see `psnr_y`; at least 11 pixels have to be left inside.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,), at most 1.

    Raises:
        ValueError: see `psnr_y`.

    Examples:
        >>> image = torch.rand(1, 3, 32, 32)
        >>> round(ssim_y(image, image).item(), 4)
        1.0
    """
    return reduce(similarities(*_inner_luma(prediction, target, border, WINDOW, "ssim_y")), reduction)


def _inner_luma(
    prediction: Tensor, target: Tensor, border: int, smallest: int, caller: str
) -> tuple[Tensor, Tensor]:
    """Y of both in steps of 1/255, scaled from 0..255 to [-1, 1], as (N, 1, H - 2 border, W - 2 border)."""
    check_pair(prediction, target, caller)
    channels, height, width = prediction.shape[1:]
    if channels not in (1, 3):
        raise ValueError(
            f"{caller} expects RGB (N, 3, H, W) or gray (N, 1, H, W); got {tuple(prediction.shape)}; "
            "convert the images first"
        )
    if border < 0 or min(height, width) < 2 * border + smallest:
        raise ValueError(
            f"{caller} expects at least {smallest}x{smallest} pixels inside a border of {border}; "
            f"got {height}x{width}; use larger images or a smaller border"
        )
    inner = slice(border, height - border), slice(border, width - border)
    first, second = (_luma(image[..., *inner]) / 127.5 - 1 for image in (prediction, target))
    return first, second


def _luma(images: Tensor) -> Tensor:
    """Integers in 0..255: (N, 3, H, W) or (N, 1, H, W) in [-1, 1] to (N, 1, H, W)."""
    rounded = (255 * to_unit_range(images.detach())).round()
    if rounded.shape[1] == 1:
        return rounded
    levels = as_double(rounded)  # so that halves are exact, and rounded up
    weighted = [weight * plane for weight, plane in zip(WEIGHTS, levels.split(1, dim=1), strict=True)]
    return (BLACK + sum(weighted[1:], weighted[0]) / 255).add(0.5).floor().to(rounded)
