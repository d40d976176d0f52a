"""Wasserstein GAN (Arjovsky et al. 2017)."""

from torch import Tensor

from gan_losses._scales import Logits, Reduction, over_scales


def wasserstein_generator_loss(fake_logits: Logits, *, reduction: Reduction = "mean") -> Tensor:
    """-fake: the generator maximizes the logits of its images (Arjovsky et al. 2017, algorithm 1).

    Args:
        fake_logits: The discriminator's logits for generated images, of any shape; a list for several scales.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If the reduction is unknown.

    Examples:
        >>> wasserstein_generator_loss(torch.tensor([2.0, -1.0]))
        tensor(-0.5000)
    """
    return over_scales(lambda fake: -fake, fake_logits, reduction=reduction)


def wasserstein_discriminator_loss(
    real_logits: Logits, fake_logits: Logits, *, reduction: Reduction = "mean"
) -> Tensor:
    """Fake - real, the negative estimate of the distance (Arjovsky et al. 2017, algorithm 1).

    The estimate requires a discriminator that is approximately Lipschitz, by `gradient_penalty`, spectral
    normalization or weight clipping, which are not included.

    Args:
        real_logits: The discriminator's logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or the reduction is unknown.

    Examples:
        >>> wasserstein_discriminator_loss(torch.tensor([2.0]), torch.tensor([-1.0]))
        tensor(-3.)
    """
    return over_scales(lambda real, fake: fake - real, real_logits, fake_logits, reduction=reduction)
