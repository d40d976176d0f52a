"""ADA's pixel blitting and geometric transforms: their parameters, and the affine map they compose to."""

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Geometry(NamedTuple):
    """Parameters of ADA's geometric transforms, applied in this order (Karras et al. 2020, appendix B).

    Attributes:
        x_flip: (N,) 1 mirrors left to right, 0 does not.
        quarter_turns: (N,) 0 to 3 rotations by 90 degrees, counterclockwise.
        integer_translation: (N, 2) to the right and down, as fractions of width and height; rounded to
            pixels.
        scale: (N,) factor of both sides; above 1 enlarges.
        rotation_before: (N,) angle before the stretch, in radians, counterclockwise.
        stretch: (N,) factor of the width; the height is divided by it.
        rotation_after: (N,) angle after the stretch.
        fractional_translation: (N, 2) to the right and down, as fractions of width and height.

    Examples:
        >>> parameters = ADA("b", p=1.0).sample(torch.zeros(4, 3, 16, 16))
        >>> parameters.geometry.quarter_turns.shape, parameters.geometry.integer_translation.shape
        (torch.Size([4]), torch.Size([4, 2]))
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
        """Parameters that leave `count` images unchanged; `_replace` the ones to apply."""
        zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
        no_shift = torch.zeros(count, 2, device=device)
        return cls(zero, zero, no_shift, one, zero, one, zero, no_shift)

    def matrix(self, height: int, width: int) -> Tensor:
        """(N, 2, 3): the composed map for `warp`, for images of `height` and `width` pixels.

        Computed in the fields' own precision, under autocast too: half precision has errors of some
        tenths of a pixel.
        """
        with torch.autocast(self.scale.device.type, enabled=False):
            return self._matrix(height, width)

    def _matrix(self, height: int, width: int) -> Tensor:
        size = self.scale.new_tensor([width, height])
        right, down = (self.integer_translation * size).round().unbind(1)
        fraction_right, fraction_down = (self.fractional_translation * size).unbind(1)
        total = (
            _translation(fraction_right, fraction_down)
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
    """Clockwise on the screen, since y points down."""
    zero = torch.zeros_like(angle)
    return _homogeneous(angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero)
