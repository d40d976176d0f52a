"""The objective of pix2pix."""

from collections.abc import Callable

import torch
from gan_losses import NONSATURATING, AdversarialLoss, l1_loss
from torch import Tensor

from gan_trainers._weights import check_weights

Terms = dict[str, Tensor]


class Pix2Pix:
    """A conditional adversarial loss plus a pixel loss: L_cGAN + w L_L1 (Isola et al. 2017, eq. 4).

    The translation `fake = generator(source)` is made once by the loop and serves both turns. As in the
    paper, the discriminator learns first, and then the generator against what it has learnt.

    Args:
        discriminator: a network, or a function around one, that takes (N, C, H, W) and returns logits or a
            list of them; C is the source's and the target's channels together if `conditional`, else the
            target's alone.
        l1_weight: weight of the pixel loss; 100 in the paper.
        conditional: show the discriminator the source beside the image. The paper does; article 002
            colourises better without.
        adversarial: which game is played; the paper's is the non-saturating one.
        discriminator_weight: factor of the discriminator's loss; the paper slows its learning with 1/2.
        pixel_loss: (fake, target) -> scalar, in place of `l1_weight` times the L1 loss over all planes.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(
        self,
        discriminator: Callable[[Tensor], Tensor | list[Tensor]],
        *,
        l1_weight: float = 100.0,
        conditional: bool = True,
        adversarial: AdversarialLoss = NONSATURATING,
        discriminator_weight: float = 0.5,
        pixel_loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        check_weights(l1_weight=l1_weight, discriminator_weight=discriminator_weight)
        self._discriminator = discriminator
        self._conditional = conditional
        self._adversarial = adversarial
        self._discriminator_weight = discriminator_weight
        self._pixel_loss = pixel_loss or (lambda fake, target: l1_weight * l1_loss(fake, target))

    def discriminator_loss(self, source: Tensor, target: Tensor, fake: Tensor) -> tuple[Tensor, Terms]:
        """The discriminator's turn: tell the target from the fake; no gradient reaches the generator.

        Args:
            source: (N, A, H, W) what was translated.
            target: (N, B, H, W) the true translation.
            fake: (N, B, H, W) the generator's.

        Returns:
            The loss, a scalar, and its terms by name, to be logged.
        """
        real_logits = self._judge(source, target)
        fake_logits = self._judge(source, fake.detach())
        loss = self._discriminator_weight * self._adversarial.discriminator(real_logits, fake_logits)
        return loss, {"discriminator": loss}

    def generator_loss(self, source: Tensor, target: Tensor, fake: Tensor) -> tuple[Tensor, Terms]:
        """The generator's turn: pass for real, and stay near the target. Arguments and result as above."""
        fake_logits = self._judge(source, fake)
        if self._adversarial.relativistic:
            with torch.no_grad():
                real_logits = self._judge(source, target)
            adversarial = self._adversarial.generator(real_logits, fake_logits)
        else:
            adversarial = self._adversarial.generator(fake_logits)
        pixel = self._pixel_loss(fake, target)
        return adversarial + pixel, {"adversarial": adversarial, "pixel": pixel}

    def _judge(self, source: Tensor, image: Tensor) -> Tensor | list[Tensor]:
        return self._discriminator(torch.cat([source, image], dim=1) if self._conditional else image)
