"""The objective of FastGAN, whose discriminator also draws what it has seen."""

from collections.abc import Callable, Sequence
from typing import Protocol, overload

import torch
from gan_losses import hinge_generator_loss, l1_loss, random_margin_discriminator_loss, reconstruction_loss
from torch import Tensor

from gan_trainers._projected_gan import Judged, Terms

Pair = tuple[Tensor, Tensor]


class Reconstructing(Protocol):
    """A discriminator like `gan_nets.FastGANDiscriminator`."""

    @overload
    def __call__(self, x: Tensor) -> list[Tensor]: ...
    @overload
    def __call__(self, x: Tensor, *, quadrant: int) -> tuple[list[Tensor], Sequence[Pair]]: ...


class FastGAN:
    """A hinge loss with margins by chance, and reconstructions of the real pictures (Liu et al. 2021).

    It is played like `ProjectedGAN`: the pictures `fake = generator(noise)` are made once by the loop and
    serve both turns; each turn augments anew.

    Args:
        discriminator: from (N, C, H, W) to a list of logits; given a quadrant, besides these pairs of what it
            has drawn of the pictures and what it should have drawn.
        augment: what happens to real and generated pictures before they are judged; nothing if not given.
        distance: from both of a pair to a scalar. The official code takes LPIPS; a
            `gan_losses.PerceptualLoss` is of that kind, and L1 needs no weights.
        reconstruction_weight: of the reconstructions in the discriminator's loss. The official code sums
            their distances over the batch, and takes one mean over the logits of both scales where the means
            of the two are added here: that makes it twice the batch size.

    Raises:
        ValueError: the weight is negative.
    """

    def __init__(
        self,
        discriminator: Reconstructing,
        *,
        augment: Callable[[Tensor], Tensor] | None = None,
        distance: Callable[[Tensor, Tensor], Tensor] = l1_loss,
        reconstruction_weight: float = 1.0,
    ) -> None:
        if not reconstruction_weight >= 0:
            raise ValueError(f"expected a reconstruction_weight of at least 0; got {reconstruction_weight}")
        self._discriminator = discriminator
        self._augment = augment or (lambda pictures: pictures)
        self._distance = distance
        self._weight = reconstruction_weight

    def generator_loss(self, fake: Tensor) -> tuple[Tensor, Terms]:
        """The generator's turn: pass for real.

        Args:
            fake: (N, C, H, W) the generator's.

        Returns:
            The loss, a scalar, and its terms by name, to be logged.
        """
        loss = hinge_generator_loss(self._discriminator(self._augment(fake)))
        return loss, {"adversarial": loss}

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Terms, Judged]:
        """The discriminator's turn: tell real from fake, and draw the real; the generator gets no gradient.

        The quarter of the pictures that it draws by itself is chosen by chance, one for the whole batch.

        Args:
            real: (N, C, H, W) from the data.
            fake: (N, C, H, W) the generator's.

        Returns:
            The loss, a scalar, its terms by name, and the logits, from which an adaptive augmentation learns.
        """
        quadrant = int(torch.randint(4, ()))  # on the CPU: nothing waits for it
        real_logits, drawn = self._discriminator(self._augment(real), quadrant=quadrant)
        fake_logits = self._discriminator(self._augment(fake.detach()))
        adversarial = random_margin_discriminator_loss(real_logits, fake_logits)
        reconstruction = self._weight * reconstruction_loss(drawn, distance=self._distance)
        judged = Judged([x.detach() for x in real_logits], [x.detach() for x in fake_logits])
        terms = {"discriminator": adversarial, "reconstruction": reconstruction} | judged.means()
        return adversarial + reconstruction, terms, judged
