"""The standard deviation over a minibatch, by which a discriminator sees its variety."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

Function = Callable[[Tensor], Tensor]


def deviation_map(x: Tensor, group: int) -> Tensor:
    """The standard deviation over groups of a batch, averaged to one number: (N, C, H, W) to (N, 1, H, W).

    Karras et al. 2018, section 3, with groups; the images of one are N / group apart in the batch.
    Computed in float32 at least, since squares lose digits.
    """
    count = max(size for size in range(1, min(group, len(x)) + 1) if len(x) % size == 0)
    groups = x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(0, (count, -1))
    deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # (N / count,)
    return deviation.repeat(count)[:, None, None, None].expand(-1, 1, *x.shape[-2:]).to(x.dtype)


class MinibatchDeviation(nn.Module):
    """Appends `deviation_map` to feature maps, over the batches of all processes where they are shared.

    Args:
        group: images whose standard deviation is taken together; 1 appends nothing.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group
        self._batchwise: Callable[[Function, Tensor], Tensor] | None = None

    def share_batch_(self, batchwise: Callable[[Function, Tensor], Tensor]) -> None:
        """While training, use `batchwise(function, rows)` for `function(rows)`.

        gan-trainers gives one that applies the function to the rows of all processes and returns this one's.
        """
        self._batchwise = batchwise

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + 1, H, W)."""
        if self.group == 1:
            return x
        function = partial(deviation_map, group=self.group)
        shared = self._batchwise if self.training else None
        return torch.cat([x, function(x) if shared is None else shared(function, x)], dim=1)
