"""The hinge loss of geometric GAN (Lim and Ye 2017) and SNGAN (Miyato et al. 2018)."""

import torch.nn.functional as F
from torch import Tensor

from gan_losses._scales import Logits, Reduction, over_scales
from gan_losses._wasserstein import wasserstein_generator_loss


def hinge_generator_loss(fake_logits: Logits, *, reduction: Reduction = "mean") -> Tensor:
    """-fake (Miyato et al. 2018, equation 17): only the discriminator's loss has a hinge.

    Args:
        fake_logits: The discriminator's logits for generated images, of any shape; a list for several scales.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If the reduction is unknown.

    Examples:
        >>> hinge_generator_loss(torch.tensor([2.0, -1.0]))
        tensor(-0.5000)
    """
    return wasserstein_generator_loss(fake_logits, reduction=reduction)


def hinge_discriminator_loss(
    real_logits: Logits, fake_logits: Logits, *, margin: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """max(0, margin - real) + max(0, margin + fake) (Miyato et al. 2018, equation 16).

    Logits beyond the margin on the correct side contribute nothing and get no gradient.

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        margin: The distance from zero beyond which a logit contributes nothing.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or the reduction is unknown.

    Examples:
        >>> hinge_discriminator_loss(torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 1.0]))  # 0.5 / 2 + 2 / 2
        tensor(1.2500)
    """
    return over_scales(
        lambda real, fake: F.relu(margin - real) + F.relu(margin + fake),
        real_logits,
        fake_logits,
        reduction=reduction,
    )
