"""Differentiable augmentation for training GANs on few images."""

from gan_augment._version import __version__ as __version__
from gan_augment.ada.color import Color, mix_colors
from gan_augment.ada.cutout import blank
from gan_augment.ada.geometry import Geometry
from gan_augment.ada.image_filter import amplify_bands
from gan_augment.ada.parameters import ADAParameters, ADAStrengths
from gan_augment.ada.pipeline import ADA
from gan_augment.ada.warp import warp
from gan_augment.adaptive import Adaptive
from gan_augment.base.augmentation import Augmentation
from gan_augment.base.probability import set_probability
from gan_augment.diffaugment.color import adjust_brightness, adjust_color, adjust_contrast, adjust_saturation
from gan_augment.diffaugment.pipeline import DiffAugment, DiffAugmentParameters
from gan_augment.diffaugment.presets import adaptive_diffaugment, projected_gan_diffaugment
from gan_augment.diffaugment.shift_and_cutout import cutout, flip, translate
from gan_augment.heuristics import loss_gap, overfitting
from gan_augment.kornia import KorniaAugment, KorniaParameters
from gan_augment.pairs import augment_pair

__all__ = [
    "ADA",
    "ADAParameters",
    "ADAStrengths",
    "Adaptive",
    "Augmentation",
    "Color",
    "DiffAugment",
    "DiffAugmentParameters",
    "Geometry",
    "KorniaAugment",
    "KorniaParameters",
    "adaptive_diffaugment",
    "adjust_brightness",
    "adjust_color",
    "adjust_contrast",
    "adjust_saturation",
    "amplify_bands",
    "augment_pair",
    "blank",
    "cutout",
    "flip",
    "loss_gap",
    "mix_colors",
    "overfitting",
    "projected_gan_diffaugment",
    "set_probability",
    "translate",
    "warp",
]
