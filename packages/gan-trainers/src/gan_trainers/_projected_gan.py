"""The objective of Projected GAN, and of any GAN that draws pictures from noise."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from gan_losses import HINGE, AdversarialLoss
from torch import Tensor

Terms = dict[str, Tensor]
Logits = Tensor | Sequence[Tensor]


class Judged(NamedTuple):
    """What the discriminator said, detached, for what adapts to it."""

    real: Logits
    fake: Logits

    def means(self) -> Terms:
        """Each side's mean, to be logged; each scale counts by its size, as in adaptive augmentation."""
        return {f"{side}_logits": _mean(logits) for side, logits in self._asdict().items()}


class ProjectedGAN:
    """An adversarial loss alone, on pictures that are augmented alike (Sauer et al. 2021, equation 4).

    The pictures `fake = generator(noise)` are made once by the loop and serve both turns; each turn augments
    anew. What makes it Projected GAN is the discriminator that it is given; the official code plays the hinge
    game, where the paper writes the original one.

    Args:
        discriminator: a network, or a function around one, that takes (N, C, H, W), and labels (N,) if the
            methods get any, and returns logits or a list of them.
        augment: what happens to real and generated pictures before they are judged; nothing if not given.
        adversarial: which game is played, none of the relativistic ones.

    Raises:
        ValueError: the game compares real logits with fake ones.
    """

    def __init__(
        self,
        discriminator: Callable[..., Logits],
        *,
        augment: Callable[[Tensor], Tensor] | None = None,
        adversarial: AdversarialLoss = HINGE,
    ) -> None:
        if adversarial.relativistic:
            raise ValueError(
                "expected a game that judges each picture by itself; got a relativistic one, whose generator "
                "would have to see the real pictures too"
            )
        self._discriminator = discriminator
        self._augment = augment
        self._adversarial = adversarial

    def generator_loss(self, fake: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Terms]:
        """The generator's turn: pass for real.

        Args:
            fake: (N, C, H, W) the generator's.
            labels: (N,) the classes that it was told, if any.

        Returns:
            The loss, a scalar, and its terms by name, to be logged.
        """
        loss = self._adversarial.generator(self._judge(fake, labels))
        return loss, {"adversarial": loss}

    def discriminator_loss(
        self,
        real: Tensor,
        fake: Tensor,
        labels: Tensor | None = None,
        fake_labels: Tensor | None = None,
    ) -> tuple[Tensor, Terms, Judged]:
        """The discriminator's turn: tell real from fake; no gradient reaches the generator.

        Args:
            real: (N, C, H, W) from the data.
            fake: (N, C, H, W) the generator's.
            labels: (N,) the classes of `real`, if any.
            fake_labels: (N,) those of `fake`; the same if not given.

        Returns:
            The loss, a scalar, its terms by name, and the logits, from which an adaptive augmentation learns.
        """
        logits = (
            self._judge(real, labels),
            self._judge(fake.detach(), labels if fake_labels is None else fake_labels),
        )
        loss = self._adversarial.discriminator(*logits)
        judged = Judged(*map(_detached, logits))
        return loss, {"discriminator": loss} | judged.means(), judged

    def _judge(self, pictures: Tensor, labels: Tensor | None) -> Logits:
        seen = pictures if self._augment is None else self._augment(pictures)
        return self._discriminator(seen) if labels is None else self._discriminator(seen, labels)


def _detached(logits: Logits) -> Logits:
    return logits.detach() if isinstance(logits, Tensor) else [scale.detach() for scale in logits]


def _mean(logits: Logits) -> Tensor:
    scales = [logits] if isinstance(logits, Tensor) else list(logits)
    return torch.cat([scale.flatten().float() for scale in scales]).mean()
