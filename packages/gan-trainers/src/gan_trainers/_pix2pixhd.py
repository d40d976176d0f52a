"""The objective of pix2pixHD."""

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from gan_losses import LEAST_SQUARES, AdversarialLoss, feature_matching_loss
from torch import Tensor

from gan_trainers._weights import check_weights

Terms = dict[str, Tensor]
Features = list[list[Tensor]]  # of each scale the outputs of its layers, the logits last


class FeatureDiscriminator(Protocol):
    """What judges: `gan_nets.MultiscaleDiscriminator`, or a function around it."""

    def __call__(self, x: Tensor, *, features: Literal[True]) -> Features:
        """(N, C, H, W) to the outputs of all layers of all scales."""
        ...


class Pix2PixHD:
    """Least squares at several scales, feature matching, and a perceptual loss (Wang et al. 2018, eq. 5).

    sum_k L_GAN(G, D_k) + w_FM sum_k L_FM(G, D_k) + w_VGG L_VGG(G), the last from the paper's section 4.

    The loop makes the translation `fake = generator(condition)` once, and so does `judge` with the real
    pictures: both serve both turns. As in the official code, the generator learns first, and then the
    discriminator from the same pictures; its weights have not moved in between, so that what it made of the
    real ones still holds.

    Args:
        discriminator: takes condition and picture side by side, (N, A + B, H, W), and returns the outputs of
            all its layers when called with `features=True`.
        feature_matching_weight: 10 in the paper; 0 leaves it out.
        feature_matching: how layers and scales are weighted, as in `gan_losses.feature_matching_loss`. The
            default is the official code's, which the released pictures come from.
        perceptual_loss: (fake, target) -> scalar, such as `gan_losses.pix2pixhd_perceptual_loss(...)`; None
            leaves it out. It stays outside of what is saved.
        perceptual_weight: 10 in the official code.
        adversarial: which game is played; the paper's is least squares.
        discriminator_weight: factor of the discriminator's loss; the official code slows it with 1/2.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(
        self,
        discriminator: FeatureDiscriminator,
        *,
        feature_matching_weight: float = 10.0,
        feature_matching: Literal["paper", "official"] = "official",
        perceptual_loss: Callable[[Tensor, Tensor], Tensor] | None = None,
        perceptual_weight: float = 10.0,
        adversarial: AdversarialLoss = LEAST_SQUARES,
        discriminator_weight: float = 0.5,
    ) -> None:
        check_weights(
            feature_matching_weight=feature_matching_weight,
            perceptual_weight=perceptual_weight,
            discriminator_weight=discriminator_weight,
        )
        self._discriminator = discriminator
        self._feature_matching_weight = feature_matching_weight
        self._feature_matching: Literal["paper", "official"] = feature_matching
        self._perceptual_loss = perceptual_loss if perceptual_weight else None
        self._perceptual_weight = perceptual_weight
        self._adversarial = adversarial
        self._discriminator_weight = discriminator_weight

    def judge(self, condition: Tensor, picture: Tensor) -> Features:
        """What the discriminator makes of a picture beside its condition, by scale and layer.

        Args:
            condition: (N, A, H, W) label and boundary maps, or a picture.
            picture: (N, B, H, W) in [-1, 1].
        """
        return self._discriminator(torch.cat([condition, picture], dim=1), features=True)

    def generator_loss(
        self, condition: Tensor, target: Tensor, fake: Tensor, real: Features
    ) -> tuple[Tensor, Terms]:
        """The generator's turn: pass for real in each layer's eyes.

        Args:
            condition: (N, A, H, W) what was translated.
            target: (N, B, H, W) the true picture.
            fake: (N, B, H, W) the generator's.
            real: what `judge` made of the target.

        Returns:
            The loss, a scalar, and its terms by name, weighted, to be logged. A term of weight 0 is neither
            computed nor named.
        """
        judged = self.judge(condition, fake)
        if self._adversarial.relativistic:
            adversarial = self._adversarial.generator(
                [logits.detach() for logits in _logits(real)], _logits(judged)
            )
        else:
            adversarial = self._adversarial.generator(_logits(judged))
        terms: Terms = {"adversarial": adversarial}
        if self._feature_matching_weight:
            matching = feature_matching_loss(real, judged, weighting=self._feature_matching)
            terms["feature_matching"] = self._feature_matching_weight * matching
        if self._perceptual_loss is not None:
            terms["perceptual"] = self._perceptual_weight * self._perceptual_loss(fake, target)
        first, *others = terms.values()
        return sum(others, first), terms

    def discriminator_loss(self, condition: Tensor, fake: Tensor, real: Features) -> tuple[Tensor, Terms]:
        """The discriminator's turn: tell real from fake at each scale; no gradient reaches the generator.

        Args:
            condition: as in `generator_loss`.
            fake: as there.
            real: as there, made while the discriminator was not frozen.

        Returns:
            The loss, a scalar, and its terms by name, to be logged.
        """
        judged = self.judge(condition, fake.detach())
        loss = self._discriminator_weight * self._adversarial.discriminator(_logits(real), _logits(judged))
        return loss, {"discriminator": loss}


def _logits(outputs: Features) -> list[Tensor]:
    return [layers[-1] for layers in outputs]
