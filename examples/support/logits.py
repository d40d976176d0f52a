"""A discriminator's logits on real and fake images, as recipes log them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

ScaleLogits = Tensor | Sequence[Tensor]


class Logits(NamedTuple):
    """The discriminator's logits on real and fake images, of one scale or of several."""

    real: ScaleLogits
    fake: ScaleLogits

    def means(self) -> dict[str, Tensor]:
        """The mean of each side, over all logits; scales count by their size."""
        real, fake = (side.float().mean() for side in self._flat())
        return {"real_logits": real, "fake_logits": fake}

    def hinge_losses(self) -> tuple[Tensor, Tensor]:
        """The hinge losses on real and on fake images, over all logits."""
        real, fake = self._flat()
        return F.relu(1 - real).mean(), F.relu(1 + fake).mean()

    def _flat(self) -> tuple[Tensor, Tensor]:
        def flat(logits: ScaleLogits) -> Tensor:
            scales = [logits] if isinstance(logits, Tensor) else logits
            return torch.cat([scale.detach().flatten() for scale in scales])

        return flat(self.real), flat(self.fake)
