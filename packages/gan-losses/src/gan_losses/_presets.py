"""Perceptual losses as published, one function for each."""

from pathlib import Path
from typing import Literal, NamedTuple

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


def srgan_content_loss(
    *,
    weights: Path | Literal["torchvision", "random"],
    layer: Literal["relu5_4", "relu2_2"] = "relu5_4",
    feature_scale: float = 1 / 12.75,
    normalization: Literal["imagenet", "none"] = "imagenet",
) -> PerceptualLoss:
    """Mean square between VGG19's features, as in SRGAN (Ledig et al. 2017, section 2.2.1, equation 5).

    phi_{5,4}, called VGG54, is the fourth convolution before the fifth pooling, after its activation;
    phi_{2,2}, called VGG22, sees finer detail. The paper divides the features by 12.75, which makes the loss
    as large as one on pixels: 1 / 12.75^2 = 0.006 of it. For the features of another network, such as any of
    timm's, `PerceptualLoss(features, layer_weights=[feature_scale**2], distance="mse")` is the same.

    Args:
        weights: see `VGG19Features`.
        layer: "relu5_4" or "relu2_2".
        feature_scale: what the features are multiplied by; 1 for the features as they are.
        normalization: see `VGG19Features`. The paper does not say.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: another layer, or what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError
            likewise.
    """
    if layer not in ("relu5_4", "relu2_2"):
        raise ValueError(
            f'expected layer "relu5_4" or "relu2_2"; got {layer!r}; for another one, and for features before '
            "their activation, put VGG19Features into PerceptualLoss"
        )
    features = VGG19Features([layer], weights=weights, normalization=normalization)
    return PerceptualLoss(features, layer_weights=(feature_scale**2,), distance="mse")


def basicsr_content_loss(*, weights: Path | Literal["torchvision", "random"]) -> PerceptualLoss:
    """L1 between VGG19's conv5_4, before its activation, as BasicSR trains SRGAN and ESRGAN.

    Before the activation few features are 0, and brightness is kept better (Wang et al. 2018, "ESRGAN",
    section 3.3). The features are not scaled.

    Args:
        weights: see `VGG19Features`.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError likewise.
    """
    return PerceptualLoss(VGG19Features(["conv5_4"], weights=weights))


class SRGANWeights(NamedTuple):
    """How much each term of SRGAN's generator loss counts, beside the losses that it belongs to."""

    pixel: float
    content: float
    adversarial: float


# Ledig et al. 2017, equation 3: with srgan_content_loss and a non-saturating loss.
SRGAN_PAPER = SRGANWeights(pixel=0.0, content=1.0, adversarial=1e-3)
# Hi-king's article of 2016-12-18, as it reads the paper's first version: with srgan_content_loss.
SRGAN_ARTICLE = SRGANWeights(pixel=0.0, content=1.0, adversarial=1e-5)
# BasicSR's options for SRResNet_SRGAN: with basicsr_content_loss, and L1 on pixels in [0, 1], half of that in
# [-1, 1].
SRGAN_BASICSR = SRGANWeights(pixel=1e-2, content=1.0, adversarial=5e-3)
