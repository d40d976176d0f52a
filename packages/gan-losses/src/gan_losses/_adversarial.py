"""The generator's and the discriminator's loss of each kind as one value, to pass to an objective."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from torch import Tensor

from gan_losses._hinge import hinge_discriminator_loss, hinge_generator_loss
from gan_losses._least_squares import least_squares_discriminator_loss, least_squares_generator_loss
from gan_losses._nonsaturating import nonsaturating_discriminator_loss, nonsaturating_generator_loss
from gan_losses._relativistic import (
    relativistic_average_discriminator_loss,
    relativistic_average_generator_loss,
    relativistic_paired_discriminator_loss,
    relativistic_paired_generator_loss,
)
from gan_losses._scales import Logits
from gan_losses._wasserstein import wasserstein_discriminator_loss, wasserstein_generator_loss

GeneratorLoss: TypeAlias = Callable[..., Tensor]
"""Called as `(fake_logits)`, or as `(real_logits, fake_logits)` where the loss is relativistic."""

DiscriminatorLoss: TypeAlias = Callable[[Logits, Logits], Tensor]
"""Called as `(real_logits, fake_logits)`."""


class AdversarialLoss(NamedTuple):
    """A generator's and a discriminator's loss that belong together.

    To change an option: `HINGE._replace(discriminator=partial(hinge_discriminator_loss, margin=2.0))`.

    Attributes:
        generator: Called as `(fake_logits)`; if `relativistic`, as `(real_logits, fake_logits)`.
        discriminator: Called as `(real_logits, fake_logits)`.
        relativistic: Whether the generator's loss uses the real logits too.

    Examples:
        >>> real, fake = torch.tensor([2.0]), torch.tensor([0.5])
        >>> HINGE.discriminator(real, fake), HINGE.generator(fake)
        (tensor(1.5000), tensor(-0.5000))
    """

    generator: GeneratorLoss
    discriminator: DiscriminatorLoss
    relativistic: bool = False


NONSATURATING = AdversarialLoss(nonsaturating_generator_loss, nonsaturating_discriminator_loss)
"""Both non-saturating losses, Goodfellow et al. 2014."""
LEAST_SQUARES = AdversarialLoss(least_squares_generator_loss, least_squares_discriminator_loss)
"""Both least squares losses, Mao et al. 2017."""
HINGE = AdversarialLoss(hinge_generator_loss, hinge_discriminator_loss)
"""Both hinge losses, Lim and Ye 2017."""
WASSERSTEIN = AdversarialLoss(wasserstein_generator_loss, wasserstein_discriminator_loss)
"""Both Wasserstein losses, Arjovsky et al. 2017."""
RELATIVISTIC_AVERAGE = AdversarialLoss(
    relativistic_average_generator_loss, relativistic_average_discriminator_loss, relativistic=True
)
"""Both relativistic average losses, Jolicoeur-Martineau 2018; the generator's takes real logits, too."""
RELATIVISTIC_PAIRED = AdversarialLoss(
    relativistic_paired_generator_loss, relativistic_paired_discriminator_loss, relativistic=True
)
"""Both relativistic paired losses, as in R3GAN, Huang et al. 2024."""
