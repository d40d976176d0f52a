"""Colorfulness, a metric without a target."""

import torch
from torch import Tensor

from gan_metrics._image import Reduction, check_images, reduce, to_unit_range


def colorfulness(rgb: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Colorfulness M3 of Hasler and Suesstrunk, "Measuring Colourfulness in Natural Images" (2003).

    M3 = sigma_rgyb + 0.3 mu_rgyb on R, G, B in 0..255, where sigma_rgyb and mu_rgyb are the Euclidean norms
    of the standard deviations and of the means over the pixels of rg = R - G and yb = (R + G) / 2 - B. Gray
    images have 0; the paper's viewers rated 15 as slightly, 45 as averagely and 82 as highly colorful. It
    reveals a colorizer that produces only sepia tones, which have a good PSNR. Values outside [-1, 1] are
    clamped first, as saving an image does.

    Args:
        rgb: (N, 3, H, W) in [-1, 1].
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,); float32 for half-precision images.

    Raises:
        ValueError: the shape is not (N, 3, H, W), the images are not floating point or far outside [-1, 1],
            or the reduction is unknown.

    Examples:
        >>> colorfulness(torch.zeros(1, 3, 8, 8))  # gray
        tensor(0.)
    """
    check_images(rgb, "colorfulness")
    if rgb.shape[1] != 3:
        raise ValueError(
            f"colorfulness expects RGB of shape (N, 3, H, W); got {tuple(rgb.shape)}; convert to RGB first"
        )
    red, green, blue = (255 * to_unit_range(rgb)).flatten(2).unbind(1)  # each (N, H * W)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], dim=1)  # (N, 2, H * W)
    deviation = opponents.std(-1, correction=0).norm(dim=1)
    mean = opponents.mean(-1).norm(dim=1)
    return reduce(deviation + 0.3 * mean, reduction)
