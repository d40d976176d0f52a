"""How strongly a grid shows in pictures, as transposed convolutions and pixel shuffles leave it."""

from itertools import product

import torch
from torch import Tensor

from gan_metrics._image import Reduction, check_images, reduce, to_unit_range
from gan_metrics._mean import MeanOverImages

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
NEAR, FAR = 2, 5  # steps of the transform beside a frequency: not its own any more, and to here
LEAST = 4 * FAR  # of such steps between two of the grid's frequencies


def grid_strength(image: Tensor, *, period: int = 4, reduction: Reduction = "mean") -> Tensor:
    """How far the frequencies of a grid rise above their surroundings, in decibels.

    A pattern that repeats every `period` pixels has all its power at multiples of 1 / period, in rows and
    columns; a picture has next to none there that it does not have beside it, too. So this is the power of
    the luma at these frequencies divided by that around them: about 0 dB for a picture without a grid, and
    the more the stronger. Networks that enlarge by `period` leave such a grid (Odena et al. 2016,
    "Deconvolution and Checkerboard Artifacts"); an article of 2016-12-18 complains of it in SRGAN. Compare
    with the true picture's figure, as bricks and fences have grids of their own.

    Args:
        image: (N, 3, H, W) RGB or (N, 1, H, W) grey in [-1, 1], clamped; each side at least 20 * period.
        period: pixels after which the grid repeats.
        reduction: "mean" over the images' decibels, or "none".

    Returns:
        A scalar, or (N,) decibels; NaN for a picture of one colour.

    Raises:
        ValueError: the shape or the type is another, a picture is too small, `period` is below 2, or the
            reduction is unknown.
    """
    check_images(image, "grid_strength")
    if image.shape[1] not in (1, 3) or period < 2:
        raise ValueError(
            "grid_strength expects (N, 3, H, W) or (N, 1, H, W) and a period of at least 2; "
            f"got {tuple(image.shape)} and {period}"
        )
    height, width = (side // period * period for side in image.shape[-2:])
    if min(height, width) < LEAST * period:
        raise ValueError(
            f"grid_strength expects sides of at least {LEAST * period} pixels for a period of {period}; "
            f"got {tuple(image.shape)}"
        )
    luma = _luma(image)[:, :height, :width]
    power = _power(luma)
    places = [
        (row * height // period, column * width // period)
        for row, column in product(range(period), repeat=2)
        if row or column
    ]
    own = torch.stack([power[:, row, column] for row, column in places]).sum(0)
    around = torch.stack([_around(power, row, column) for row, column in places]).sum(0)
    plain = luma.amax((1, 2)) == luma.amin((1, 2))  # whose power is rounding
    return reduce((10 * (own / around).log10()).masked_fill(plain, torch.nan), reduction)


def _luma(image: Tensor) -> Tensor:
    """(N, H, W) in [0, 1], in float64, since a weak grid beside a strong picture is small."""
    unit = to_unit_range(image).double()
    return unit[:, 0] if image.shape[1] == 1 else torch.einsum("nchw,c->nhw", unit, unit.new_tensor(LUMA))


def _power(luma: Tensor) -> Tensor:
    """The power spectrum (N, H, W), under a Hann window: the borders of a picture do not join."""
    rows, columns = (torch.hann_window(side, dtype=luma.dtype, device=luma.device) for side in luma.shape[1:])
    centred = luma - luma.mean((1, 2), keepdim=True)
    return torch.fft.fft2(centred * rows[:, None] * columns).abs().square()


def _around(power: Tensor, row: int, column: int) -> Tensor:
    """The mean power (N,) of the frequencies near one, but for those into which the window spreads it."""
    steps = range(-FAR, FAR + 1)
    offsets = [pair for pair in product(steps, repeat=2) if max(map(abs, pair)) >= NEAR]
    rows, columns = (
        torch.tensor([start + pair[axis] for pair in offsets]) % power.shape[1 + axis]
        for axis, start in enumerate((row, column))
    )
    return power[:, rows, columns].mean(1)


class GridStrength(MeanOverImages):
    """The mean of `grid_strength` over all images of all batches and processes."""

    def __init__(self, period: int = 4) -> None:
        super().__init__("grid_strength")
        self._period = period

    def update(self, prediction: Tensor, target: Tensor | None = None) -> None:  # noqa: ARG002
        """Takes in a batch.

        Args:
            prediction: (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped.
            target: not looked at; accepted because a MetricCollection hands the same positional arguments
                to all its metrics.
        """
        self.add(grid_strength(prediction, period=self._period, reduction="none"))
