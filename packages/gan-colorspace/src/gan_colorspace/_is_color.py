"""Distinguishing color images from gray ones by the correlation of their channels."""

from torch import Tensor

from gan_colorspace._image import to_float64


def is_color(image: Tensor, threshold: float = 0.995) -> Tensor:
    """Whether an image has color: the mean correlation between its channels is below `threshold`.

    An article on coarse-to-fine colorization (Koshian, 2019-07-29) cleaned its data with this filter. The
    channels of a gray or sepia image are proportional, so every Pearson correlation is 1. Two details that
    the article leaves open:

    * The mean is over the whole 3x3 correlation matrix, including the three ones of its diagonal, as
      computed by `np.corrcoef(...).mean()`. With the default of 0.995 the mean correlation between two
      different channels must be below 0.9925.
    * A constant channel has no correlation (NumPy gives NaN, and NaN < 0.995 is false), so the image is
      rejected: a blank page, but also a drawing in pure red on white, whose red channel is constant.

    Correlation does not depend on scale and offset, so any range works.

    Args:
        image: (3, H, W) or a batch (N, 3, H, W), any dtype and range.
        threshold: mean correlation at and above which an image counts as gray.

    Returns:
        Boolean, one for each image: shape (N,), or () for a single one, which `if` accepts.

    Raises:
        ValueError: the shape is another.

    Examples:
        >>> gray = torch.rand(1, 8, 8).repeat(3, 1, 1)
        >>> is_color(torch.stack([gray, torch.rand(3, 8, 8)]))
        tensor([False,  True])
    """
    if image.ndim not in (3, 4) or image.shape[-3] != 3:
        raise ValueError(
            f"is_color expects shape (3, H, W) or (N, 3, H, W); got {tuple(image.shape)}; "
            "an image of one channel is gray, and an alpha channel must be removed first"
        )
    values = to_float64(image).flatten(-2)
    # Compared exactly: the computed variance of a constant channel may not be zero.
    constant = values.amax(-1) == values.amin(-1)
    centered = values - values.mean(-1, keepdim=True)
    covariance = centered @ centered.mT
    deviation = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    correlation = covariance / (deviation.unsqueeze(-1) * deviation.unsqueeze(-2))
    return (correlation.mean((-2, -1)) < threshold) & ~constant.any(-1)


# The name under which gan_data.Images keeps the answers between starts: another one if they may be others.
is_color.__dict__["kept_as"] = "gan_colorspace.is_color"
