"""Affine transformation of images without aliasing: one resampling at twice the resolution, as in ADA."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_augment._images import check_images, widen
from gan_augment._rows import BLOCK, blocks_of, filter_rows, reflect, taps_at
from gan_augment._wavelet import SYM6

TAPS = SYM6 / SYM6.sum()  # averages: their sum is 1
AHEAD = 5  # taps before the one that sits on the pixel, in the finer grid

# Values of the finer images that are worked on at a time. On a CPU 32 MiB of them, which the allocator hands
# out again without asking the system for fresh pages (a whole batch took twice as long); elsewhere 1 GiB.
CPU_VALUES, DEVICE_VALUES = 2**23, 2**28


def warp(images: Tensor, matrix: Tensor) -> Tensor:
    """Move every image by an affine map (ADA, Karras et al. 2020, appendix B).

    The image is doubled by the wavelet filter sym6, looked up bilinearly and halved by the same filter
    transposed, so that a map which is the identity gives the image itself. Outside, the image goes on as its
    reflection, as far as the map reaches. (The official code pads by at most the image's size less one, with
    zero beyond; that far out only elongated images or very rare draws ever look.)

    The gradient, of any order, is with respect to the images.

    Args:
        images: (N, C, H, W), H and W at least 2.
        matrix: (N, 2, 3) takes (x, y, 1) in the input to (x, y) in the output, in pixels from the image's
            middle, x to the right and y down.

    Returns:
        Of the images' shape and dtype.

    Raises:
        ValueError: `images` or `matrix` is no such tensor.
    """
    check_images(images, smallest=2)
    if matrix.shape != (len(images), 2, 3):
        raise ValueError(
            f"expected matrices of shape ({len(images)}, 2, 3), one for each image; got {tuple(matrix.shape)}"
        )
    wide = widen(images)
    lookup = _invert(matrix.detach().to(wide))
    with torch.autocast(images.device.type, enabled=False):
        at_once = _images_at_once(images)
        parts = zip(wide.split(at_once), lookup.split(at_once), strict=True)
        warped = torch.cat([_warp(part, own) for part, own in parts])
    return warped.to(images.dtype)


def _images_at_once(images: Tensor) -> int:
    """How many images to work on at a time: compiled code fuses what would otherwise leave the caches."""
    cached = images.device.type == "cpu" and not torch.compiler.is_compiling()
    return max(1, (CPU_VALUES if cached else DEVICE_VALUES) // (16 * max(1, images.shape[1:].numel())))


def _invert(matrix: Tensor) -> Tensor:
    """(N, 2, 3): the inverse maps. Written out, since `torch.linalg.inv` makes the host wait for a GPU."""
    (a, b, x), (c, d, y) = (row.unbind(-1) for row in matrix.unbind(-2))
    determinant = a * d - b * c
    rows = [d, -b, b * y - d * x, -c, a, c * x - a * y]
    return (torch.stack(rows, -1) / determinant.unsqueeze(-1)).unflatten(-1, (2, 3))


def _warp(images: Tensor, lookup: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    fine = filter_rows(images.mT, *_doubling(width, images)).mT
    fine = filter_rows(fine, *_doubling(height, images))  # (N, C, 4 H - 3, 4 W - 3)
    moved = _Lookup.apply(fine, _grid(lookup, height, width))  # (N, C, 2 H + 10, 2 W + 10)
    coarse = filter_rows(moved.mT, *_halving(width, images)).mT
    return filter_rows(coarse, *_halving(height, images)).contiguous()


def _doubling(size: int, like: Tensor) -> tuple[Tensor, Tensor, int]:
    """Fine row j = 2 sum_n h(5 + j - 2 n) row n, of the image and its reflection: one period and a row more.

    Pixel n sits at row 2 n. A picture that is reflected again and again repeats after 2 (size - 1) pixels.
    """
    count = 4 * (size - 1) + 1
    reach = torch.arange(-3, BLOCK + 3, device=like.device)
    source = reflect(blocks_of((count + 1) // 2, like.device) + reach, size)
    row = torch.arange(2 * BLOCK, device=like.device).unsqueeze(1)
    return source, taps_at(2 * TAPS.to(like), AHEAD + row - 2 * reach), count


def _halving(size: int, like: Tensor) -> tuple[Tensor, Tensor, int]:
    """Row n = sum_j h(5 + j - 2 n) fine row j, of fine rows that begin at j = -5: the transpose."""
    reach = torch.arange(2 * BLOCK + len(TAPS) - 2, device=like.device)
    source = (2 * blocks_of(size, like.device) + reach).clamp(max=_looked_up(size) - 1)
    row = torch.arange(BLOCK, device=like.device).unsqueeze(1)
    return source, taps_at(TAPS.to(like), reach - 2 * row), size


def _looked_up(size: int) -> int:
    """Fine rows that `size` rows are made of."""
    return 2 * (size - 1) + len(TAPS)


def _grid(lookup: Tensor, height: int, width: int) -> Tensor:
    """(N, 2 H + 10, 2 W + 10, 2): where to look, as `grid_sample` counts: -1 and 1 are a period's ends."""
    x = torch.arange(_looked_up(width), device=lookup.device) - AHEAD - (width - 1)
    y = torch.arange(_looked_up(height), device=lookup.device) - AHEAD - (height - 1)
    along_x, along_y = lookup.permute(1, 2, 0)[..., None, None]  # (3, N, 1, 1) each
    places = [(_sum_outer(along_x, x, y), width), (_sum_outer(along_y, x, y), height)]
    # From the middle, in fine rows, to shares of a period.
    shares = [((place + (size - 1)) / (4 * (size - 1))).remainder(1) for place, size in places]
    return torch.stack(shares, -1) * 2 - 1


def _sum_outer(map_row: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(N, len(y), len(x)): one coordinate of the map; an offset of one pixel is two fine rows."""
    to_x, to_y, offset = map_row
    return to_x * x + (to_y * y.unsqueeze(1) + 2 * offset)


class _Lookup(torch.autograd.Function):
    """`grid_sample`, bilinear and linear in the images: torch's own can't be differentiated twice."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size = images.shape
        # What is looked up lies inside. "border" keeps rounding from leaving it, and keeps cuDNN out, which
        # would first copy the images to lay them out anew.
        return F.grid_sample(images, grid, padding_mode="border", align_corners=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _Spread.apply(gradients[0], *ctx.saved_tensors, ctx.size), None


class _Spread(torch.autograd.Function):
    """The transpose of `_Lookup`: every value goes back to the four pixels that it was made of."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, size: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        images = values.new_empty(1).expand(size)  # what they were is no matter, only their size
        bilinear, border, only_images = 0, 1, (True, False)
        return torch.ops.aten.grid_sampler_2d_backward(
            values, images, grid, bilinear, border, True, only_images
        )[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _Lookup.apply(gradients[0], *ctx.saved_tensors), None, None
