"""A metric that looks through a network which is not its own."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from torch import nn
from torchmetrics import Metric


class LooksThroughNetwork(Metric):
    """Takes a network along to another device, and leaves it alone otherwise.

    The network is in no state dict of the metric, and keeps the mode, the precision and the gradients that it
    came with.
    """

    _features: tuple[Callable[..., Any]]  # in a tuple, or torch would make a submodule of a network

    def _apply(self, fn: Callable, exclude_state: Sequence[str] = "") -> Self:
        # What every way of moving a module comes down to.
        super()._apply(fn, exclude_state)
        (features,) = self._features
        if isinstance(features, nn.Module):
            features.to(self.device)
        return self
