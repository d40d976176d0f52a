"""Translation, cutout and mirroring by whole pixels, as in DiffAugment."""

import torch
from torch import Tensor

from gan_augment._images import check_images, per_image


def flip(images: Tensor, flipped: Tensor) -> Tensor:
    """Mirror some of the images left to right.

    Args:
        images: (N, C, H, W).
        flipped: (N,) bool, or any shape of N elements: which ones.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one truth value for each.
    """
    check_images(images)
    return torch.where(per_image(flipped, images), images.flip(-1), images)


def translate(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """out[y, x] = in[y + rows, x + columns], and zero where that is outside (DiffAugment, Zhao et al. 2020).

    Args:
        images: (N, C, H, W).
        rows: (N,) whole numbers, or any shape of N elements; up to an eighth of the height in the official
            code. Positive ones move the picture up.
        columns: likewise; positive ones move the picture to the left.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    height, width = images.shape[-2:]
    down, right = (per_image(shift, images).long() for shift in (rows, columns))
    inside = _within(down, height, images).mT & _within(right, width, images)  # (N, 1, H, W)
    # In memory a shift in two directions is one shift along the rows laid end to end.
    pixels = torch.arange(height * width, device=images.device)
    source = (pixels + (down * width + right).flatten(1)).clamp(0, height * width - 1)  # (N, H*W)
    shifted = images.flatten(2).gather(2, source.unsqueeze(1).expand(-1, images.shape[1], -1))
    return torch.where(inside, shifted.view(images.shape), 0)


def cutout(images: Tensor, rows: Tensor, columns: Tensor, *, ratio: float = 0.5) -> Tensor:
    """Blank a rectangle, what is outside the image being lost (DiffAugment, Zhao et al. 2020).

    Args:
        images: (N, C, H, W).
        rows: (N,) whole numbers, or any shape of N elements: the rectangles' middle row, the lower one of two
            where its height is even. `-H` puts it outside the image, which changes nothing.
        columns: likewise, from the left.
        ratio: the rectangle's sides as a share of the image's, in [0, 1]; rounded to whole pixels. 0.5 in the
            official code, 0.2 in Projected GAN's.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one number for each.
    """
    check_images(images)
    height, width = images.shape[-2:]
    vertical = _covered(rows, height, cutout_size(height, ratio), images)
    horizontal = _covered(columns, width, cutout_size(width, ratio), images)
    return torch.where(vertical.mT & horizontal, 0, images)


def blank(images: Tensor, middle: Tensor, ratio: float) -> Tensor:
    """Blank a rectangle, what is outside the image being lost (ADA, Karras et al. 2020, appendix B).

    Args:
        images: (N, C, H, W).
        middle: (N, 2) of the rectangle, from the left and the top, in shares of the width and the height.
            The pixels whose own middle is inside the rectangle are blanked.
        ratio: the rectangle's sides as a share of the image's.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` is no such tensor, or there is not one middle for each.
    """
    check_images(images)
    if middle.shape != (len(images), 2):
        raise ValueError(
            f"expected middles of shape ({len(images)}, 2), one for each image; got {tuple(middle.shape)}; "
            "draw for the batch that you augment"
        )
    right, down = middle.unbind(1)
    across = _nearness(right, images.shape[-1], images) < ratio / 2
    along = _nearness(down, images.shape[-2], images) < ratio / 2
    return torch.where(along.mT & across, 0, images)


def cutout_size(length: int, ratio: float) -> int:
    """`ratio` of `length` in whole pixels, a half rounded up."""
    return int(length * ratio + 0.5)


def _within(shift: Tensor, length: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length) bool: where a position that moves by `shift` stays inside."""
    moved = torch.arange(length, device=images.device) + shift
    return (moved >= 0) & (moved < length)


def _covered(centre: Tensor, length: int, size: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length) bool: the positions of a piece of `size` around `centre`."""
    offset = (
        torch.arange(length, device=images.device) - per_image(centre, images) + size // 2
    )  # of its start
    return (offset >= 0) & (offset < size)


def _nearness(place: Tensor, length: int, images: Tensor) -> Tensor:
    """(N, 1, 1, length): how far each pixel's middle is from `place`, both in shares of the side."""
    return ((torch.arange(length, device=images.device) + 0.5) / length - per_image(place, images)).abs()
