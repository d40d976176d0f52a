"""Perceptual losses as published, one function for each."""

from pathlib import Path
from typing import Literal

from gan_losses._perceptual import PerceptualLoss
from gan_losses._vgg import VGG19Features


def pix2pixhd_perceptual_loss(
    *,
    weights: Path | Literal["torchvision", "random"],
    normalization: Literal["imagenet", "none"] = "imagenet",
) -> PerceptualLoss:
    """L1 between VGG19's relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1, as in pix2pixHD (Wang et al. 2018).

    The weights 1/32, 1/16, 1/8, 1/4 and 1 are those of the official code; the paper names none. The weight of
    the whole (lambda = 10) belongs to the caller. ImageNet's normalisation is the default here, since that is
    what VGG19 was trained on; the official code leaves it out, which is "none".

    Args:
        weights: see `VGG19Features`.
        normalization: see `VGG19Features`.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError likewise.
    """
    layers = [f"relu{block}_1" for block in range(1, 6)]
    features = VGG19Features(layers, weights=weights, normalization=normalization)
    return PerceptualLoss(features, layer_weights=(1 / 32, 1 / 16, 1 / 8, 1 / 4, 1))
