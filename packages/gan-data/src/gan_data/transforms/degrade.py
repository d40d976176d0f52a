"""Degradations that a network learns to undo: pure functions on tensors."""

from io import BytesIO

import torch
from PIL import Image
from torch import Tensor

from gan_data.decoding.tensors import from_pillow, from_uint8, to_pillow, to_uint8
from gan_data.transforms._separable import blur_matrix, filter_rows_and_columns
from gan_data.transforms.resize import downscale

# ITU-R BT.601, as in gan_colorspace.rgb_to_gray, which this package could call only by depending on it.
LUMA = (0.299, 0.587, 0.114)


def grayscale(image: Tensor) -> Tensor:
    """The luma of an image (ITU-R BT.601).

    Args:
        image: (..., 3, H, W) RGB, floating point in [-1, 1].

    Returns:
        (..., 1, H, W) in [-1, 1].

    Raises:
        ValueError: there are not three channels of floating point.

    Examples:
        >>> green = torch.tensor([-1.0, 1.0, -1.0]).reshape(3, 1, 1)
        >>> grayscale(green).squeeze()  # 2 * 0.587 - 1
        tensor(0.1740)
    """
    if image.ndim < 3 or image.shape[-3] != 3 or not image.is_floating_point():
        raise ValueError(
            "grayscale expects (..., 3, H, W) of floating point in [-1, 1]; "
            f"got {tuple(image.shape)} {image.dtype}"
        )
    red, green, blue = image.unbind(-3)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(-3)


def mosaic(image: Tensor, factor: int = 16, blur_radius: float = 4) -> Tensor:
    """A blurred mosaic of an image.

    Each tile takes the color of the pixel at its center, then the whole is blurred: the input of the
    demosaicking task in an article on coarse-to-fine networks (Koshian, 2019-07-29). The three steps are
    Pillow's (NEAREST down, NEAREST up, GaussianBlur), computed on the tensor without rounding to bytes. The
    "radius" of a Pillow blur is its standard deviation.

    Args:
        image: (..., C, H, W), floating point in any range; H and W multiples of `factor`.
        factor: side of a tile, in pixels.
        blur_radius: standard deviation of the blur, in pixels; 0 does not blur.

    Returns:
        The same shape and range.

    Raises:
        ValueError: H or W is not a multiple of `factor`, or the image is not floating point.

    Examples:
        >>> mosaic(torch.rand(3, 32, 32), factor=16, blur_radius=0)[0].unique().numel()  # 2 x 2 tiles
        4
    """
    if not image.is_floating_point():
        raise ValueError(f"mosaic expects floating point; got {image.dtype}; see from_uint8")
    height, width = image.shape[-2:]
    tiles = downscale(image, factor, "nearest")
    tiles = tiles.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
    return filter_rows_and_columns(tiles, blur_matrix(height, blur_radius), blur_matrix(width, blur_radius))


def jpeg(image: Tensor, quality: int, *, full_chroma: bool = False) -> Tensor:
    """The image after JPEG compression, with its blocks and ringing.

    Args:
        image: (..., 3, H, W) RGB or (..., 1, H, W) gray, floating point in [-1, 1], clipped.
        quality: Pillow's, from 1 to 95.
        full_chroma: store chroma at the full resolution (4:4:4) instead of at half (4:2:0), the default.

    Returns:
        The same shape and range, float32, on the same device. Not differentiable.

    Raises:
        ValueError: the quality is out of range, or there are not one or three channels of floating point.

    Examples:
        >>> image = torch.rand(3, 32, 32) * 2 - 1
        >>> (jpeg(image, 10) - image).abs().mean() > (jpeg(image, 90) - image).abs().mean()
        tensor(True)
    """
    require_quality(quality)
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise ValueError(f"jpeg expects (..., 3, H, W) or (..., 1, H, W); got {tuple(image.shape)}")
    images = to_uint8(image).cpu().flatten(0, -4) if image.ndim > 3 else to_uint8(image).cpu()[None]
    decoded = torch.stack([_through_jpeg(pixels, quality, full_chroma) for pixels in images])
    return from_uint8(decoded).view(image.shape).to(image.device)


def require_quality(quality: int) -> None:
    """Raises ValueError unless the JPEG quality is in the range that Pillow recommends."""
    if not 1 <= quality <= 95:
        raise ValueError(f"expected a JPEG quality from 1 to 95; got {quality}; 75 is the usual one")


def _through_jpeg(pixels: Tensor, quality: int, full_chroma: bool) -> Tensor:
    file = BytesIO()
    to_pillow(pixels).save(file, "JPEG", quality=quality, subsampling="4:4:4" if full_chroma else "4:2:0")
    with Image.open(file) as image:
        return from_pillow(image.convert("RGB"))[: len(pixels)]
