"""A large convolution to few channels, row by row, where the CPU's convolution library is slow at it.

SRResNet ends in a 9x9 convolution from 64 channels to 3 at full size. For three outputs the library cannot
use the processor's vector instructions. As one convolution along the rows for each row of the kernel, with
27 outputs, and a sum of shifted rows, the same takes half of the time in bfloat16 and less in float32, the
backward pass included.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class RowwiseConv2d(nn.Conv2d):
    """A k x k convolution with padding k // 2, k odd: (N, C, H, W) to (N, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """(N, C, H, W) to (N, D, H, W)."""
        if input.device.type != "cpu":
            return super().forward(input)
        kernel, size = self.kernel_size[0], input.shape[-2:]
        rows = (
            self.weight.flip(2).transpose(1, 2).reshape(-1, self.in_channels, 1, kernel)
        )  # (D * k, C, 1, k)
        terms = F.conv2d(input, rows, padding=(0, kernel // 2)).to(self.weight.dtype)  # (N, D * k, H, W)
        with torch.autocast("cpu", enabled=False):
            # Fold adds term i of each output to row h + i - k // 2: hence the flipped order.
            y = F.fold(terms.flatten(2), size, (kernel, 1), padding=(kernel // 2, 0))  # (N, D, H, W)
            return y if self.bias is None else y + self.bias[:, None, None]
