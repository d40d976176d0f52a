"""Published variants of DiffAugment, one function each."""

from gan_augment.diffaugment.pipeline import DiffAugment


def projected_gan_diffaugment() -> DiffAugment:
    """DiffAugment as in Projected GAN's official code (Sauer et al. 2021): a cutout of 0.2, not 0.5.

    Examples:
        >>> augment = projected_gan_diffaugment()
        >>> augment(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 3, 32, 32])
    """
    return DiffAugment("color,translation,cutout", cutout=0.2)


def adaptive_diffaugment(p: float = 0.0) -> DiffAugment:
    """DiffAugment that always applies flip and translation, and color and cutout with probability `p`.

    The augmentation of an article on Projected GAN in Keras (2022-03-07). The article adapts p so that the
    losses on real and generated images become equal: `Adaptive(adaptive_diffaugment())` with `loss_gap`. It
    gives neither the strength of the steps nor the initial p.

    Args:
        p: the initial probability, in [0, 1].

    Returns:
        The augmentation.

    Raises:
        ValueError: `p` is outside [0, 1].

    Examples:
        >>> adaptive = Adaptive(adaptive_diffaugment(), images_to_full=10_000)
        >>> fake = adaptive(torch.zeros(2, 3, 16, 16))
        >>> adaptive.adjust(loss_gap(torch.tensor(0.2), torch.tensor(0.5)), images=2)
    """
    return DiffAugment("flip,color,translation,cutout", p=p, always="flip,translation")
