"""The losses of FastGAN's discriminator (Liu et al. 2021, section 3.2, and the official code)."""

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_losses._pixel import l1_loss
from gan_losses._scales import Logits, Reduction, over_scales


def random_margin_discriminator_loss(
    real_logits: Logits,
    fake_logits: Logits,
    *,
    least_margin: float = 0.8,
    uniform: Callable[[Tensor], Tensor] = torch.rand_like,
    reduction: Reduction = "mean",
) -> Tensor:
    """max(0, m - real) + max(0, m' + fake), the hinge loss with random margins for each logit.

    The official code's form of the loss in Liu et al. 2021, section 3.2. The generator's loss is
    `hinge_generator_loss`.

    Args:
        real_logits: The discriminator's logits for real images, of any shape; a list for several scales.
        fake_logits: Logits for generated images, of the same shapes.
        least_margin: m and m' are uniform between this and 1; 1 gives the plain hinge loss.
        uniform: Called with the logits of a scale, real ones first, returns numbers in [0, 1) of their shape.
        reduction: "mean" over each scale, then summed over the scales; "sum" of all elements; "none".

    Returns:
        A scalar; with "none" the elementwise loss, a tensor or a list as given. At least float32.

    Raises:
        ValueError: If real and fake differ in shape or number of scales, or the reduction is unknown.

    Examples:
        >>> real, fake = torch.full((4,), 2.0), torch.full((4,), -2.0)
        >>> random_margin_discriminator_loss(real, fake)  # beyond any margin
        tensor(0.)
    """

    def elementwise(real: Tensor, fake: Tensor) -> Tensor:
        margin, other = (1 - (1 - least_margin) * uniform(x) for x in (real, fake))
        return F.relu(margin - real) + F.relu(other + fake)

    return over_scales(elementwise, real_logits, fake_logits, reduction=reduction)


def reconstruction_loss(
    reconstructions: Iterable[tuple[Tensor, Tensor]],
    *,
    distance: Callable[[Tensor, Tensor], Tensor] = l1_loss,
) -> Tensor:
    """The sum of the distances between a discriminator's reconstructions and their targets.

    Liu et al. 2021, section 3.2. The paper and its code use LPIPS, summed over the batch; `PerceptualLoss` is
    similar, and L1 needs no weights.

    Args:
        reconstructions: Pairs of a reconstruction and its target, (N, C, H, W) each, as
            `gan_nets.FastGANDiscriminator` returns them for real images.
        distance: Called as `(reconstruction, target)`, returns a scalar.

    Returns:
        A scalar.

    Raises:
        ValueError: If there are no pairs, or the two of a pair differ in shape.

    Examples:
        >>> reconstruction_loss([(torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))])
        tensor(1.)
    """
    distances = [distance(reconstructed, target) for reconstructed, target in reconstructions]
    if not distances:
        raise ValueError("expected at least one pair of images; got none; pass those of the real images")
    return sum(distances[1:], distances[0])
