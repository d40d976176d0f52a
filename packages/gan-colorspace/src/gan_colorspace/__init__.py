"""Exact, differentiable color spaces for image models in PyTorch."""

from gan_colorspace._is_color import is_color
from gan_colorspace._lab import lab_to_rgb, rgb_to_lab
from gan_colorspace._planes import merge, split
from gan_colorspace._space import LAB, RGB, YCRCB, ColorSpace
from gan_colorspace._version import __version__ as __version__
from gan_colorspace._ycrcb import gray_to_rgb, rgb_to_gray, rgb_to_ycrcb, ycrcb_to_rgb

__all__ = [
    "LAB",
    "RGB",
    "YCRCB",
    "ColorSpace",
    "gray_to_rgb",
    "is_color",
    "lab_to_rgb",
    "merge",
    "rgb_to_gray",
    "rgb_to_lab",
    "rgb_to_ycrcb",
    "split",
    "ycrcb_to_rgb",
]
