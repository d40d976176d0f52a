"""The strength of periodic artifacts, as transposed convolutions and pixel shuffles produce them."""

from itertools import product

import torch
from torch import Tensor

from gan_metrics._image import Reduction, check_images, reduce, to_unit_range
from gan_metrics._matrices import as_double

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
NEAR, FAR = 2, 5  # the neighborhood of a frequency, in steps of the transform: from NEAR to FAR
LEAST = 4 * FAR  # such steps between two frequencies of the grid, at least


def grid_strength(images: Tensor, *, period: int = 4, reduction: Reduction = "mean") -> Tensor:
    """Power at the frequencies of a grid relative to that at neighboring frequencies, in decibels.

    A pattern that repeats every `period` pixels has all its power at multiples of 1 / period, in rows and
    columns. The power of natural images changes little between neighboring frequencies. So the ratio of the
    luma's power at these frequencies and around them is about 0 dB without a grid, and grows with the grid's
    strength. Networks that upsample by `period` produce such grids (Odena et al. 2016, "Deconvolution and
    Checkerboard Artifacts"); an article of 2016-12-18 reports them for SRGAN. Compare with the value of the
    true image, since bricks and fences have grids of their own.

    Args:
        images: (N, 3, H, W) RGB or (N, 1, H, W) gray in [-1, 1], clamped; each side at least 20 * period.
        period: pixels after which the grid repeats.
        reduction: "mean" over the images' decibels, or "none".

    Returns:
        A scalar, or (N,) decibels; NaN for an image of a single color.

    Raises:
        ValueError: the shape or the type is another, an image is too small, `period` is below 2, or the
            reduction is unknown.

    Examples:
        >>> column = torch.tensor([0.0, 0.5]).repeat(40, 20).expand(1, 1, 40, 40)
        >>> grid_strength(column + torch.rand(1, 1, 40, 40) * 0.1, period=2) > 10  # decibels
        tensor(True)
    """
    check_images(images, "grid_strength")
    if images.shape[1] not in (1, 3) or period < 2:
        raise ValueError(
            "grid_strength expects (N, 3, H, W) or (N, 1, H, W) and a period of at least 2; "
            f"got {tuple(images.shape)} and {period}"
        )
    height, width = (side // period * period for side in images.shape[-2:])
    if min(height, width) < LEAST * period:
        raise ValueError(
            f"grid_strength expects sides of at least {LEAST * period} pixels for a period of {period}; "
            f"got {tuple(images.shape)}; use larger images"
        )
    luma = _luma(images)[:, :height, :width]
    power = _power(luma)
    frequencies = [
        (row * height // period, column * width // period)
        for row, column in product(range(period), repeat=2)
        if row or column
    ]
    own = torch.stack([power[:, row, column] for row, column in frequencies]).sum(0)
    around = torch.stack([_around(power, row, column) for row, column in frequencies]).sum(0)
    constant = luma.amax((1, 2)) == luma.amin((1, 2))  # its power is only rounding errors
    decibels = (10 * (own / around).log10()).masked_fill(constant, torch.nan)
    return reduce(decibels.to(images.device), reduction)


def _luma(images: Tensor) -> Tensor:
    """(N, H, W) in [0, 1], in float64, since a weak grid is small compared with the image."""
    unit = as_double(to_unit_range(images))
    return unit[:, 0] if images.shape[1] == 1 else torch.einsum("nchw,c->nhw", unit, unit.new_tensor(LUMA))


def _power(luma: Tensor) -> Tensor:
    """The power spectrum (N, H, W), under a Hann window, since opposite borders of an image do not match."""
    rows, columns = (torch.hann_window(side, dtype=luma.dtype, device=luma.device) for side in luma.shape[1:])
    centered = luma - luma.mean((1, 2), keepdim=True)
    return torch.fft.fft2(centered * rows[:, None] * columns).abs().square()


def _around(power: Tensor, row: int, column: int) -> Tensor:
    """The mean power (N,) near a frequency, without those to which the window spreads its power."""
    steps = range(-FAR, FAR + 1)
    offsets = [pair for pair in product(steps, repeat=2) if max(map(abs, pair)) >= NEAR]
    rows, columns = (
        torch.tensor([start + pair[axis] for pair in offsets]) % power.shape[1 + axis]
        for axis, start in enumerate((row, column))
    )
    return power[:, rows, columns].mean(1)
