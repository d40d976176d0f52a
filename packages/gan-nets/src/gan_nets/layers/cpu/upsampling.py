"""Nearest-neighbor upsampling and the 3x3 convolution that follows it, in one operation.

Three neighbors on the upsampled map lie on two pixels of the original one. So the two together are a
transposed convolution of the original map with stride 2, whose 4x4 kernel is the 3x3 one convolved with 2x2
ones: the same result with 4/9 of the multiplications and without the large map.
"""

import torch.nn.functional as F
from torch import Tensor, nn

# Least height and width. On smaller maps of many channels, computing the 4x4 kernel costs more than it saves.
LEAST_SIZE = 16


class DeferredUpsample(nn.Upsample):
    """Leaves the upsampling to the `UpsampledConv2d` after it: (N, C, H, W) to the same."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Upsample's own name
        """(N, C, H, W) unchanged."""
        return input


class UpsampledConv2d(nn.Conv2d):
    """Twofold nearest-neighbor upsampling, then a 3x3 convolution with padding 1."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """(N, C, H, W) to (N, D, 2H, 2W)."""
        weight = self.weight  # (D, C, 3, 3); computed at each access under spectral norm
        if input.device.type != "cpu" or min(input.shape[-2:]) < LEAST_SIZE:
            return F.conv2d(F.interpolate(input, scale_factor=2.0), weight, self.bias, padding=1)
        kernel = F.pad(weight, (0, 1)) + F.pad(weight, (1, 0))  # (D, C, 3, 4)
        kernel = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))  # (D, C, 4, 4)
        kernel = kernel.flip(2, 3).transpose(0, 1)  # (C, D, 4, 4)
        return F.conv_transpose2d(input, kernel, self.bias, stride=2, padding=1)
