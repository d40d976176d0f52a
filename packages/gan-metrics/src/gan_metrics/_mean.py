"""The mean over images that all the stateful metrics share."""

import torch
from torch import Tensor
from torchmetrics import Metric


class MeanOverImages(Metric):
    """The mean of one number for each image, over all batches and all processes.

    Sum and count are added up across processes before they are divided, so it makes no difference how many
    images each of them saw.
    """

    full_state_update = False
    images: Tensor

    def __init__(self, quantity: str) -> None:
        super().__init__()
        # MetricCollection merges metrics for good if their states have the same names and, after the first
        # batch, the same values (0 dB and colourfulness 0, say). A name of its own for each sum keeps them
        # apart.
        self._sum = f"{quantity}_sum"
        self.add_state(self._sum, torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("images", torch.tensor(0), dist_reduce_fx="sum")

    def add(self, values: Tensor) -> None:
        """Takes in the numbers of a batch, (N,)."""
        setattr(self, self._sum, getattr(self, self._sum) + values.sum().float())
        self.images += len(values)

    def compute(self) -> Tensor:
        """The mean over all images so far, a scalar.

        Raises:
            RuntimeError: no process has seen an image.
        """
        if self.images == 0:
            raise RuntimeError(f"{type(self).__name__} has seen no image; call update before compute")
        return getattr(self, self._sum) / self.images
