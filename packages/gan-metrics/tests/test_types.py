"""NumPy arrays and empty batches are refused in a sentence."""

import numpy as np
import pytest
import torch
from gan_metrics import (
    PSNR,
    chroma_error,
    colorfulness,
    confusion_matrix,
    frechet_distance,
    kernel_distance,
    nearest,
    precision_recall,
    predict_labels,
    psnr,
    psnr_y,
    segmentation_scores,
    ssim,
    ssim_y,
)

OF_PAIRS = {"psnr": psnr, "ssim": ssim, "psnr_y": psnr_y, "ssim_y": ssim_y, "chroma_error": chroma_error}
OTHERS = {
    "colorfulness": colorfulness,
    "confusion_matrix": lambda x: confusion_matrix(x, x, 2),
    "Gaussian.of": lambda x: frechet_distance(x, x),
    "kernel_distance": lambda x: kernel_distance(x, x),
    "nearest": lambda x: nearest(x, x),
    "precision_recall": lambda x: precision_recall(x, x),
    "predict_labels": lambda x: predict_labels(lambda y: y, x),
    "segmentation_scores": segmentation_scores,
}
EVERY = OTHERS | {name: lambda x, metric=metric: metric(x, x) for name, metric in OF_PAIRS.items()}


@pytest.mark.parametrize("name", EVERY)
def test_an_array_is_refused_with_the_remedy(name):
    sentence = rf"^{name} expects a torch\.Tensor; got ndarray; .*pass torch\.from_numpy\(array\)$"
    with pytest.raises(TypeError, match=sentence):
        EVERY[name](np.zeros((1, 3, 32, 32), np.float32))


@pytest.mark.parametrize("name", OF_PAIRS)
def test_no_image_has_no_mean(name):
    empty = torch.zeros(0, 3, 32, 32)
    with pytest.raises(ValueError, match="expected at least one image for the mean; got an empty batch"):
        OF_PAIRS[name](empty, empty)


def test_an_empty_batch_adds_nothing_to_a_mean():
    metric, images = PSNR(), torch.zeros(1, 3, 16, 16)
    metric.update(images, images + 0.2)
    metric.update(images[:0], images[:0])  # as of a process that has fewer batches
    assert metric.compute() == psnr(images, images + 0.2)
