"""The public names."""

import inspect

import gan_augment

INVENTORY = """
    ADA ADAParameters ADAStrengths Adaptive Augmentation Color DiffAugment DiffAugmentParameters Geometry
    KorniaAugment KorniaParameters
    adaptive_diffaugment adjust_brightness adjust_color adjust_contrast adjust_saturation amplify_bands
    augment_pair blank cutout flip loss_gap mix_colors overfitting projected_gan_diffaugment set_probability
    translate warp
"""


def test_inventory():
    assert gan_augment.__all__ == sorted(INVENTORY.split())


def test_every_public_name_is_documented():
    undocumented = [name for name in gan_augment.__all__ if not inspect.getdoc(getattr(gan_augment, name))]
    assert undocumented == []
