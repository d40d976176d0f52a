"""Ways to spoil a picture that a network then learns to undo: pure functions on tensors."""

from io import BytesIO

import torch
from PIL import Image
from torch import Tensor

from gan_data.decoding.tensors import from_uint8, to_bytes, to_picture, to_uint8
from gan_data.transforms._separable import blur_matrix, filter_rows_and_columns
from gan_data.transforms.resize import downscale

# ITU-R BT.601, as gan_colorspace.rgb_to_gray, which the package would need a dependency to call.
LUMA = (0.299, 0.587, 0.114)


def grayscale(image: Tensor) -> Tensor:
    """The luma of a picture (ITU-R BT.601).

    Args:
        image: (..., 3, H, W) RGB, floating point in [-1, 1].

    Returns:
        (..., 1, H, W) in [-1, 1].

    Raises:
        ValueError: there are not three channels of floating point.
    """
    if image.ndim < 3 or image.shape[-3] != 3 or not image.is_floating_point():
        raise ValueError(
            "grayscale expects (..., 3, H, W) of floating point in [-1, 1]; "
            f"got {tuple(image.shape)} {image.dtype}"
        )
    red, green, blue = image.split(1, dim=-3)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def mosaic(image: Tensor, factor: int = 16, blur_radius: float = 4) -> Tensor:
    """A picture as seen through a blurred mosaic.

    Reduced by taking the pixel at the centre of each tile, enlarged by repeating it, then blurred: the input
    of the demosaicking task in an article on coarse-to-fine networks (Koshian, 2019-07-29). All three steps
    are Pillow's (NEAREST twice, then GaussianBlur), computed on the tensor without rounding to bytes. The
    "radius" of a Pillow blur is its standard deviation.

    Args:
        image: (..., C, H, W), floating point in any range; H and W multiples of `factor`.
        factor: side of a tile, in pixels.
        blur_radius: standard deviation of the blur, in pixels; 0 leaves hard tiles.

    Returns:
        The same shape and range.

    Raises:
        ValueError: the size is no multiple of `factor`, or the picture holds bytes.
    """
    if not image.is_floating_point():
        raise ValueError(f"mosaic expects floating point; got {image.dtype}; see from_uint8")
    height, width = image.shape[-2:]
    tiles = downscale(image, factor, "nearest")
    tiles = tiles.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
    return filter_rows_and_columns(tiles, blur_matrix(height, blur_radius), blur_matrix(width, blur_radius))


def jpeg(image: Tensor, quality: int) -> Tensor:
    """The picture as a JPEG file gives it back, with that file's blocks and ringing.

    Args:
        image: (..., 3, H, W) RGB or (..., 1, H, W) grey, floating point in [-1, 1], clipped.
        quality: Pillow's, from 1 to 95; colours are stored at half the resolution, as is the default.

    Returns:
        The same shape and range, float32. Without a gradient.

    Raises:
        ValueError: the quality is out of range, or there are not one or three channels of floating point.
    """
    require_quality(quality)
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise ValueError(f"jpeg expects (..., 3, H, W) or (..., 1, H, W); got {tuple(image.shape)}")
    pictures = to_uint8(image).cpu().flatten(0, -4) if image.ndim > 3 else to_uint8(image).cpu()[None]
    coded = torch.stack([_through_jpeg(picture, quality) for picture in pictures])
    return from_uint8(coded).view(image.shape).to(image.device)


def _through_jpeg(pixels: Tensor, quality: int) -> Tensor:
    file = BytesIO()
    to_picture(pixels).save(file, "JPEG", quality=quality)
    with Image.open(file) as picture:
        return to_bytes(picture.convert("RGB"))[: len(pixels)]


def require_quality(quality: int) -> None:
    """Raise ValueError unless it is one that Pillow advises."""
    if not 1 <= quality <= 95:
        raise ValueError(f"expected a JPEG quality from 1 to 95; got {quality}; 75 is the usual one")
