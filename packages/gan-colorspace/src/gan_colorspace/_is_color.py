"""Telling colour pictures from grey ones by the correlation of their channels."""

from torch import Tensor

from gan_colorspace._image import to_float64


def is_color(image: Tensor, threshold: float = 0.995) -> Tensor:
    """Whether a picture has colour: the mean correlation between its channels is below `threshold`.

    The filter of an article on coarse-to-fine colourisation (Koshian, 2019-07-29), which cleaned its data
    with it. In a grey or sepia picture the channels rise and fall together and every Pearson correlation is
    1. Two points that the article leaves open are settled so:

    * The mean is over the whole 3x3 correlation matrix, the three ones of its diagonal included, as
      `np.corrcoef(...).mean()` gives it. The default of 0.995 thus asks that the mean correlation between two
      different channels be below 0.9925.
    * A flat channel has no correlation (NumPy gives NaN, and NaN < 0.995 is false), so the picture is
      rejected: a blank page, but also a drawing in pure red on white, whose red channel is flat.

    Correlation is blind to scale and offset, so any range will do.

    Args:
        image: (3, H, W) or a batch (N, 3, H, W), any dtype and range.
        threshold: mean correlation from which on a picture counts as grey.

    Returns:
        Boolean, one for each picture: shape (N,), or () for a single one, which `if` takes as it is.

    Raises:
        ValueError: the shape is another.
    """
    if image.ndim not in (3, 4) or image.shape[-3] != 3:
        raise ValueError(
            f"is_color expects shape (3, H, W) or (N, 3, H, W); got {tuple(image.shape)}; "
            "a picture of one channel is grey, one with alpha should drop it first"
        )
    values = to_float64(image).flatten(-2)
    # Compared exactly: the variance of a flat channel need not round to zero.
    flat = values.amax(-1) == values.amin(-1)
    centred = values - values.mean(-1, keepdim=True)
    covariance = centred @ centred.mT
    deviation = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    correlation = covariance / (deviation.unsqueeze(-1) * deviation.unsqueeze(-2))
    return (correlation.mean((-2, -1)) < threshold) & ~flat.any(-1)
