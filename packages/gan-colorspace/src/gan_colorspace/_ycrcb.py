"""YCrCb and grayscale by ITU-R BT.601, full range."""

import torch
from torch import Tensor

from gan_colorspace._image import FROM_BYTES, check_image, check_range, widen

# The luma weights of ITU-R BT.601; everything else follows from them.
KR = 0.299
KB = 0.114
KG = 1.0 - KR - KB

# Each output plane is a weighted sum of input planes: a 1x1 convolution, written as sums and products.
# Autocast's bf16, cuDNN's TF32 (on by default) and `torch.set_float32_matmul_precision` affect convolutions
# and matrix products, also in the backward pass, but never plain arithmetic. So this form keeps full float32
# precision without changing global settings. It also copies no constant to the device, and torch.compile
# fuses it into one pass over memory.


def _luma(red: Tensor, green: Tensor, blue: Tensor) -> Tensor:
    return KR * red + KG * green + KB * blue


def rgb_to_ycrcb(rgb: Tensor) -> Tensor:
    """RGB to luma and zero-centered color differences, ITU-R BT.601 full range.

    With R, G, B in 0..1, Y = 0.299 R + 0.587 G + 0.114 B is in 0..1, Cr = (R - Y) / 1.402 and Cb = (B - Y)
    / 1.772 are in -0.5..0.5. Here each of the three is scaled to [-1, 1], and gray has Cr = Cb = 0. The
    map is linear (a 1x1 convolution) and does not clip: values outside [-1, 1] pass through, with their
    gradients.

    It is computed in float32 (float64 for float64) under any autocast or TF32 setting, because it consists
    of sums and products, which those settings do not affect.

    Args:
        rgb: (N, 3, H, W) or (3, H, W) in [-1, 1].

    Returns:
        Same shape, planes Y, Cr, Cb in this order, each in [-1, 1]; float32 for half-precision input.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].

    Examples:
        >>> red = torch.tensor([1.0, -1.0, -1.0]).reshape(3, 1, 1)
        >>> rgb_to_ycrcb(red).flatten()  # Y = 2 * 0.299 - 1, and the largest Cr
        tensor([-0.4020,  1.0000, -0.3375])
    """
    check_image(rgb, 3, "rgb_to_ycrcb")
    check_range(rgb, "rgb_to_ycrcb", FROM_BYTES)
    red, green, blue = widen(rgb).unbind(-3)
    luma = _luma(red, green, blue)
    return torch.stack([luma, (red - luma) / (2 * (1 - KR)), (blue - luma) / (2 * (1 - KB))], dim=-3)


def ycrcb_to_rgb(ycrcb: Tensor) -> Tensor:
    """The exact inverse of `rgb_to_ycrcb`.

    It solves the same equations for R, G and B instead of using the rounded digits of a table: the round trip
    of an image in [-1, 1] is accurate to 1e-6 in float32. Nothing is clipped: many (Y, Cr, Cb) in [-1, 1] lie
    outside the RGB cube, and a generator that predicts one needs the gradient that corrects it. Clamp before
    saving.

    Args:
        ycrcb: (N, 3, H, W) or (3, H, W), planes Y, Cr, Cb in [-1, 1].

    Returns:
        RGB, same shape, in [-1, 1] for colors inside the cube; float32 for half-precision input.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].

    Examples:
        >>> image = torch.rand(1, 3, 8, 8) * 2 - 1
        >>> torch.allclose(ycrcb_to_rgb(rgb_to_ycrcb(image)), image, atol=1e-5)
        True
    """
    check_image(ycrcb, 3, "ycrcb_to_rgb")
    check_range(ycrcb, "ycrcb_to_rgb", "Y / 127.5 - 1, (Cr - 128) / 127.5, (Cb - 128) / 127.5")
    luma, cr, cb = widen(ycrcb).unbind(-3)
    red = luma + 2 * (1 - KR) * cr
    blue = luma + 2 * (1 - KB) * cb
    green = (luma - KR * red - KB * blue) / KG
    return torch.stack([red, green, blue], dim=-3)


def rgb_to_gray(rgb: Tensor) -> Tensor:
    """BT.601 luma, equal to the plane Y of `rgb_to_ycrcb`.

    Args:
        rgb: (N, 3, H, W) or (3, H, W) in [-1, 1].

    Returns:
        (N, 1, H, W) or (1, H, W) in [-1, 1]; float32 for half-precision input.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].

    Examples:
        >>> green = torch.tensor([-1.0, 1.0, -1.0]).reshape(3, 1, 1)
        >>> rgb_to_gray(green).squeeze()  # 2 * 0.587 - 1
        tensor(0.1740)
    """
    check_image(rgb, 3, "rgb_to_gray")
    check_range(rgb, "rgb_to_gray", FROM_BYTES)
    return _luma(*widen(rgb).unbind(-3)).unsqueeze(-3)


def gray_to_rgb(gray: Tensor) -> Tensor:
    """A gray image as RGB: its one plane three times.

    Args:
        gray: (N, 1, H, W) or (1, H, W) in [-1, 1].

    Returns:
        (N, 3, H, W) or (3, H, W) in [-1, 1], of the input's dtype.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].

    Examples:
        >>> gray_to_rgb(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """
    check_image(gray, 1, "gray_to_rgb")
    check_range(gray, "gray_to_rgb", FROM_BYTES)
    return torch.cat([gray, gray, gray], dim=-3)
