"""R3GAN's residual block, its resampling and its initialization (Huang et al. 2024, section 3)."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.layers.grown import sizes_and_channels

SLOPE = 0.2  # of leaky ReLU


class ResidualBlock(nn.Module):
    """1x1 convolution to more channels, grouped 3x3, 1x1 back, added to the input; no normalization.

    Leaky ReLU follows the first two. The last has neither bias nor activation, so the sum stays linear.
    """

    def __init__(self, channels: int, *, expansion: int, group_channels: int) -> None:
        super().__init__()
        inner = expansion * channels
        self.expand = nn.Conv2d(channels, inner, 1)
        self.spatial = nn.Conv2d(inner, inner, 3, padding=1, groups=inner // group_channels)
        self.reduce = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        y = F.leaky_relu(self.expand(x), SLOPE)  # (N, expansion * C, H, W)
        y = F.leaky_relu(self.spatial(y), SLOPE)
        return x + self.reduce(y)


class UpTransition(nn.Module):
    """1x1 convolution if the number of channels changes, then bilinear upsampling.

    The two commute, since the weights of the interpolation sum to 1; this order takes a quarter of the
    multiplications.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.channels = _changed_channels(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', 2H, 2W)."""
        return F.interpolate(self.channels(x), scale_factor=2.0, mode="bilinear", align_corners=False)


class DownTransition(nn.Module):
    """Bilinear downsampling with antialiasing, then a 1x1 convolution if the number of channels changes.

    Averages of 2x2 pixels after the low-pass filter (1, 2, 1) (appendix E): together (1, 3, 3, 1) / 8 in each
    direction, as StyleGAN2 filters. Pixels beyond the border are 0.
    """

    taps: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("taps", torch.outer(taps, taps), persistent=False)
        self.channels = _changed_channels(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        kernel = self.taps.expand(x.shape[1], 1, 4, 4).to(x.dtype)
        return self.channels(F.conv2d(x, kernel, padding=1, stride=2, groups=x.shape[1]))


def _changed_channels(in_channels: int, out_channels: int) -> nn.Module:
    if in_channels == out_channels:
        return nn.Identity()
    return nn.Conv2d(in_channels, out_channels, 1, bias=False)


def stage_channels(
    size: int, base_channels: int, most_channels: int, expansion: int, group_channels: int, *, network: str
) -> list[int]:
    """The channels at 4x4, 8x8, ..., size.

    Raises:
        ValueError: an argument is out of its range, or the inner channels of a block are no whole number of
            groups.
    """
    check_positive(expansion=expansion, group_channels=group_channels)
    sizes, channels = sizes_and_channels(size, base_channels, most_channels, network=network)
    for each, count in zip(sizes, channels, strict=True):
        if expansion * count % group_channels:
            raise ValueError(
                f"{network} expected {expansion} times the channels of each size to be a multiple of "
                f"group_channels, {group_channels}; got {count} channels at {each}x{each}; choose other "
                "base_channels or group_channels"
            )
    return channels


def residual_stage(channels: int, blocks: int, expansion: int, group_channels: int) -> nn.Sequential:
    """The residual blocks of one size."""
    return nn.Sequential(
        *(ResidualBlock(channels, expansion=expansion, group_channels=group_channels) for _ in range(blocks))
    )


@torch.no_grad()
def initialize_(net: nn.Module) -> None:
    """Fix-up initialization (Zhang et al. 2019) in place of normalization, without its further parameters.

    With L residual blocks of m = 3 layers, He's initialization is multiplied by L^(-1 / (2m - 2)) = L^-0.25
    in a block's first two layers, and its last one is 0: the network starts as a linear one. The convolutions
    and linear layers outside of the blocks, which no activation follows, keep the variance of their inputs.
    """
    blocks = [module for module in net.modules() if isinstance(module, ResidualBlock)]
    inside = {layer for block in blocks for layer in block.children()}
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer not in inside:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    for block in blocks:
        for layer in (block.expand, block.spatial):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE).mul_(len(blocks) ** -0.25)
            nn.init.zeros_(cast(Tensor, layer.bias))
        nn.init.zeros_(block.reduce.weight)
