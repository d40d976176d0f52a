"""The original GAN losses on logits (Goodfellow et al. 2014): minimax, and its non-saturating generator."""

import torch.nn.functional as F
from torch import Tensor

from gan_losses._scales import Logits, Reduction, over_scales


def nonsaturating_generator_loss(
    fake_logits: Logits, *, target: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """-log s(fake): the generator's images should be classified as real (Goodfellow et al. 2014, section 3).

    s is the sigmoid, computed as part of the loss (binary cross-entropy with logits).

    Args:
        fake_logits: The discriminator's logits for generated images, of any shape; a list for several scales.
        target: The generator's target label, in [0, 1].
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If the target lies outside [0, 1], or the reduction is unknown.

    Examples:
        >>> nonsaturating_generator_loss(torch.zeros(4))  # log 2
        tensor(0.6931)
        >>> nonsaturating_generator_loss([torch.zeros(4), torch.zeros(2)])  # of two scales
        tensor(1.3863)
    """
    return over_scales(lambda fake: _cross_entropy(fake, target), fake_logits, reduction=reduction)


def minimax_generator_loss(fake_logits: Logits, *, reduction: Reduction = "mean") -> Tensor:
    """log(1 - s(fake)): the generator's loss of the minimax game (Goodfellow et al. 2014, equation 1).

    Its gradient vanishes where the discriminator is confident, which is why `nonsaturating_generator_loss` is
    preferred in practice. The discriminator's loss is the same for both.

    Args:
        fake_logits: The discriminator's logits for generated images, of any shape; a list for several scales.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar, never positive; with "none" the elementwise loss, a tensor or a list as given.

    Raises:
        ValueError: If the reduction is unknown.

    Examples:
        >>> minimax_generator_loss(torch.zeros(4))  # log(1 - 1/2)
        tensor(-0.6931)
    """
    return over_scales(lambda fake: -_cross_entropy(fake, 0.0), fake_logits, reduction=reduction)


def nonsaturating_discriminator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    real_target: float = 1.0,
    fake_target: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """-log s(real) - log(1 - s(fake)): binary classification (Goodfellow et al. 2014, equation 1).

    The sum of both terms; a factor such as pix2pix's 1/2 belongs to the caller.

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        real_target: The label of real images; 0.9 is one-sided label smoothing (Salimans et al. 2016,
            section 3.4).
        fake_target: The label of generated images.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, a target lies outside [0, 1], or
            the reduction is unknown.

    Examples:
        >>> nonsaturating_discriminator_loss(torch.zeros(4), torch.zeros(4))  # 2 log 2
        tensor(1.3863)
    """
    return over_scales(
        lambda real, fake: _cross_entropy(real, real_target) + _cross_entropy(fake, fake_target),
        real_logits,
        fake_logits,
        reduction=reduction,
    )


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    """-target log s(logits) - (1 - target) log(1 - s(logits)).

    Each logarithm is a separate softplus, whose gradient does not underflow in float32 for a confident
    discriminator; that of `binary_cross_entropy_with_logits` is rounded to 0 for real logits from 17 on.
    """
    if not 0 <= target <= 1:
        raise ValueError(f"expected a label in [0, 1]; got {target}; other labels have no minimum")
    if target == 1:
        return F.softplus(-logits)
    if target == 0:
        return F.softplus(logits)
    return target * F.softplus(-logits) + (1 - target) * F.softplus(logits)
