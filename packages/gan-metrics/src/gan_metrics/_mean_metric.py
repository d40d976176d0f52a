"""The mean over all images, the base of the metrics of single images and pairs."""

import torch
from torch import Tensor
from torchmetrics import Metric


class MeanOverImages(Metric):
    """The mean of one number per image, over all batches and all processes.

    Sums and counts are added over the processes before the division, so the result does not depend on how
    many images each process had.
    """

    full_state_update = False
    images: Tensor

    def __init__(self, quantity: str) -> None:
        super().__init__()
        # MetricCollection permanently merges metrics whose states have equal names and, after the first
        # batch, equal values (0 dB and colorfulness 0, for example). A separate name prevents that.
        self._sum = f"{quantity}_sum"
        self.add_state(self._sum, torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("images", torch.tensor(0), dist_reduce_fx="sum")

    def add(self, values: Tensor) -> None:
        """Add the numbers of a batch, (N,)."""
        setattr(self, self._sum, getattr(self, self._sum) + values.sum().float())
        self.images += len(values)

    def compute(self) -> Tensor:
        """The mean over all images so far, a scalar.

        Raises:
            RuntimeError: no process has had an image.
        """
        if self.images == 0:
            raise RuntimeError(f"{type(self).__name__} has no image; call update before compute")
        return getattr(self, self._sum) / self.images
