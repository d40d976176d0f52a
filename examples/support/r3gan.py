"""The augmentations of r3gan.py, by name."""

from gan_augment import ADA, DiffAugment
from torch import nn

COLOR = ("brightness", "contrast", "luma_flip", "hue", "saturation")


def build_augmentation(name: str) -> nn.Module:
    """The augmentation of --augment; "paper" needs its probability set in each step.

    The paper's is not ADA's adaptive one: which logits are positive means nothing where only their
    differences count.
    """
    if name == "paper":  # appendix D
        return ADA("blit,geometry,color,cutout", multipliers=dict.fromkeys(COLOR, 0.5))
    return DiffAugment() if name == "diffaugment" else nn.Identity()
