"""JPEG compression of a batch, computed on its own device: the values that a file would give back."""

from collections.abc import Sequence
from functools import cache
from math import cos, pi, sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_data.decoding.tensors import require_range_on_cpu
from gan_data.transforms._ranges import require_one_per_image
from gan_data.transforms.degrade import require_quality

# ITU-T T.81 (the JPEG standard), annex K.1, tables K.1 (luma) and K.2 (chroma), row by row.
LUMA_TABLE = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_TABLE = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)


@torch.no_grad()
def batched_jpeg(images: Tensor, qualities: Sequence[int]) -> Tensor:
    """The images after JPEG compression, each with its own quality, without leaving their device.

    The steps of libjpeg with chroma at half the resolution (4:2:0): BT.601, the mean of four chroma samples,
    the discrete cosine transform of blocks of 8x8, the standard's tables scaled by the quality, rounding, and
    back with interpolated chroma. The entropy coding is left out, since it loses nothing. libjpeg rounds
    within its transforms, too, so coefficients near a half may be quantized to the other side: on photographs
    the values differ from those of `jpeg`, which calls Pillow, by less than a level of 255 on average.

    Args:
        images: (N, 3, H, W) RGB, floating point in [-1, 1], clipped and rounded to 8 bits first. The last
            row and column are repeated up to whole blocks.
        qualities: N of Pillow's qualities, from 1 to 95.

    Returns:
        (N, 3, H, W) in [-1, 1], of 8-bit levels, float32. Not differentiable.

    Raises:
        ValueError: a quality is out of range, there is not one for each image, there are not three
            channels of floating point, or on a CPU values are far outside [-1, 1].

    Examples:
        >>> images = torch.rand(2, 3, 16, 16) * 2 - 1
        >>> batched_jpeg(images, qualities=[30, 90]).shape
        torch.Size([2, 3, 16, 16])
    """
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise ValueError(
            "batched_jpeg expects (N, 3, H, W) of floating point in [-1, 1]; "
            f"got {tuple(images.shape)} {images.dtype}"
        )
    require_range_on_cpu("batched_jpeg", images)
    require_one_per_image("qualities", qualities, len(images))
    for quality in qualities:
        require_quality(quality)
    pixels = _rounded((images.float() + 1) * 127.5).clamp(0, 255)
    luma, chroma = _to_luma_and_chroma(pixels)
    height, width = images.shape[-2:]
    luma = _through_blocks(luma, _tables(LUMA_TABLE, qualities, images.device))
    small = _through_blocks(_halved(chroma), _tables(CHROMA_TABLE, qualities, images.device))
    small = small[..., : (width + 1) // 2]  # the columns that filled the last block are not interpolated
    return _to_rgb(luma, _doubled(small)[..., :height, :width]) / 127.5 - 1


def _rounded(values: Tensor) -> Tensor:
    """To the nearest integer, halves up, as libjpeg rounds; torch.round takes halves to the even one."""
    return (values + 0.5).floor()


def _to_luma_and_chroma(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """RGB in 0..255 to (N, 1, H, W) and (N, 2, H, W), each less 128; ITU-R BT.601, as JFIF has it."""
    red, green, blue = pixels.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    blueness = -0.168736 * red - 0.331264 * green + 0.5 * blue
    redness = 0.5 * red - 0.418688 * green - 0.081312 * blue
    # libjpeg rounds halves of the two down, so that 128 + 127.5 stays a byte.
    chroma = (torch.stack([blueness, redness], 1) - 0.5).ceil()
    return _rounded(luma - 128).unsqueeze(1), chroma


def _to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """The inverse, rounded and clipped to 0..255; what is added to luma is rounded by itself."""
    blueness, redness = chroma.split(1, 1)
    red = _rounded(1.402 * redness)
    green = _rounded(-0.344136 * blueness - 0.714136 * redness)
    blue = _rounded(1.772 * blueness)
    return (luma + 128 + torch.cat([red, green, blue], 1)).clamp(0, 255)


def _halved(planes: Tensor) -> Tensor:
    """Means of 2x2, of which halves are rounded down and up in turns; columns are filled to whole blocks."""
    height, width = planes.shape[-2:]
    planes = F.pad(planes, (0, -width % 16, 0, height % 2), mode="replicate")
    up = torch.arange(planes.shape[-1] // 2, device=planes.device) % 2
    return (F.avg_pool2d(planes, 2) + (up + 1) / 4).floor()


def _doubled(planes: Tensor) -> Tensor:
    """Twice the size by a triangle filter (weights 3/4 and 1/4 along each axis), rounded as in libjpeg."""
    fine = F.interpolate(planes, scale_factor=2, mode="bilinear", align_corners=False)
    odd = torch.arange(fine.shape[-1], device=fine.device) % 2
    return (fine + 0.5 - odd / 16).floor()


def _through_blocks(planes: Tensor, tables: Tensor) -> Tensor:
    """Transform blocks of 8x8, quantize with (N, 64) tables, transform back, round and clip."""
    count, channels, height, width = planes.shape
    planes = F.pad(planes, (0, -width % 8, 0, -height % 8), mode="replicate")
    rows, columns = planes.shape[-2] // 8, planes.shape[-1] // 8
    blocks = planes.reshape(count, channels, rows, 8, columns, 8).transpose(3, 4).reshape(count, -1, 64)
    forward, inverse = _transforms(planes.device)
    steps = tables.unsqueeze(1)
    with torch.autocast(planes.device.type, enabled=False):
        ratios = blocks @ forward / steps
        levels = ratios.sign() * _rounded(ratios.abs())  # halves away from zero
        blocks = (levels * steps) @ inverse
    blocks = _rounded(blocks).clamp(-128, 127).view(count, channels, rows, columns, 8, 8)
    return blocks.transpose(3, 4).reshape(planes.shape)[..., :height, :width]


@cache
def _transforms(device: torch.device) -> tuple[Tensor, Tensor]:
    """(64, 64) matrices, to be multiplied from the right: the cosine transform of 8x8 pixels, its inverse.

    Float32 holds the weight of the mean, 1/8, exactly. Therefore halves of its coefficient, which are common
    in flat regions, are rounded as in libjpeg.
    """
    cosines = torch.tensor(
        [[cos((2 * x + 1) * u * pi / 16) for x in range(8)] for u in range(8)], dtype=torch.float64
    )
    scales = torch.tensor([sqrt(0.5)] + [1.0] * 7, dtype=torch.float64)
    basis = torch.kron(cosines, cosines) * torch.outer(scales, scales).view(64, 1) / 4
    return basis.T.float().contiguous().to(device), basis.float().to(device)


def _tables(table: Sequence[int], qualities: Sequence[int], device: torch.device) -> Tensor:
    """(N, 64): a quantization table for each quality, by libjpeg's rule."""
    scales = [5000 // quality if quality < 50 else 200 - 2 * quality for quality in qualities]
    scaled = [[min(max((step * scale + 50) // 100, 1), 255) for step in table] for scale in scales]
    return torch.tensor(scaled, dtype=torch.float32).to(device, non_blocking=True)
