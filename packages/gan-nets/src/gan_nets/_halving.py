"""The U-Net's two convolutions, which halve and double a picture, made fast where pictures are tiny.

Near the bottleneck a 4x4 convolution has millions of weights and a handful of pixels to apply them to. On
the CPU, most of the time then goes into rearranging the weights, and under autocast into casting them to
bf16 and their gradients back. Written as one matrix product in the weights' own precision, the same sums
take a half to a third of the time, forward and backward.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Positions, over the whole batch, up to which the product was the faster form (torch 2.15, Zen 4, 2 cores).
_FEW_POSITIONS = 64


class Halve(nn.Conv2d):
    """A 4x4 convolution with stride 2: (N, C, H, W) -> (N, D, H/2, W/2). Keys and values are Conv2d's."""

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool) -> None:
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - Conv2d's own name
        """Convolve (N, C, H, W) with even H and W."""
        x = input
        n, _, height, width = x.shape
        if not _as_product(x, n * (height // 2) * (width // 2)):
            return super().forward(x)
        patches = F.unfold(x, 4, padding=1, stride=2)  # (N, C*16, L)
        with torch.autocast("cpu", enabled=False):
            y = F.linear(patches.transpose(1, 2).to(self.weight.dtype), self.weight.flatten(1), self.bias)
        return y.transpose(1, 2).reshape(n, -1, height // 2, width // 2).contiguous()


class Double(nn.ConvTranspose2d):
    """The transpose of `Halve`: (N, C, H, W) -> (N, D, 2H, 2W). Keys and values are ConvTranspose2d's."""

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool) -> None:
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:  # type: ignore[override]  # noqa: A002 - as above
        """Convolve (N, C, H, W), transposed."""
        x = input
        n, _, height, width = x.shape
        if not _as_product(x, n * height * width):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            pixels = x.flatten(2).transpose(1, 2).to(self.weight.dtype)  # (N, L, C)
            patches = pixels @ self.weight.flatten(1)  # (N, L, D*16)
            y = F.fold(patches.transpose(1, 2), (2 * height, 2 * width), 4, padding=1, stride=2)
        return y if self.bias is None else y + self.bias[:, None, None]


def _as_product(x: Tensor, positions: int) -> bool:
    return x.device.type == "cpu" and positions <= _FEW_POSITIONS
