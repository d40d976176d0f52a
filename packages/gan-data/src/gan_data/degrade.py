"""Ways to spoil a picture that a network then learns to undo: pure functions on tensors."""

import torch
from torch import Tensor

from gan_data._separable import bicubic_matrix, blur_matrix, filter_rows_and_columns

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
    height, width = _require_multiple("mosaic", image, factor)
    tiles = image[..., factor // 2 :: factor, factor // 2 :: factor]
    tiles = tiles.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
    return filter_rows_and_columns(tiles, blur_matrix(height, blur_radius), blur_matrix(width, blur_radius))


def bicubic_downscale(image: Tensor, factor: int) -> Tensor:
    """Reduce a picture as MATLAB's `imresize(image, 1/factor)` does, the standard of super-resolution.

    Args:
        image: (..., C, H, W), H and W multiples of `factor`; floating point in any range, or uint8, which is
            rounded between the two passes and after them, as MATLAB does.
        factor: how many times smaller.

    Returns:
        (..., C, H / factor, W / factor). Floating point may overshoot the range a little at sharp edges.

    Raises:
        ValueError: the size is no multiple of `factor`.
    """
    height, width = _require_multiple("bicubic_downscale", image, factor)
    return resize_bicubic(image, (height // factor, width // factor))


def bicubic_upscale(image: Tensor, factor: int) -> Tensor:
    """Enlarge a picture as MATLAB's `imresize(image, factor)` does: what a network has to beat.

    Args:
        image: (..., C, H, W), as in `bicubic_downscale`.
        factor: how many times larger.

    Returns:
        (..., C, H * factor, W * factor).
    """
    return resize_bicubic(image, (image.shape[-2] * factor, image.shape[-1] * factor))


def resize_bicubic(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a picture as MATLAB's `imresize(image, size)` does: bicubic, antialiased.

    Differs from Pillow's bicubic only at the border, where MATLAB mirrors the picture and Pillow stops.

    Args:
        image: (..., C, H, W), floating point in any range, or uint8, rounded after each pass.
        size: (height, width) of the result.

    Returns:
        (..., C, height, width), of the same dtype.

    Raises:
        ValueError: a size is less than 1.
    """
    if min(size) < 1:
        raise ValueError(f"resize_bicubic expects a size of at least 1x1; got {size[0]}x{size[1]}")
    height, width = image.shape[-2:]
    return filter_rows_and_columns(image, bicubic_matrix(height, size[0]), bicubic_matrix(width, size[1]))


def _require_multiple(name: str, image: Tensor, factor: int) -> torch.Size:
    height, width = image.shape[-2:]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(
            f"{name} expects height and width to be multiples of factor={factor}; got {height}x{width}; "
            "crop the picture first"
        )
    return image.shape[-2:]
