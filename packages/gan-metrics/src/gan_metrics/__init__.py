"""Image-quality metrics for adversarial models: of pairs of images, and of sets of them."""

from gan_metrics._colorfulness import Colorfulness, colorfulness
from gan_metrics._features import FeatureDistance, feature_distance
from gan_metrics._fingerprint import fingerprint
from gan_metrics._frechet import FrechetDistance, frechet_distance
from gan_metrics._gaussian import Gaussian
from gan_metrics._grid import GridStrength, grid_strength
from gan_metrics._inception import FID, KID, Inception
from gan_metrics._kernel import KernelDistance, kernel_distance
from gan_metrics._luma import PSNRY, SSIMY, psnr_y, ssim_y
from gan_metrics._manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from gan_metrics._matrices import image_features
from gan_metrics._nearest import nearest
from gan_metrics._patience import Patience
from gan_metrics._psnr import PSNR, psnr
from gan_metrics._ssim import SSIM, ssim
from gan_metrics._statistics import Source, Statistics, measure_statistics

__all__ = [
    "FID",
    "KID",
    "PSNR",
    "PSNRY",
    "SSIM",
    "SSIMY",
    "Colorfulness",
    "DensityCoverage",
    "FeatureDistance",
    "FrechetDistance",
    "Gaussian",
    "GridStrength",
    "Inception",
    "KernelDistance",
    "Patience",
    "PrecisionRecall",
    "Source",
    "Statistics",
    "colorfulness",
    "density_coverage",
    "feature_distance",
    "fingerprint",
    "frechet_distance",
    "grid_strength",
    "image_features",
    "kernel_distance",
    "measure_statistics",
    "nearest",
    "precision_recall",
    "psnr",
    "psnr_y",
    "ssim",
    "ssim_y",
]

__version__ = "0.1.0"
