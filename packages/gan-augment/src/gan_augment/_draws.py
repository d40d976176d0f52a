"""Random numbers, one for each image of a batch."""

from typing import Any

import torch
from torch import Tensor


class Dice:
    """Draws for `count` images: on the generator's device where there is one, handed over on `device`.

    Args:
        count: images in the batch.
        device: where the draws are wanted.
        generator: their source; torch's default one on `device` if absent.

    Attributes:
        count: images in the batch.
        device: where the draws are.
    """

    def __init__(self, count: int, device: torch.device, generator: torch.Generator | None) -> None:
        self.count = count
        self.device = device
        # Left out where there is none: given generator=None, torch.compile can't take sizes as symbols.
        self._own: dict[str, Any] = {} if generator is None else {"generator": generator}
        self._source = device if generator is None else generator.device

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(N, *shape), float32 in [low, high)."""
        draw = torch.empty(self.count, *shape, device=self._source)
        return draw.uniform_(low, high, **self._own).to(self.device)

    def normal(self, *shape: int) -> Tensor:
        """(N, *shape), float32 of mean 0 and variance 1."""
        draw = torch.randn(self.count, *shape, device=self._source, **self._own)
        return draw.to(self.device)

    def integer(self, *shape: int, low: int, high: int) -> Tensor:
        """(N, *shape), int64 in [low, high], both ends included."""
        draw = torch.randint(low, high + 1, (self.count, *shape), device=self._source, **self._own)
        return draw.to(self.device)

    def happens(self, probability: Tensor | float) -> Tensor:
        """(N,) bool: true with this probability. 0 is never and 1 is always."""
        return self.uniform() < probability
