"""CIE L*a*b* (D65, 2 degree observer) of sRGB, through kornia."""

from types import ModuleType

import torch
from torch import Tensor

from gan_colorspace._image import FROM_BYTES, check_image, check_range, to_float64, widen

# L* is 0..100; a* and b* of sRGB colors lie between -107.9 and 98.3, within 110. The scaling is that of
# the PyTorch pix2pix (github.com/junyanz/pytorch-CycleGAN-and-pix2pix, data/colorization_dataset.py).
LIGHTNESS_HALF = 50.0
CHROMA_MAX = 110.0


def _kornia_color() -> ModuleType:
    """kornia.color, imported at the first use, because that takes longer than importing this package."""
    try:
        from kornia import color
    except ImportError as error:
        raise ImportError("Lab needs kornia; install it with: pip install kornia") from error
    return color


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """CIE L*a*b* (D65) of sRGB, scaled to [-1, 1]: L / 50 - 1, a / 110, b / 110.

    kornia applies its matrices as convolutions or matrix products, which autocast and TF32 would round.
    Therefore this computes in float64, which neither affects, and rounds the result once. (MPS has no
    float64: there it computes in float32, and should be called outside of autocast.) The round trip in
    float32 is accurate to 2e-6.

    Args:
        rgb: (N, 3, H, W) or (3, H, W) in [-1, 1].

    Returns:
        Same shape, planes L, a, b, each within [-1, 1] for every sRGB color; float32, or float64 if `rgb`
        is.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].
        ImportError: kornia is not installed.

    Examples:
        >>> white = torch.ones(1, 3, 1, 1)
        >>> rgb_to_lab(white).flatten()[0].round(decimals=3)  # L = 100
        tensor(1.)
    """
    check_image(rgb, 3, "rgb_to_lab")
    check_range(rgb, "rgb_to_lab", FROM_BYTES)
    rgb01 = (to_float64(rgb) + 1) / 2
    lightness, a, b = _xyz_to_lab(_kornia_color().rgb_to_xyz(_rgb01_to_linear(rgb01)))
    lab = torch.stack([lightness / LIGHTNESS_HALF - 1, a / CHROMA_MAX, b / CHROMA_MAX], dim=-3)
    return lab.to(widen(rgb).dtype)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """The inverse of `rgb_to_lab`, continued smoothly outside the RGB cube.

    Most (L, a, b) that a network can predict are not sRGB colors. They are not clipped: RGB leaves [-1, 1],
    and its gradient with respect to each plane stays finite and non-zero, so that a loss on RGB can correct
    the prediction. Clamp before saving.

    Args:
        lab: (N, 3, H, W) or (3, H, W), planes L / 50 - 1, a / 110, b / 110 in [-1, 1].

    Returns:
        RGB, same shape, in [-1, 1] for colors inside the cube; float32, or float64 if `lab` is.

    Raises:
        ValueError: the shape or the dtype is another, or values are far outside [-1, 1].
        ImportError: kornia is not installed.

    Examples:
        >>> lab = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)  # L = 100, no color
        >>> lab_to_rgb(lab).flatten().round(decimals=3)  # white
        tensor([1., 1., 1.])
    """
    check_image(lab, 3, "lab_to_rgb")
    check_range(lab, "lab_to_rgb", "L / 50 - 1, a / 110, b / 110")
    color = _kornia_color()
    lightness, a, b = to_float64(lab).unbind(-3)
    xyz = _lab_to_xyz((lightness + 1) * LIGHTNESS_HALF, a * CHROMA_MAX, b * CHROMA_MAX)
    rgb01 = color.linear_rgb_to_rgb(color.xyz_to_rgb(xyz))
    return (2 * rgb01 - 1).to(widen(lab).dtype)


def _rgb01_to_linear(rgb01: Tensor) -> Tensor:
    """Linear RGB of sRGB (IEC 61966-2-1), with the linear segment continued below zero.

    kornia 0.8 has NaN gradients there, from the power of a negative base, even where it is not selected.
    """
    curved = ((rgb01.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(rgb01 > 0.04045, curved, rgb01 / 12.92)


def _xyz_to_lab(xyz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """L*, a* and b* as defined by CIE 1976, with the constants of kornia's `rgb_to_lab`."""
    relative = xyz / _white(xyz)
    curved = relative.clamp_min(0.008856) ** (1 / 3)
    x, y, z = torch.where(relative > 0.008856, curved, 7.787 * relative + 4.0 / 29.0).unbind(-3)
    return 116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)


def _lab_to_xyz(lightness: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The inverse of `_xyz_to_lab`.

    kornia's own `lab_to_rgb` clamps f(Z) at 0, so that dark yellow predictions have no gradient with respect
    to b; here the linear segment of the curve is continued below zero.
    """
    fy = (lightness + 16.0) / 116.0
    f = torch.stack([fy + a / 500.0, fy, fy - b / 200.0], dim=-3)
    relative = torch.where(f > 0.2068966, f**3, (f - 4.0 / 29.0) / 7.787)
    return relative * _white(f)


def _white(like: Tensor) -> Tensor:
    """XYZ of D65, (3, 1, 1)."""
    return torch.tensor([0.95047, 1.0, 1.08883], dtype=like.dtype, device=like.device)[:, None, None]
