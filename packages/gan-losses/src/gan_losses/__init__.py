"""Adversarial, perceptual, style, contrastive, pixel losses and penalties, as pure PyTorch functions."""

from gan_losses._adversarial import (
    HINGE,
    LEAST_SQUARES,
    NONSATURATING,
    RELATIVISTIC_AVERAGE,
    RELATIVISTIC_PAIRED,
    WASSERSTEIN,
    AdversarialLoss,
    DiscriminatorLoss,
    GeneratorLoss,
)
from gan_losses._fastgan import random_margin_discriminator_loss, reconstruction_loss
from gan_losses._feature_matching import feature_matching_loss
from gan_losses._hinge import hinge_discriminator_loss, hinge_generator_loss
from gan_losses._learned_metrics import dists_loss, lpips_loss
from gan_losses._least_squares import least_squares_discriminator_loss, least_squares_generator_loss
from gan_losses._metric_loss import MetricLoss
from gan_losses._nonsaturating import (
    minimax_generator_loss,
    nonsaturating_discriminator_loss,
    nonsaturating_generator_loss,
)
from gan_losses._patch_nce import patch_nce_loss
from gan_losses._path_length import PathLengthPenalty
from gan_losses._penalties import Discriminator, dragan_penalty, gradient_penalty, r1_penalty, r2_penalty
from gan_losses._perceptual import PerceptualLoss, perceptual_loss
from gan_losses._pixel import l1_loss, total_variation_loss
from gan_losses._presets import (
    SRGAN_ARTICLE,
    SRGAN_BASICSR,
    SRGAN_PAPER,
    SRGANWeights,
    basicsr_content_loss,
    pix2pixhd_perceptual_loss,
    srgan_content_loss,
)
from gan_losses._relativistic import (
    Comparison,
    relativistic_average_discriminator_loss,
    relativistic_average_generator_loss,
    relativistic_paired_discriminator_loss,
    relativistic_paired_generator_loss,
)
from gan_losses._scales import Logits, Reduction
from gan_losses._style import GramNormalization, gram_matrix, style_loss
from gan_losses._style_transfer import StyleWeights, mean_grams, transfer_style
from gan_losses._version import __version__ as __version__
from gan_losses._vgg import VGG19Features
from gan_losses._wasserstein import wasserstein_discriminator_loss, wasserstein_generator_loss

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "NONSATURATING",
    "RELATIVISTIC_AVERAGE",
    "RELATIVISTIC_PAIRED",
    "SRGAN_ARTICLE",
    "SRGAN_BASICSR",
    "SRGAN_PAPER",
    "WASSERSTEIN",
    "AdversarialLoss",
    "Comparison",
    "Discriminator",
    "DiscriminatorLoss",
    "GeneratorLoss",
    "GramNormalization",
    "Logits",
    "MetricLoss",
    "PathLengthPenalty",
    "PerceptualLoss",
    "Reduction",
    "SRGANWeights",
    "StyleWeights",
    "VGG19Features",
    "basicsr_content_loss",
    "dists_loss",
    "dragan_penalty",
    "feature_matching_loss",
    "gradient_penalty",
    "gram_matrix",
    "hinge_discriminator_loss",
    "hinge_generator_loss",
    "l1_loss",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "lpips_loss",
    "mean_grams",
    "minimax_generator_loss",
    "nonsaturating_discriminator_loss",
    "nonsaturating_generator_loss",
    "patch_nce_loss",
    "perceptual_loss",
    "pix2pixhd_perceptual_loss",
    "r1_penalty",
    "r2_penalty",
    "random_margin_discriminator_loss",
    "reconstruction_loss",
    "relativistic_average_discriminator_loss",
    "relativistic_average_generator_loss",
    "relativistic_paired_discriminator_loss",
    "relativistic_paired_generator_loss",
    "srgan_content_loss",
    "style_loss",
    "total_variation_loss",
    "transfer_style",
    "wasserstein_discriminator_loss",
    "wasserstein_generator_loss",
]
