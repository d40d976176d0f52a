"""Published perceptual losses, one function each."""

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

    The weights 1/32, 1/16, 1/8, 1/4 and 1 are those of the official code; the paper has none. The weight of
    the whole loss (lambda = 10) belongs to the caller. ImageNet's normalization is the default here, since
    VGG19 was trained with it; the official code has no normalization, which is "none".

    Args:
        weights: see `VGG19Features`.
        normalization: see `VGG19Features`.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError likewise.

    Examples:
        >>> loss = pix2pixhd_perceptual_loss(weights="random")  # or "torchvision"
        >>> image = torch.rand(1, 3, 32, 32)
        >>> loss(image, image)
        tensor(0.)
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
    phi_{2,2}, called VGG22, has finer detail. The paper divides the features by 12.75, which multiplies the
    loss by 1 / 12.75^2 = 0.006 and makes it comparable to a loss on pixels. For the features of another
    network, such as any of timm's, use
    `PerceptualLoss(features, layer_weights=[feature_scale**2], distance="mse")`.

    Args:
        weights: see `VGG19Features`.
        layer: "relu5_4" or "relu2_2".
        feature_scale: factor of the features; 1 for unscaled features.
        normalization: see `VGG19Features`. The paper does not specify it.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: another layer, or what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError
            likewise.

    Examples:
        >>> loss = srgan_content_loss(weights="random", layer="relu2_2")  # or "torchvision"
        >>> image = torch.rand(1, 3, 32, 32)
        >>> loss(image, image)
        tensor(0.)
    """
    if layer not in ("relu5_4", "relu2_2"):
        raise ValueError(
            f'expected layer "relu5_4" or "relu2_2"; got {layer!r}; for other layers, also before their '
            "activation, pass VGG19Features to PerceptualLoss"
        )
    features = VGG19Features([layer], weights=weights, normalization=normalization)
    return PerceptualLoss(features, layer_weights=(feature_scale**2,), distance="mse")


def basicsr_content_loss(*, weights: Path | Literal["torchvision", "random"]) -> PerceptualLoss:
    """L1 between VGG19's conv5_4, before its activation, as BasicSR trains SRGAN and ESRGAN.

    Before the activation few features are 0, and brightness is preserved better (Wang et al. 2018, "ESRGAN",
    section 3.3). The features are not scaled.

    Args:
        weights: see `VGG19Features`.

    Returns:
        The loss, called as `(prediction, target)`.

    Raises:
        ValueError: what `VGG19Features` raises; FileNotFoundError and ModuleNotFoundError likewise.

    Examples:
        >>> loss = basicsr_content_loss(weights="random")  # or "torchvision"
        >>> image = torch.rand(1, 3, 32, 32)
        >>> loss(image, image)
        tensor(0.)
    """
    return PerceptualLoss(VGG19Features(["conv5_4"], weights=weights))


class SRGANWeights(NamedTuple):
    """The weights of the terms of SRGAN's generator loss.

    Examples:
        >>> SRGAN_PAPER._replace(pixel=1.0)
        SRGANWeights(pixel=1.0, content=1.0, adversarial=0.001)
    """

    pixel: float
    content: float
    adversarial: float


SRGAN_PAPER = SRGANWeights(pixel=0.0, content=1.0, adversarial=1e-3)
"""Ledig et al. 2017, equation 3: with `srgan_content_loss` and a non-saturating loss."""
SRGAN_ARTICLE = SRGANWeights(pixel=0.0, content=1.0, adversarial=1e-5)
"""Hi-king's article of 2016-12-18, on the paper's first version: with `srgan_content_loss`."""
SRGAN_BASICSR = SRGANWeights(pixel=1e-2, content=1.0, adversarial=5e-3)
"""BasicSR's options for SRResNet_SRGAN: with `basicsr_content_loss`, and L1 on pixels in [0, 1], half of that
in [-1, 1]."""
