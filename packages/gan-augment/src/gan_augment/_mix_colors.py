"""ADA's colour transforms, as numbers for each image and as one product with the RGB vector."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_augment._images import check_images, widen


class Color(NamedTuple):
    """What happens to the colour of every pixel (Karras et al. 2020, appendix B), in the order of the fields.

    Attributes:
        brightness: (N,) added to all channels; images are in [-1, 1].
        contrast: (N,) factor on all channels, about 0.
        luma_flip: (N,) 1 mirrors the colours at the plane of luma 0, 0 does not.
        hue: (N,) angle about the luma axis, in radians.
        saturation: (N,) factor on the distance from the luma axis.
    """

    brightness: Tensor
    contrast: Tensor
    luma_flip: Tensor
    hue: Tensor
    saturation: Tensor

    @classmethod
    def neutral(cls, count: int, device: torch.device | str | None = None) -> "Color":
        """The numbers that leave `count` images as they are; `_replace` those that shall do something."""
        zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
        return cls(zero, one, zero, zero, one)

    def matrix(self) -> Tensor:
        """(N, 3, 4): all of it as one map for `mix_colors`.

        Every step but the first treats the luma axis (1, 1, 1) and the plane across it apart: it scales or
        mirrors the one, and scales or turns the other. So the steps come down to one factor on the axis and
        one factor and angle on the plane.
        """
        like = self.contrast
        on_axis = torch.full((3, 3), 1 / 3, dtype=like.dtype, device=like.device)
        across = torch.eye(3, dtype=like.dtype, device=like.device) - on_axis
        # The vector product with the axis, a quarter turn of the plane: + once around the ring, - back.
        ring = torch.eye(3, dtype=like.dtype, device=like.device).roll(1, 0)
        turned = (ring - ring.mT) / math.sqrt(3)
        luma = self.contrast * (1 - 2 * self.luma_flip)
        chroma = self.contrast * self.saturation
        parts = [(luma, on_axis), (chroma * self.hue.cos(), across), (chroma * self.hue.sin(), turned)]
        linear = torch.stack([factor.view(-1, 1, 1) * part for factor, part in parts]).sum(0)
        offset = (luma * self.brightness).view(-1, 1, 1).expand(-1, 3, 1)
        return torch.cat([linear, offset], -1)


def mix_colors(images: Tensor, matrix: Tensor) -> Tensor:
    """Each pixel's (R, G, B, 1) times its image's matrix; nothing is clipped.

    A grey image is taken as three equal planes, and the mean of what they become is its new plane.

    The gradient, of any order, is with respect to the images.

    Args:
        images: (N, 3, H, W) RGB or (N, 1, H, W) grey, in [-1, 1].
        matrix: (N, 3, 4), a linear map and an offset; `Color.matrix` makes such.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `matrix` is no such tensor.
    """
    check_images(images)
    channels = images.shape[1]
    if channels not in (1, 3):
        raise ValueError(
            f"expected RGB or grey images, (N, 3, H, W) or (N, 1, H, W); got {tuple(images.shape)}; "
            "leave the colour transforms out for other channels"
        )
    if matrix.shape != (len(images), 3, 4):
        raise ValueError(
            f"expected matrices of shape ({len(images)}, 3, 4), one for each image; got {tuple(matrix.shape)}"
        )
    wide = widen(images)
    linear, offset = matrix.to(wide).split([3, 1], -1)
    if channels == 1:
        linear = linear.mean(1, keepdim=True).sum(2, keepdim=True)
        offset = offset.mean(1, keepdim=True)
    return MixPlanes.apply(wide, linear, offset).to(images.dtype)


class MixPlanes(torch.autograd.Function):
    """product @ x + offset: (N, C, H, W) by (N, C, C) and (N, C, 1) or None.

    A function of its own, as autocast would compute in half precision, also where only the gradient is taken
    under it.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, product: Tensor, offset: Tensor | None) -> Tensor:
        ctx.save_for_backward(product)
        with torch.autocast(x.device.type, enabled=False):
            mixed = torch.bmm(product, x.flatten(2))  # baddbmm would write all of its constants out first
        if offset is not None:
            mixed += offset
        return mixed.view(x.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (product,) = ctx.saved_tensors
        return MixPlanes.apply(gradients[0], product.mT, None), None, None
