"""DiffAugment's translation, cutout and horizontal flip, all by whole pixels."""

from typing import Any

import torch
from torch import Tensor

from gan_augment.base.images import check_images, per_image


def flip(images: Tensor, flipped: Tensor) -> Tensor:
    """Mirror some of the images left to right.

    Args:
        images: (N, C, H, W).
        flipped: (N,) bool, or any shape of N elements: which images to mirror.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one truth value for each image.

    Examples:
        >>> flip(torch.tensor([[[[1.0, 2.0]]], [[[1.0, 2.0]]]]), torch.tensor([True, False])).flatten(1)
        tensor([[2., 1.],
                [1., 2.]])
    """
    check_images(images)
    return torch.where(per_image(flipped, images), images.flip(-1), images)


def translate(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """out[y, x] = in[y + rows, x + columns], and zero where that is outside (DiffAugment, Zhao et al. 2020).

    Args:
        images: (N, C, H, W).
        rows: (N,) integers, or any shape of N elements; up to an eighth of the height in the official code.
            Positive values move the image up.
        columns: likewise; positive values move the image to the left.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
        >>> translate(row, torch.tensor([0]), torch.tensor([1])).flatten()  # to the left
        tensor([2., 3., 0.])
    """
    check_images(images)
    down, right = (per_image(shift, images).long() for shift in (rows, columns))
    if images.device.type == "cpu" and not torch.compiler.is_compiling():
        return _Shift.apply(images, down, right)
    height, width = images.shape[-2:]
    inside = _within(down, height, images).mT & _within(right, width, images)  # (N, 1, H, W)
    # In memory, a shift in both directions is one shift along the rows laid end to end.
    pixels = torch.arange(height * width, device=images.device)
    source = (pixels + (down * width + right).flatten(1)).clamp(0, height * width - 1)  # (N, H*W)
    shifted = images.flatten(2).gather(2, source.unsqueeze(1).expand(-1, images.shape[1], -1))
    return torch.where(inside, shifted.view(images.shape), 0)


class _Shift(torch.autograd.Function):
    """`translate` as one copy of a rectangle for each image; its gradient is moved back in the same way.

    A device other than the CPU would wait for the numbers of every image.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, down: Tensor, right: Tensor) -> Tensor:
        ctx.save_for_backward(down, right)
        height, width = images.shape[-2:]
        shifted = torch.zeros(images.shape, dtype=images.dtype)
        shifts = zip(down.flatten().tolist(), right.flatten().tolist(), strict=True)
        for source, target, (row, column) in zip(images, shifted, shifts, strict=True):
            (to_row, from_row), (to_column, from_column) = _overlap(row, height), _overlap(column, width)
            target[:, to_row, to_column] = source[:, from_row, from_column]
        return shifted

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        down, right = ctx.saved_tensors
        return _Shift.apply(gradients[0], -down, -right), None, None


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    """Where out[i] = in[i + shift] is inside, as slices of out and of in."""
    shift = max(-length, min(length, shift))
    return slice(max(0, -shift), length - max(0, shift)), slice(max(0, shift), length + min(0, shift))


def cutout(images: Tensor, rows: Tensor, columns: Tensor, *, ratio: float = 0.5) -> Tensor:
    """Set a rectangle to zero; it may extend beyond the image (DiffAugment, Zhao et al. 2020).

    Args:
        images: (N, C, H, W).
        rows: (N,) integers, or any shape of N elements: the rectangle's middle row, the lower one of two if
            its height is even. `-H` puts it outside the image, which leaves the image unchanged.
        columns: likewise, from the left.
        ratio: the rectangle's sides as a fraction of the image's, in [0, 1]; rounded to whole pixels. 0.5 in
            the official code, 0.2 in Projected GAN's.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is not such a tensor, or there is not one number for each image.

    Examples:
        >>> cutout(torch.ones(1, 1, 2, 4), torch.tensor([1]), torch.tensor([1]))
        tensor([[[[1., 1., 1., 1.],
                  [0., 0., 1., 1.]]]])
    """
    check_images(images)
    height, width = images.shape[-2:]
    vertical = _covered(rows, height, cutout_size(height, ratio), images)
    horizontal = _covered(columns, width, cutout_size(width, ratio), images)
    return torch.where(vertical.mT & horizontal, 0, images)


def cutout_size(length: int, ratio: float) -> int:
    """`ratio` of `length` in whole pixels, a half rounded up."""
    return int(length * ratio + 0.5)


def _within(shift: Tensor, length: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length) bool: the positions that stay inside when moved by `shift`."""
    moved = torch.arange(length, device=images.device) + shift
    return (moved >= 0) & (moved < length)


def _covered(center: Tensor, length: int, size: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length) bool: the positions of an interval of `size` around `center`."""
    positions = torch.arange(length, device=images.device)
    offset = positions - per_image(center, images) + size // 2  # from the interval's start
    return (offset >= 0) & (offset < size)
