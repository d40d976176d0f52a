"""Augmentations as published, one function for each."""

from gan_augment._diffaugment import DiffAugment


def projected_gan_diffaugment() -> DiffAugment:
    """DiffAugment as in Projected GAN's official code (Sauer et al. 2021): a cutout of 0.2, not 0.5."""
    return DiffAugment("color,translation,cutout", cutout=0.2)


def adaptive_diffaugment(p: float = 0.0) -> DiffAugment:
    """DiffAugment of which flip and translation always happen, and colour and cutout with probability `p`.

    The augmentation of an article on Projected GAN in Keras (2022-03-07), which drives p so that the
    losses on real and generated images are equal: `Adaptive(adaptive_diffaugment())` and `loss_gap`. The
    article does not say how strong its steps are, nor where p starts.

    Args:
        p: the probability to start with, in [0, 1].

    Returns:
        The augmentation.

    Raises:
        ValueError: `p` is outside [0, 1].
    """
    return DiffAugment("flip,color,translation,cutout", p=p, always="flip,translation")
