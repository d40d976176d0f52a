"""Random numbers for each image of a batch."""

from typing import Any

import torch
from torch import Tensor


class Sampler:
    """Samples for `count` images, on the generator's device if there is one, and returns them on `device`.

    Args:
        count: images in the batch.
        device: where the samples are needed.
        generator: their source; torch's default one on `device` if absent.

    Attributes:
        count: images in the batch.
        device: where the samples are.
    """

    def __init__(self, count: int, device: torch.device, generator: torch.Generator | None) -> None:
        self.count = count
        self.device = device
        # Left out where there is none: with generator=None, torch.compile does not accept symbolic sizes.
        self._generator: dict[str, Any] = {} if generator is None else {"generator": generator}
        self._source = device if generator is None else generator.device

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(N, *shape), float32 in [low, high)."""
        values = torch.empty(self.count, *shape, device=self._source)
        return values.uniform_(low, high, **self._generator).to(self.device)

    def normal(self, *shape: int) -> Tensor:
        """(N, *shape), float32 with mean 0 and variance 1."""
        values = torch.randn(self.count, *shape, device=self._source, **self._generator)
        return values.to(self.device)

    def integer(self, *shape: int, low: int, high: int) -> Tensor:
        """(N, *shape), int64 in [low, high], both ends included."""
        values = torch.randint(low, high + 1, (self.count, *shape), device=self._source, **self._generator)
        return values.to(self.device)

    def bernoulli(self, probability: Tensor | float) -> Tensor:
        """(N,) bool, true with this probability: never for 0, always for 1."""
        return self.uniform() < probability
