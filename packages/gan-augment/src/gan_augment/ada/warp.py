"""Affine transformation of images without aliasing, as in ADA: one lookup at twice the resolution."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_augment.ada._separable import BLOCK, block_starts, filter_rows, reflect, taps_at
from gan_augment.ada._wavelet import SYM6
from gan_augment.base.images import check_images, widen

TAPS = SYM6 / SYM6.sum()  # an averaging filter: its sum is 1
AHEAD = 5  # taps before the one at the pixel itself, at the doubled resolution

# Values at the doubled resolution that are processed at a time. 32 MiB on a CPU, which the allocator reuses
# instead of requesting new pages (a whole batch at once took twice as long); 1 GiB on other devices.
CPU_VALUES, DEVICE_VALUES = 2**23, 2**28


def warp(images: Tensor, matrix: Tensor) -> Tensor:
    """Transform every image by an affine map (ADA, Karras et al. 2020, appendix B).

    The image is upsampled twofold by the wavelet filter sym6, sampled bilinearly, and downsampled by the
    transposed filter, so that the identity map returns the image. Outside of its borders the image is
    reflected, as far as the map reaches. (The official code pads by at most the image's size less one, and
    with zero beyond. Only elongated images and very rare parameters reach that far.)

    Gradients of any order are with respect to the images.

    Args:
        images: (N, C, H, W), H and W at least 2.
        matrix: (N, 2, 3) maps (x, y, 1) in the input to (x, y) in the output, in pixels from the image's
            center, x to the right and y down.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `matrix` is not such a tensor.

    Examples:
        >>> image = torch.rand(1, 3, 8, 8)
        >>> torch.allclose(warp(image, torch.eye(2, 3).unsqueeze(0)), image, atol=1e-4)  # the identity
        True
    """
    check_images(images, smallest=2)
    if matrix.shape != (len(images), 2, 3):
        raise ValueError(
            f"expected matrices of shape ({len(images)}, 2, 3), one for each image; got "
            f"{tuple(matrix.shape)}; sample parameters for the batch that you augment"
        )
    wide = widen(images)
    lookup = _invert(matrix.detach().to(wide))
    with torch.autocast(images.device.type, enabled=False):
        size = _group_size(images)
        groups = zip(wide.split(size), lookup.split(size), strict=True)
        warped = torch.cat([_warp(group, own) for group, own in groups])
    return warped.to(images.dtype)


def _group_size(images: Tensor) -> int:
    """Images to process at a time: compiled code needs no small groups, since it fuses the operations."""
    cached = images.device.type == "cpu" and not torch.compiler.is_compiling()
    return max(1, (CPU_VALUES if cached else DEVICE_VALUES) // (16 * max(1, images.shape[1:].numel())))


def _invert(matrix: Tensor) -> Tensor:
    """(N, 2, 3): the inverse maps. Written out, since `torch.linalg.inv` synchronizes with a GPU."""
    (a, b, x), (c, d, y) = (row.unbind(-1) for row in matrix.unbind(-2))
    determinant = a * d - b * c
    rows = [d, -b, b * y - d * x, -c, a, c * x - a * y]
    return (torch.stack(rows, -1) / determinant.unsqueeze(-1)).unflatten(-1, (2, 3))


def _warp(images: Tensor, lookup: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    fine = filter_rows(images.mT, *_upsampling(width, images)).mT
    fine = filter_rows(fine, *_upsampling(height, images))  # (N, C, 4 H - 3, 4 W - 3)
    moved = _Lookup.apply(fine, _grid(lookup, height, width))  # (N, C, 2 H + 10, 2 W + 10)
    coarse = filter_rows(moved.mT, *_downsampling(width, images)).mT
    return filter_rows(coarse, *_downsampling(height, images)).contiguous()


def _upsampling(size: int, like: Tensor) -> tuple[Tensor, Tensor, int]:
    """Fine row j = 2 sum_n h(5 + j - 2 n) row n of the reflected image: one period, and one row more.

    Pixel n is at fine row 2 n. An image that is reflected repeatedly has a period of 2 (size - 1) pixels.
    """
    count = 4 * (size - 1) + 1
    reach = torch.arange(-3, BLOCK + 3, device=like.device)
    source = reflect(block_starts((count + 1) // 2, like.device) + reach, size)
    row = torch.arange(2 * BLOCK, device=like.device).unsqueeze(1)
    return source, taps_at(2 * TAPS.to(like), AHEAD + row - 2 * reach), count


def _downsampling(size: int, like: Tensor) -> tuple[Tensor, Tensor, int]:
    """Row n = sum_j h(5 + j - 2 n) fine row j, with fine rows that begin at j = -5: the transpose."""
    reach = torch.arange(2 * BLOCK + len(TAPS) - 2, device=like.device)
    source = (2 * block_starts(size, like.device) + reach).clamp(max=_sampled(size) - 1)
    row = torch.arange(BLOCK, device=like.device).unsqueeze(1)
    return source, taps_at(TAPS.to(like), reach - 2 * row), size


def _sampled(size: int) -> int:
    """Fine rows that are needed for `size` rows."""
    return 2 * (size - 1) + len(TAPS)


def _grid(lookup: Tensor, height: int, width: int) -> Tensor:
    """(N, 2 H + 10, 2 W + 10, 2): coordinates for `grid_sample`; -1 and 1 are the ends of a period."""
    x = torch.arange(_sampled(width), device=lookup.device) - AHEAD - (width - 1)
    y = torch.arange(_sampled(height), device=lookup.device) - AHEAD - (height - 1)
    along_x, along_y = lookup.permute(1, 2, 0)[..., None, None]  # (3, N, 1, 1) each
    positions = [(_outer_sum(along_x, x, y), width), (_outer_sum(along_y, x, y), height)]
    # From fine rows, counted from the center, to fractions of a period.
    fractions = [((position + (size - 1)) / (4 * (size - 1))).remainder(1) for position, size in positions]
    return torch.stack(fractions, -1) * 2 - 1


def _outer_sum(map_row: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(N, len(y), len(x)): one coordinate of the map; an offset of one pixel is two fine rows."""
    to_x, to_y, offset = map_row
    return to_x * x + (to_y * y.unsqueeze(1) + 2 * offset)


class _Lookup(torch.autograd.Function):
    """`grid_sample`, bilinear and linear in the images: torch's own cannot be differentiated twice."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size = images.shape
        # All coordinates are inside. "border" covers rounding errors, and avoids cuDNN, which would first
        # copy the images into another memory layout.
        return F.grid_sample(images, grid, padding_mode="border", align_corners=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _Spread.apply(gradients[0], *ctx.saved_tensors, ctx.size), None


class _Spread(torch.autograd.Function):
    """The transpose of `_Lookup`: adds every value to the four pixels that it was interpolated from."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, size: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        images = values.new_empty(1).expand(size)  # only the size is used
        bilinear, border, only_images = 0, 1, (True, False)
        return torch.ops.aten.grid_sampler_2d_backward(
            values, images, grid, bilinear, border, True, only_images
        )[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _Lookup.apply(gradients[0], *ctx.saved_tensors), None, None
