"""How far a training is from where the augmentation should keep it; positive asks for more augmentation."""

from collections.abc import Sequence

import torch
from torch import Tensor


def overfitting(real_logits: Tensor | Sequence[Tensor], *, target: float = 0.6) -> Tensor:
    """mean(sign(real logits)) - target: the discriminator is too sure of the images that it learns from.

    The heuristic r_t of ADA (Karras et al. 2020, equation 1), less its target, which the paper finds to work
    well on all of its data. With as many augmented images called real as not, r_t is 0; 1 is overfitting.

    Args:
        real_logits: the discriminator's logits for real images, augmented, of any shape; a list for several
            scales, each logit of which counts alike.
        target: the sign's mean that is aimed at, in [-1, 1].

    Returns:
        A scalar without gradient, float32.
    """
    scales = [real_logits] if isinstance(real_logits, Tensor) else list(real_logits)
    return torch.cat([logits.detach().flatten() for logits in scales]).sign().float().mean() - target


def loss_gap(real_loss: Tensor, fake_loss: Tensor) -> Tensor:
    """fake_loss - real_loss: the discriminator knows the real images better than the generated ones.

    An article on Projected GAN in Keras (2022-03-07) drives the augmentation so that the two are
    equal. It does not say which way: here a discriminator that finds its real images easier than generated
    ones, which are always new, is taken to know them by heart, and more augmentation is asked for, as in ADA.

    Args:
        real_loss: a scalar, the discriminator's loss on real images.
        fake_loss: the same on generated ones.

    Returns:
        A scalar without gradient.
    """
    return (fake_loss - real_loss).detach()
