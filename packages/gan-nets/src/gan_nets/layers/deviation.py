"""The standard deviation over a minibatch, by which a discriminator sees its variety."""

import torch
from torch import Tensor


def deviation_map(x: Tensor, group: int) -> Tensor:
    """The standard deviation over groups of a batch, averaged to one number: (N, C, H, W) to (N, 1, H, W).

    Karras et al. 2018, section 3, with groups; the images of one are N / group apart in the batch.
    Computed in float32 at least, since squares lose digits.
    """
    count = max(size for size in range(1, min(group, len(x)) + 1) if len(x) % size == 0)
    groups = x.to(torch.promote_types(x.dtype, torch.float32)).unflatten(0, (count, -1))
    deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # (N / count,)
    return deviation.repeat(count)[:, None, None, None].expand(-1, 1, *x.shape[-2:]).to(x.dtype)
