"""Layers with equalized learning rate (Karras et al. 2018, section 4.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EqualizedLinear(nn.Module):
    """A linear layer whose weights are initialized from N(0, 1) and scaled at each use.

    All layers then learn at the same speed whatever their width (equalized learning rate, Karras et al. 2018,
    section 4.1). `lr_multiplier` multiplies it.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        lr_multiplier: float = 1.0,
        bias: float = 0.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias / lr_multiplier))
        self.scale, self.lr_multiplier = gain * lr_multiplier * in_features**-0.5, lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_features) to (N, out_features)."""
        return F.linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class EqualizedConv(nn.Module):
    """A convolution with equalized learning rate, of the same size by default; see `EqualizedLinear`.

    `gain` is sqrt(2) for He's initialization (2015, equation 10) before a ReLU.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        bias: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.scale = gain * (in_channels * kernel**2) ** -0.5
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        return F.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)
