"""ADA's pixel blitting and geometric transforms, as numbers for each image and as one affine map."""

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Geometry(NamedTuple):
    """What happens to the place of every pixel (Karras et al. 2020, appendix B), in the order of the fields.

    Attributes:
        x_flip: (N,) 1 mirrors left to right, 0 does not.
        quarter_turns: (N,) 0 to 3 turns by 90 degrees, counter-clockwise.
        integer_translation: (N, 2) to the right and down, in shares of width and height; rounded to pixels.
        scale: (N,) factor on both sides; above 1 enlarges.
        rotation_before: (N,) angle before the stretch, in radians, counter-clockwise.
        stretch: (N,) factor on the width, and its inverse on the height.
        rotation_after: (N,) angle after the stretch.
        fractional_translation: (N, 2) to the right and down, in shares of width and height.
    """

    x_flip: Tensor
    quarter_turns: Tensor
    integer_translation: Tensor
    scale: Tensor
    rotation_before: Tensor
    stretch: Tensor
    rotation_after: Tensor
    fractional_translation: Tensor

    @classmethod
    def neutral(cls, count: int, device: torch.device | str | None = None) -> "Geometry":
        """The numbers that leave `count` images where they are; `_replace` those that shall do something."""
        zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
        still = torch.zeros(count, 2, device=device)
        return cls(zero, zero, still, one, zero, one, zero, still)

    def matrix(self, height: int, width: int) -> Tensor:
        """(N, 2, 3): all of it as one map for `warp`, for images of `height` and `width` pixels.

        In the fields' own precision, under autocast too: half would be some tenths of a pixel off.
        """
        with torch.autocast(self.scale.device.type, enabled=False):
            return self._matrix(height, width)

    def _matrix(self, height: int, width: int) -> Tensor:
        size = self.scale.new_tensor([width, height])
        right, down = (self.integer_translation * size).round().unbind(1)
        drift_right, drift_down = (self.fractional_translation * size).unbind(1)
        total = (
            _translation(drift_right, drift_down)
            @ _rotation(-self.rotation_after)
            @ _scaling(self.stretch, 1 / self.stretch)
            @ _rotation(-self.rotation_before)
            @ _scaling(self.scale, self.scale)
            @ _translation(right, down)
            @ _rotation(-math.pi / 2 * self.quarter_turns)
            @ _scaling(1 - 2 * self.x_flip, torch.ones_like(self.scale))
        )
        return total[:, :2]


def _homogeneous(a: Tensor, b: Tensor, x: Tensor, c: Tensor, d: Tensor, y: Tensor) -> Tensor:
    """(N, 3, 3) from the first two rows, (N,) each."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, x, c, d, y, zero, zero, one], -1).unflatten(-1, (3, 3))


def _translation(x: Tensor, y: Tensor) -> Tensor:
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _homogeneous(one, zero, x, zero, one, y)


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    zero = torch.zeros_like(x)
    return _homogeneous(x, zero, zero, zero, y, zero)


def _rotation(angle: Tensor) -> Tensor:
    """Clockwise as one sees it, where y points down."""
    zero = torch.zeros_like(angle)
    return _homogeneous(angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero)
