"""Image-quality metrics for adversarial models: of pairs of images, and of sets of images."""

from typing import TYPE_CHECKING

from gan_metrics._colorfulness import colorfulness
from gan_metrics._confusion import ConfusionMatrix, confusion_matrix
from gan_metrics._features import feature_distance
from gan_metrics._fingerprint import fingerprint
from gan_metrics._frechet import frechet_distance
from gan_metrics._gaussian import Gaussian
from gan_metrics._grid import grid_strength
from gan_metrics._image_means import ImageMeans
from gan_metrics._inception import Inception
from gan_metrics._kernel import kernel_distance
from gan_metrics._label_maps import nearest_color_labels, predict_labels
from gan_metrics._luma import psnr_y, ssim_y
from gan_metrics._manifold import density_coverage, precision_recall
from gan_metrics._matrices import image_features
from gan_metrics._nearest import nearest
from gan_metrics._patience import Patience
from gan_metrics._psnr import psnr
from gan_metrics._segmentation import LabelScores, segmentation_scores
from gan_metrics._ssim import ssim
from gan_metrics._statistics import Source, Statistics, measure_statistics
from gan_metrics._version import __version__ as __version__

if TYPE_CHECKING:
    from gan_metrics._image_metrics import (
        PSNR,
        PSNRY,
        SSIM,
        SSIMY,
        Colorfulness,
        FeatureDistance,
        GridStrength,
    )
    from gan_metrics._label_metrics import FCNScore, SegmentationScores
    from gan_metrics._set_metrics import (
        FID,
        KID,
        DensityCoverage,
        FrechetDistance,
        KernelDistance,
        PrecisionRecall,
    )

__all__ = [
    "FID",
    "KID",
    "PSNR",
    "PSNRY",
    "SSIM",
    "SSIMY",
    "Colorfulness",
    "ConfusionMatrix",
    "DensityCoverage",
    "FCNScore",
    "FeatureDistance",
    "FrechetDistance",
    "Gaussian",
    "GridStrength",
    "ImageMeans",
    "Inception",
    "KernelDistance",
    "LabelScores",
    "Patience",
    "PrecisionRecall",
    "SegmentationScores",
    "Source",
    "Statistics",
    "colorfulness",
    "confusion_matrix",
    "density_coverage",
    "feature_distance",
    "fingerprint",
    "frechet_distance",
    "grid_strength",
    "image_features",
    "kernel_distance",
    "measure_statistics",
    "nearest",
    "nearest_color_labels",
    "precision_recall",
    "predict_labels",
    "psnr",
    "psnr_y",
    "segmentation_scores",
    "ssim",
    "ssim_y",
]

if not TYPE_CHECKING:  # or type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import the metric classes when they are first used.

        They extend torchmetrics.Metric. Importing any part of torchmetrics imports all of it, and with it
        transformers, torchvision, SciPy and Matplotlib where they are installed, which takes seconds.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gan_metrics import _image_metrics, _label_metrics, _set_metrics

        modules = (_image_metrics, _label_metrics, _set_metrics)
        return next(getattr(module, name) for module in modules if hasattr(module, name))

    def __dir__() -> list[str]:
        return [*globals(), *__all__]
