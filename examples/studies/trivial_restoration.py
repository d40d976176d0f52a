"""Restoring photos without a network: the rows that a trained one must beat."""

from collections.abc import Callable

import torch
from gan_data import Degraded
from torch import Tensor
from torch.nn import functional as F
from trivial_colors import ConstantColor, LumaTable, gray

RADIUS = 8  # of the fitted filter, in pixels: half of a tile at 256x256
SAMPLES = 20_000  # pixels that it is fitted to

Restore = Callable[[Tensor], Tensor]  # (N, C, H, W) to (N, 3, H, W)


def trivial(task: str, sources: Tensor, targets: Tensor) -> dict[str, Restore]:
    """What takes no training of a network, by name.

    Args:
        task: color or mosaic.
        sources: degraded training photos, (M, C, H, W).
        targets: the clean ones, (M, 3, H, W).
    """
    if task == "color":
        return {
            "the input, gray": gray,
            "one constant color": ConstantColor(targets),
            "the mean color of each luma": LumaTable(targets),
        }
    return {"the input": lambda images: images, "a fitted linear filter": LinearFilter(sources, targets)}


class LinearFilter:
    """The filter of 17x17 pixels, the same for each color, with the least squared error on training photos.

    Args:
        sources: (M, 3, H, W), larger than the filter.
        targets: (M, 3, H, W).
    """

    def __init__(self, sources: Tensor, targets: Tensor) -> None:
        generator = torch.Generator().manual_seed(0)
        side = 2 * RADIUS + 1
        planes = F.pad(sources.flatten(0, 1)[:, None], [RADIUS] * 4, mode="reflect")[:, 0]
        count, (height, width) = len(planes), targets.shape[-2:]
        plane, row, column = (
            torch.randint(end, (SAMPLES,), generator=generator) for end in (count, height, width)
        )
        offsets = torch.arange(side)
        rows, columns = row[:, None, None] + offsets[:, None], column[:, None, None] + offsets
        windows = planes[plane[:, None, None], rows, columns].flatten(1).double()
        values = targets.flatten(0, 1)[plane, row, column].double()
        moments = windows.T @ windows + 1e-4 * len(windows) * torch.eye(side**2, dtype=torch.float64)
        self._weight = torch.linalg.solve(moments, windows.T @ values).float().reshape(1, 1, side, side)

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to the same shape."""
        planes = F.pad(images.flatten(0, 1)[:, None], [RADIUS] * 4, mode="reflect")
        return F.conv2d(planes, self._weight).reshape(images.shape).clamp(-1, 1)


def stacked(pairs: Degraded, count: int) -> tuple[Tensor, Tensor]:
    """Up to `count` pairs (N, C, H, W) at equal distances."""
    indices = range(0, len(pairs), max(1, len(pairs) // count))[:count]
    source, target = (torch.stack(side) for side in zip(*(pairs[index] for index in indices), strict=True))
    return source, target
