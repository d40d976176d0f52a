"""Means over all images of all batches and processes, without torchmetrics."""

import torch
import torch.distributed as dist
from torch import Tensor

Sums = dict[str, tuple[Tensor, int]]  # of the numbers of all images so far, and how many those are


class ImageMeans:
    """The means of named numbers, one per image, over all images of all batches and processes.

    The results equal those of the metric classes; torchmetrics, which takes longer to import than torch, is
    not needed.

    Examples:
        >>> scores = ImageMeans()
        >>> fake, real = torch.full((2, 3, 16, 16), 0.2), torch.zeros(2, 3, 16, 16)
        >>> scores.add(psnr=psnr(fake, real, reduction="none"))
        >>> {name: round(mean, 2) for name, mean in scores.compute().items()}
        {'psnr': 20.0}
    """

    def __init__(self) -> None:
        self._sums: Sums = {}

    def add(self, **values: Tensor) -> None:
        """Add a batch: the numbers of its images by name, each (N,)."""
        for name, numbers in values.items():
            total, images = self._sums.get(name, (torch.tensor(0.0), 0))
            batch = numbers.detach().sum().float()  # stays on its device, which need not be waited for
            self._sums[name] = (total + batch, images + len(numbers))

    def compute(self) -> dict[str, float]:
        """The means so far by name, in the order in which the names were first added.

        With several processes each must call it. Sums and counts are added over the processes before the
        division, so the result does not depend on how many images each process had.

        Raises:
            RuntimeError: no process has had an image.
        """
        parts = _gather({name: (total.cpu(), images) for name, (total, images) in self._sums.items()})
        names = list(dict.fromkeys(name for part in parts for name, (_, images) in part.items() if images))
        if not names:
            raise RuntimeError("ImageMeans has no image; call add before compute")
        return {name: _mean([part[name] for part in parts if name in part]) for name in names}


def _gather(sums: Sums) -> list[Sums]:
    """The sums of all processes, in their order."""
    if not (dist.is_available() and dist.is_initialized()):
        return [sums]
    parts: list[Sums] = [{}] * dist.get_world_size()
    dist.all_gather_object(parts, sums)
    return parts


def _mean(sums: list[tuple[Tensor, int]]) -> float:
    total = torch.stack([total for total, _ in sums]).sum()
    return (total / sum(images for _, images in sums)).item()
