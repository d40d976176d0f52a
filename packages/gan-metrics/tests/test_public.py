"""The public names, and the cost of importing them."""

import inspect
import subprocess
import sys
from importlib.metadata import metadata
from importlib.resources import files

import gan_metrics
import pytest

INVENTORY = """
    DISTS FID KID PSNR PSNRY SSIM SSIMY ChromaCorrelation Colorfulness ConfusionMatrix Correlations
    DensityCoverage FCNScore FeatureDistance FrechetDistance Gaussian GridStrength ImageMeans Inception
    KernelDistance LabelScores Patience PrecisionRecall SegmentationScores Source Statistics chroma_error
    colorfulness confusion_matrix density_coverage dists feature_distance fingerprint frechet_distance
    grid_strength image_features kernel_distance lpips measure_statistics nearest
    nearest_color_labels precision_recall predict_labels psnr psnr_y segmentation_scores ssim ssim_y
"""


def test_inventory():
    assert gan_metrics.__all__ == INVENTORY.split()


@pytest.mark.parametrize("name", INVENTORY.split())
def test_every_public_name_is_found_and_documented(name):
    assert inspect.getdoc(getattr(gan_metrics, name))
    assert name in dir(gan_metrics)


def test_unknown_names_are_named():
    with pytest.raises(AttributeError, match="module 'gan_metrics' has no attribute 'LPIPS'"):
        _ = gan_metrics.LPIPS


def test_version_and_type_hints():
    assert gan_metrics.__version__ == metadata("gan-metrics")["Version"]
    assert files("gan_metrics").joinpath("py.typed").is_file()


def test_importing_loads_nothing_besides_torch_and_safetensors():
    """Importing torchmetrics would import transformers, torchvision, SciPy and Matplotlib."""
    program = (
        "import sys, gan_metrics; assert 'torch' not in sys.modules; import torch; before = set(sys.modules);"
        "x = torch.zeros(1, 3, 11, 11);"
        "gan_metrics.psnr(x, x); gan_metrics.ssim(x, x);"
        "y = gan_metrics.nearest_color_labels(x, [[0, 0, 0], [255, 255, 255]]);"
        "gan_metrics.segmentation_scores(gan_metrics.confusion_matrix(y, y, 2));"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}));"
        "unwanted = {'transformers', 'torchmetrics', 'torchvision', 'scipy', 'matplotlib', 'torch._dynamo'};"
        "print(*sorted(unwanted & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, unwanted = result.stdout.splitlines()
    assert set(loaded.split()) <= {"gan_metrics", "safetensors"}
    assert unwanted == ""
