"""Metrics that use a feature extractor without owning it."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from torch import Tensor, nn
from torchmetrics import Metric


class UsesFeatureExtractor(Metric):
    """Moves a feature extractor to the metric's device, and leaves it unchanged otherwise.

    The extractor is in no state dict of the metric, and keeps its mode, precision and gradients.
    """

    _features: tuple[Callable[..., Any]]  # in a tuple, or torch would register a network as a submodule

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> Self:
        # Every method that moves a module calls this one.
        super()._apply(fn, exclude_state)
        (features,) = self._features
        if isinstance(features, nn.Module):
            features.to(self.device)
        return self
