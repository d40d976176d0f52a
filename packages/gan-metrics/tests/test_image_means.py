"""Means over images without torchmetrics equal those of the metric classes."""

import pytest
import torch
from gan_metrics import PSNR, SSIM, ImageMeans, psnr, ssim


def numbers(prediction, target):
    return {
        "psnr": psnr(prediction, target, reduction="none"),
        "ssim": ssim(prediction, target, reduction="none"),
    }


def test_means_equal_those_of_the_metric_classes(pair):
    means, classes = ImageMeans(), {"psnr": PSNR(), "ssim": SSIM()}
    for prediction, target in zip(*(images.split([2, 1, 1]) for images in pair), strict=True):
        means.add(**numbers(prediction, target))
        for metric in classes.values():
            metric.update(prediction, target)
    assert means.compute() == {name: metric.compute().item() for name, metric in classes.items()}


def test_names_may_differ_from_batch_to_batch():
    means = ImageMeans()
    means.add(a=torch.tensor([1.0, 2.0]), b=torch.tensor([5.0]))
    means.add(a=torch.tensor([6.0]))
    assert list(means.compute().items()) == [("a", 3.0), ("b", 5.0)]


def test_nothing_is_differentiated(pair):
    means = ImageMeans()
    means.add(psnr=psnr(pair[0].requires_grad_(), pair[1], reduction="none"))
    assert isinstance(means.compute()["psnr"], float)


@pytest.mark.parametrize("batches", [[], [torch.zeros(0)]], ids=["no batch", "an empty batch"])
def test_no_image_is_an_error(batches):
    means = ImageMeans()
    for batch in batches:
        means.add(a=batch)
    with pytest.raises(RuntimeError, match="ImageMeans has no image; call add before compute"):
        means.compute()
