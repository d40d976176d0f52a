"""ADA's color transforms: their parameters, and the affine map they compose to."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_augment.base.images import check_images, widen


class Color(NamedTuple):
    """Parameters of ADA's color transforms, applied in this order (Karras et al. 2020, appendix B).

    Attributes:
        brightness: (N,) shift of all channels, for images in [-1, 1].
        contrast: (N,) factor of all channels.
        luma_flip: (N,) 1 mirrors the colors at the plane of luma 0, 0 does not.
        hue: (N,) angle about the luma axis, in radians.
        saturation: (N,) factor of the distance to the luma axis.

    Examples:
        >>> none, turn = torch.zeros(1), torch.full((1,), torch.pi)
        >>> color = Color(brightness=none, contrast=none + 1, luma_flip=none, hue=turn, saturation=none + 1)
        >>> color.matrix().shape  # for `mix_colors`
        torch.Size([1, 3, 4])
    """

    brightness: Tensor
    contrast: Tensor
    luma_flip: Tensor
    hue: Tensor
    saturation: Tensor

    @classmethod
    def neutral(cls, count: int, device: torch.device | str | None = None) -> "Color":
        """Parameters that leave `count` images unchanged; `_replace` the ones to apply."""
        zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
        return cls(zero, one, zero, zero, one)

    def matrix(self) -> Tensor:
        """(N, 3, 4): the composed map for `mix_colors`.

        Every step but the first acts on the luma axis (1, 1, 1) and on the plane orthogonal to it separately:
        it scales or mirrors the axis, and scales or rotates the plane. So the steps compose to one factor of
        the axis, and one factor and one angle of the plane.
        """
        like = self.contrast
        on_axis = torch.full((3, 3), 1 / 3, dtype=like.dtype, device=like.device)
        on_plane = torch.eye(3, dtype=like.dtype, device=like.device) - on_axis
        # The cross product with the unit axis, which rotates the plane by 90 degrees.
        cycle = torch.eye(3, dtype=like.dtype, device=like.device).roll(1, 0)
        rotated = (cycle - cycle.mT) / math.sqrt(3)
        luma = self.contrast * (1 - 2 * self.luma_flip)
        chroma = self.contrast * self.saturation
        parts = [(luma, on_axis), (chroma * self.hue.cos(), on_plane), (chroma * self.hue.sin(), rotated)]
        linear = torch.stack([factor.view(-1, 1, 1) * part for factor, part in parts]).sum(0)
        offset = (luma * self.brightness).view(-1, 1, 1).expand(-1, 3, 1)
        return torch.cat([linear, offset], -1)


def mix_colors(images: Tensor, matrix: Tensor) -> Tensor:
    """Multiply each pixel's (R, G, B, 1) by its image's matrix; nothing is clipped.

    A gray image is treated as three equal planes, and the result is the mean of the three.

    Gradients of any order are with respect to the images.

    Args:
        images: (N, 3, H, W) RGB or (N, 1, H, W) gray, in [-1, 1].
        matrix: (N, 3, 4), a linear map and an offset, such as `Color.matrix` returns.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `matrix` is not such a tensor.

    Examples:
        >>> swap = torch.tensor([[[0.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]])  # red and blue
        >>> mix_colors(torch.tensor([1.0, 0.0, -1.0]).reshape(1, 3, 1, 1), swap).flatten()
        tensor([-1.,  0.,  1.])
    """
    check_images(images)
    channels = images.shape[1]
    if channels not in (1, 3):
        raise ValueError(
            f"expected RGB or gray images, (N, 3, H, W) or (N, 1, H, W); got {tuple(images.shape)}; "
            "leave out the color transforms for other channels"
        )
    if matrix.shape != (len(images), 3, 4):
        raise ValueError(
            f"expected matrices of shape ({len(images)}, 3, 4), one for each image; got "
            f"{tuple(matrix.shape)}; sample parameters for the batch that you augment"
        )
    wide = widen(images)
    linear, offset = matrix.to(wide).split([3, 1], -1)
    if channels == 1:
        linear = linear.mean(1, keepdim=True).sum(2, keepdim=True)
        offset = offset.mean(1, keepdim=True)
    return _MixPlanes.apply(wide, linear, offset).to(images.dtype)


class _MixPlanes(torch.autograd.Function):
    """product @ x + offset: (N, C, H, W) by (N, C, C) and (N, C, 1) or None.

    A custom function keeps autocast from lowering the precision, also where only the backward pass runs under
    autocast.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, product: Tensor, offset: Tensor | None) -> Tensor:
        ctx.save_for_backward(product)
        with torch.autocast(x.device.type, enabled=False):
            mixed = torch.bmm(product, x.flatten(2))  # baddbmm would expand the offset first
        if offset is not None:
            mixed += offset
        return mixed.view(x.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (product,) = ctx.saved_tensors
        return _MixPlanes.apply(gradients[0], product.mT, None), None, None
