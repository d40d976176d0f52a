"""Image-quality metrics for adversarial models: of pairs of images, and of sets of images."""

# ruff: noqa: F403, F405 (the names of `_with_torch` are not written a third time)

from importlib import import_module
from typing import TYPE_CHECKING

from gan_metrics._version import __version__ as __version__

__all__ = [
    "DISTS",
    "FID",
    "KID",
    "PSNR",
    "PSNRY",
    "SSIM",
    "SSIMY",
    "ChromaCorrelation",
    "Colorfulness",
    "ConfusionMatrix",
    "Correlations",
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
    "chroma_error",
    "colorfulness",
    "confusion_matrix",
    "density_coverage",
    "dists",
    "feature_distance",
    "fingerprint",
    "frechet_distance",
    "grid_strength",
    "image_features",
    "kernel_distance",
    "lpips",
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

# Importing torch takes seconds, and `gan-metrics study` does not need it. The metric classes extend those of
# torchmetrics, which imports transformers, torchvision, SciPy and Matplotlib where they are installed. So
# names are imported at their first use. Type checkers and editors read the imports here, which never run;
# they are relative because pyright reports an absolute star import from an installed package.
if TYPE_CHECKING:
    from ._with_torch import *
    from ._with_torchmetrics import *
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with_torch = import_module("gan_metrics._with_torch")
        if hasattr(with_torch, name):
            return getattr(with_torch, name)
        return getattr(import_module("gan_metrics._with_torchmetrics"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
