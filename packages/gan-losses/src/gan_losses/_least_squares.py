"""Least-squares GAN (Mao et al. 2017)."""

from torch import Tensor

from gan_losses._scales import Logits, Reduction, over_scales


def least_squares_generator_loss(
    fake_logits: Logits, *, target: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """(fake - target)^2, the generator's loss (Mao et al. 2017, equation 2).

    Without the equation's factor 1/2, as in CycleGAN and pix2pixHD.

    Args:
        fake_logits: The discriminator's logits for generated images, of any shape; a list for several scales.
        target: The generator's target value c.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If the reduction is unknown.

    Examples:
        >>> least_squares_generator_loss(torch.tensor([3.0]))  # (3 - 1)^2
        tensor(4.)
    """
    return over_scales(lambda fake: (fake - target).square(), fake_logits, reduction=reduction)


def least_squares_discriminator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    real_target: float = 1.0,
    fake_target: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """(real - real_target)^2 + (fake - fake_target)^2 (Mao et al. 2017, equation 2).

    Without the equation's factor 1/2: the 1/2 of CycleGAN and pix2pixHD belongs to the caller.

    Args:
        real_logits: Logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        real_target: The target value b of real images; less than 1 for label smoothing.
        fake_target: The target value a of generated images.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or the reduction is unknown.

    Examples:
        >>> least_squares_discriminator_loss(torch.tensor([0.5]), torch.tensor([2.0]))  # (0.5 - 1)^2 + 2^2
        tensor(4.2500)
    """
    return over_scales(
        lambda real, fake: (real - real_target).square() + (fake - fake_target).square(),
        real_logits,
        fake_logits,
        reduction=reduction,
    )
