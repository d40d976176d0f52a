"""Relativistic GANs (Jolicoeur-Martineau 2018): real logits are compared with fake ones.

f is small for large arguments. The discriminator's loss, and with real and fake swapped the generator's:

    paired    f(real - fake)
    average   f(real - mean(fake)) + f(mean(real) - fake)
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_losses._scales import Logits, Reduction, over_scales

Comparison: TypeAlias = Literal["bce", "least_squares", "hinge"]
"""f: -log s(x) (RaSGAN, ESRGAN), (x - 1)^2 (RaLSGAN) or max(0, 1 - x) (RaHingeGAN)."""


def relativistic_average_generator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    comparison: Comparison = "bce",
    reduction: Reduction = "mean",
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    """f(fake - mean(real)) + f(mean(fake) - real), the relativistic average generator's loss.

    Jolicoeur-Martineau 2018, section 4; with "bce" it is ESRGAN's (Wang et al. 2018, equation 2). ESRGAN's
    code takes half of the sum: that 1/2 belongs to the caller. Real logits may be detached, since they do not
    depend on the generator.

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        comparison: f, one of "bce", "least_squares", "hinge".
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".
        mean: Of the logits of one scale, with which each logit of the other kind is compared. torch's is over
            the local batch; `gan_trainers.global_mean` is over those of all processes.

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or an option is unknown.

    Examples:
        >>> relativistic_average_generator_loss(torch.zeros(4), torch.zeros(4))  # 2 log 2
        tensor(1.3863)
    """
    return over_scales(
        lambda real, fake: _average(fake, real, comparison, mean),
        real_logits,
        fake_logits,
        reduction=reduction,
    )


def relativistic_average_discriminator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    comparison: Comparison = "bce",
    reduction: Reduction = "mean",
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    """f(real - mean(fake)) + f(mean(real) - fake), the relativistic average discriminator's loss.

    Jolicoeur-Martineau 2018, section 4; with "bce" it is ESRGAN's (Wang et al. 2018, equation 1). ESRGAN's
    code takes half of the sum: that 1/2 belongs to the caller. Both means have gradients.

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        comparison: f, one of "bce", "least_squares", "hinge".
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".
        mean: Of the logits of one scale, with which each logit of the other kind is compared. torch's is over
            the local batch; `gan_trainers.global_mean` is over those of all processes.

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or an option is unknown.

    Examples:
        >>> logits = torch.tensor([1.0, 3.0])  # 1 below and above the mean of the other side
        >>> relativistic_average_discriminator_loss(logits, logits, comparison="least_squares")
        tensor(4.)
    """
    return over_scales(
        lambda real, fake: _average(real, fake, comparison, mean),
        real_logits,
        fake_logits,
        reduction=reduction,
    )


def relativistic_paired_generator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    comparison: Comparison = "bce",
    reduction: Reduction = "mean",
) -> Tensor:
    """f(fake - real), the relativistic generator's loss (Jolicoeur-Martineau 2018, section 4).

    With "bce" it is RSGAN's, and the loss of R3GAN (Huang et al. 2024).

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes, paired element by element.
        comparison: f, one of "bce", "least_squares", "hinge".
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or an option is unknown.

    Examples:
        >>> real, fake = torch.tensor([3.0]), torch.tensor([2.0])
        >>> relativistic_paired_generator_loss(real, fake, comparison="hinge")  # max(0, 1 - (2 - 3))
        tensor(2.)
    """
    return over_scales(
        lambda real, fake: _compare(fake - real, comparison), real_logits, fake_logits, reduction=reduction
    )


def relativistic_paired_discriminator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    comparison: Comparison = "bce",
    reduction: Reduction = "mean",
) -> Tensor:
    """f(real - fake), the relativistic discriminator's loss (Jolicoeur-Martineau 2018, section 4).

    With "bce" it is RSGAN's, and the loss of R3GAN (Huang et al. 2024).

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes, paired element by element.
        comparison: f, one of "bce", "least_squares", "hinge".
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or an option is unknown.

    Examples:
        >>> relativistic_paired_discriminator_loss(torch.tensor([3.0]), torch.tensor([3.0]))  # log 2
        tensor(0.6931)
    """
    return over_scales(
        lambda real, fake: _compare(real - fake, comparison), real_logits, fake_logits, reduction=reduction
    )


def _average(
    first: Tensor, second: Tensor, comparison: Comparison, mean: Callable[[Tensor], Tensor]
) -> Tensor:
    return _compare(first - mean(second), comparison) + _compare(mean(first) - second, comparison)


def _compare(difference: Tensor, comparison: Comparison) -> Tensor:
    if comparison == "bce":
        return F.softplus(-difference)
    if comparison == "least_squares":
        return (difference - 1).square()
    if comparison == "hinge":
        return F.relu(1 - difference)
    raise ValueError(
        f'expected comparison "bce", "least_squares" or "hinge"; got {comparison!r}; use one of the three'
    )
