"""Image quality metrics with reference as losses."""

from collections.abc import Callable
from typing import Literal, Self

import torch
from torch import Tensor, nn

from gan_losses._scales import at_least_float32, check_same_shape


class MetricLoss(nn.Module):
    """A full-reference image quality metric as a loss: of piq, pyiqa, lpips, or any other package.

    The metric has no gradients, and stays in evaluation mode even after `train()`. The gradient reaches the
    prediction through it; the target gets none. It computes in float32 under autocast too, since the
    variances and unit lengths of such metrics need more digits than bfloat16 has.

    Args:
        metric: from prediction and target, (N, 3, H, W) in `images`, to numbers of which smaller is better. A
            module is frozen and becomes a submodule.
        images: the range that the metric expects: "[0, 1]", as in piq and pyiqa, or "[-1, 1]", as in lpips.
        clamp: whether values beyond the range are clamped, for metrics that refuse them; such pixels get no
            gradient.

    Raises:
        ValueError: for another range.

    Examples:
        >>> metric = MetricLoss(lambda x, y: (x - y).abs().mean())  # or one of piq, pyiqa or lpips
        >>> metric(torch.full((1, 3, 8, 8), 1.0), torch.zeros(1, 3, 8, 8))  # 1 and 0.5 in [0, 1]
        tensor(0.5000)
    """

    def __init__(
        self,
        metric: Callable[[Tensor, Tensor], Tensor],
        *,
        images: Literal["[0, 1]", "[-1, 1]"] = "[0, 1]",
        clamp: bool = False,
    ) -> None:
        super().__init__()
        if images not in ("[0, 1]", "[-1, 1]"):
            raise ValueError(f'expected images "[0, 1]" or "[-1, 1]"; got {images!r}; use one of the two')
        self.metric = metric
        self.images = images
        self.clamp = clamp
        self.requires_grad_(False).train(False)

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - independent of the parent's mode
        """Stay in evaluation mode, and return itself."""
        return super().train(False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The mean of the metric.

        Args:
            prediction: (N, 3, H, W) RGB in [-1, 1].
            target: the same shape and range.

        Returns:
            A scalar. At least float32.

        Raises:
            ValueError: If the shapes differ.
        """
        check_same_shape("prediction and target", prediction, target)
        with torch.autocast(prediction.device.type, enabled=False):
            return self.metric(self._in_range(prediction), self._in_range(target.detach())).mean()

    def _in_range(self, image: Tensor) -> Tensor:
        image = at_least_float32(image)
        if self.clamp:
            image = image.clamp(-1, 1)
        return (image + 1) / 2 if self.images == "[0, 1]" else image
