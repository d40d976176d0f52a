"""Errors that adapt an augmentation's probability; a positive error calls for more augmentation."""

from collections.abc import Sequence

import torch
from torch import Tensor


def overfitting(real_logits: Tensor | Sequence[Tensor], *, target: float = 0.6) -> Tensor:
    """mean(sign(real logits)) - target: how much the discriminator overfits to the real images.

    The heuristic r_t of ADA (Karras et al. 2020, equation 1), less its target value, which works well on all
    of the paper's data. r_t is 0 if half of the augmented real images are classified as real, and 1 if all
    are: complete overfitting.

    Args:
        real_logits: the discriminator's logits for augmented real images, of any shape; a list for several
            scales, in which every logit has the same weight.
        target: the target value of r_t, in [-1, 1].

    Returns:
        A scalar without gradient, float32.

    Examples:
        >>> overfitting(torch.tensor([2.0, 1.0, 3.0, -1.0]))  # (3 - 1) / 4 - 0.6
        tensor(-0.1000)
    """
    scales = [real_logits] if isinstance(real_logits, Tensor) else list(real_logits)
    return torch.cat([logits.detach().flatten() for logits in scales]).sign().float().mean() - target


def loss_gap(real_loss: Tensor, fake_loss: Tensor) -> Tensor:
    """fake_loss - real_loss: how much better the discriminator classifies real images than generated ones.

    An article on Projected GAN in Keras (2022-03-07) adapts the augmentation so that the two losses become
    equal, without saying in which direction. Here a lower loss on real images is taken as overfitting, as in
    ADA, since generated images are always new; so it calls for more augmentation.

    Args:
        real_loss: a scalar, the discriminator's loss on real images.
        fake_loss: the same on generated images.

    Returns:
        A scalar without gradient.

    Examples:
        >>> loss_gap(torch.tensor(0.2), torch.tensor(0.5))  # more augmentation
        tensor(0.3000)
    """
    return (fake_loss - real_loss).detach()
