"""How near the colors of a colorized image are to the true ones, whatever its lightness."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_metrics._image import Reduction, as_saved, check_pair, reduce
from gan_metrics._image_means import ImageMeans

# ITU-R BT.601, as in gan_colorspace.rgb_to_ycrcb, which this package could call only by depending on it.
KR, KG, KB = 0.299, 0.587, 0.114
CONSTANT = 1e-6  # variances below are of one color: they come from rounding in float32
MOMENTS = ("x", "y", "xx", "yy", "xy")  # of prediction x and target y


def chroma_error(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Mean absolute error of Cr and Cb (ITU-R BT.601, full range), in [-1, 1].

    A colorizer keeps the lightness of its input, so that PSNR and SSIM are high for any colors, and for none.
    This compares the colors alone. Compare it with the error of the gray image, which is the mean absolute
    Cr and Cb of the target, and of one constant color: on photographs both are hard to beat. Values outside
    [-1, 1] are clamped first, as saving an image does.

    Args:
        prediction: (N, 3, H, W) RGB in [-1, 1].
        target: the same shape and range.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,): 0 for equal colors; float32 for half-precision images.

    Raises:
        ValueError: the shapes differ or are not (N, 3, H, W), the images are not floating point or far
            outside [-1, 1], or the reduction is unknown.

    Examples:
        >>> red = torch.tensor([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1)
        >>> chroma_error(torch.full((1, 3, 1, 1), -0.4), red)  # |Cr| = 1, |Cb| = 0.3375
        tensor(0.6687)
    """
    _check_pair(prediction, target, "chroma_error")
    return reduce((_chroma(prediction) - _chroma(target)).abs().mean((1, 2, 3)), reduction)


class Correlations(NamedTuple):
    """Pearson's correlation of predicted and true color differences, from -1 to 1.

    Examples:
        >>> red, blue = torch.zeros(2, 1, 3, 8, 8)
        >>> red[:, 0, :4], blue[:, 2, :4] = 1, 1
        >>> correlation = ChromaCorrelation()
        >>> correlation.add(blue, red)
        >>> correlation.compute().cr < 0  # blue where red should be
        True
    """

    cr: float  # red against cyan
    cb: float  # blue against yellow


class ChromaCorrelation:
    """The correlation of predicted Cr and Cb with the true ones over all images of all batches and processes.

    All pixels of all images are one population, in which each image has the same weight. So it shows whether
    a colorizer knows what is red and what is blue; it does not depend on how strong its colors are. Gray
    images, and images of one constant color, have 0.

    Examples:
        >>> real = torch.rand(4, 3, 8, 8) * 2 - 1
        >>> correlation = ChromaCorrelation()
        >>> correlation.add(real / 2, real)  # half as colorful, with the right colors
        >>> cr, cb = correlation.compute()
        >>> round(cr, 3), round(cb, 3)
        (1.0, 1.0)
    """

    def __init__(self) -> None:
        self._moments = ImageMeans()

    def add(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, 3, H, W) RGB in [-1, 1], clamped.

        Raises:
            ValueError: see `chroma_error`.
        """
        _check_pair(prediction, target, "ChromaCorrelation")
        x, y = _chroma(prediction), _chroma(target)
        for moment, values in zip(MOMENTS, (x, y, x * x, y * y, x * y), strict=True):
            cr, cb = values.mean((2, 3)).unbind(1)  # (N,)
            self._moments.add(**{f"cr_{moment}": cr, f"cb_{moment}": cb})

    def compute(self) -> Correlations:
        """The correlations so far; with several processes each must call it.

        Raises:
            RuntimeError: no process has had an image.
        """
        means = self._moments.compute()
        cr, cb = (_correlation(*(means[f"{plane}_{moment}"] for moment in MOMENTS)) for plane in ("cr", "cb"))
        return Correlations(cr, cb)


def _correlation(x: float, y: float, xx: float, yy: float, xy: float) -> float:
    variances = xx - x * x, yy - y * y
    return 0.0 if min(variances) < CONSTANT else (xy - x * y) / (variances[0] * variances[1]) ** 0.5


def _chroma(rgb: Tensor) -> Tensor:
    """(N, 2, H, W): Cr and Cb of RGB, clamped."""
    red, green, blue = as_saved(rgb).unbind(1)
    luma = KR * red + KG * green + KB * blue
    return torch.stack([(red - luma) / (2 * (1 - KR)), (blue - luma) / (2 * (1 - KB))], dim=1)


def _check_pair(prediction: Tensor, target: Tensor, caller: str) -> None:
    check_pair(prediction, target, caller)
    if prediction.shape[1] != 3:
        raise ValueError(
            f"{caller} expects RGB of shape (N, 3, H, W); got {tuple(prediction.shape)}; convert to RGB first"
        )
