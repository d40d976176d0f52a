"""Image-quality metrics for translation models, averaged the way the papers do."""

from gan_metrics._colorfulness import Colorfulness, colorfulness
from gan_metrics._features import FeatureDistance, feature_distance
from gan_metrics._psnr import PSNR, psnr
from gan_metrics._ssim import SSIM, ssim

__all__ = [
    "PSNR",
    "SSIM",
    "Colorfulness",
    "FeatureDistance",
    "colorfulness",
    "feature_distance",
    "psnr",
    "ssim",
]

__version__ = "0.1.0"
