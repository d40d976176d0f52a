"""Differentiable augmentation for training GANs on few images."""

from gan_augment._ada import ADA
from gan_augment._ada_draws import ADADraws, ADAStrengths
from gan_augment._adaptive import Adaptive
from gan_augment._augmentation import Augmentation
from gan_augment._bands import amplify_bands
from gan_augment._color import adjust_brightness, adjust_color, adjust_contrast, adjust_saturation
from gan_augment._diffaugment import DiffAugment, DiffAugmentDraws
from gan_augment._errors import loss_gap, overfitting
from gan_augment._geometry import Geometry
from gan_augment._kornia import KorniaAugment, KorniaDraws
from gan_augment._mix_colors import Color, mix_colors
from gan_augment._pairs import augment_pair
from gan_augment._place import blank, cutout, flip, translate
from gan_augment._presets import adaptive_diffaugment, projected_gan_diffaugment
from gan_augment._probability import set_probability
from gan_augment._warp import warp

__version__ = "0.1.0"

__all__ = [
    "ADA",
    "ADADraws",
    "ADAStrengths",
    "Adaptive",
    "Augmentation",
    "Color",
    "DiffAugment",
    "DiffAugmentDraws",
    "Geometry",
    "KorniaAugment",
    "KorniaDraws",
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
