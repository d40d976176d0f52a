"""SRResNet without batch norm, as in BasicSR (the baseline of Wang et al. 2018, "ESRGAN")."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.subpixel import subpixel_convs
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.second(F.relu(self.first(x), inplace=True))


class MSRResNet(PretrainedModule):
    """Super-resolution: an image to one `scale` times as high and wide, as a residual of bilinear upsampling.

    Input (N, in_channels, H, W) in [-1, 1] of any size; output (N, out_channels, scale * H, scale * W) in
    about [-1, 1], not clamped. Inside it computes on [0, 1], so that checkpoints of BasicSR's MSRResNet fit:
    `gan_nets.interop.load_basicsr_msrresnet`. `init_kaiming_` is the original's initialization.

    It differs from SRResNet: no norm, ReLU in the blocks and LeakyReLU 0.1 elsewhere, 3x3 convolutions
    throughout and one more at full size, no skip around the blocks, the upsampled input added to the output.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; equal to in_channels, or any number if in_channels is 1.
        scale: upsampling factor: 2, 3, 4 or 8 (which the original lacks).
        blocks: residual blocks.
        width: channels of the feature maps.
        smooth: average the phases of each pixel shuffle, so that they leave no grid; not in the original.
        degradation: as in SRResNet.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels.

    Examples:
        >>> MSRResNet(scale=4, blocks=1, width=8)(torch.zeros(1, 3, 12, 16)).shape
        torch.Size([1, 3, 48, 64])
    """

    size_multiple = 1
    usage = Usage(task="enlarge")
    prefers_channels_last: ClassVar = True  # a step by 1.36 (Xeon with AMX), inference by 1.1 (AVX2)
    checkpointed: ClassVar = ("blocks",)

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        scale: int = 4,
        blocks: int = 16,
        width: int = 64,
        smooth: bool = False,
        degradation: str | None = None,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width)
        if in_channels not in (1, out_channels):
            raise ValueError(
                f"expected as many out_channels as in_channels, or 1 of the latter, since the input is added "
                f"to the output; got {in_channels} and {out_channels}; use SRResNet"
            )
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        self.input = nn.Conv2d(in_channels, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(blocks))
        self.ups = subpixel_convs(width, scale, smooth=smooth)
        self.full_size = nn.Conv2d(width, width, 3, padding=1)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) in about [-1, 1]."""
        check_images(x, self.in_channels, network="MSRResNet")
        y = _leaky(self.input((x + 1) / 2))  # (N, width, H, W)
        for block in self.blocks:
            y = block(y)  # (N, width, H, W)
        for up in self.ups:
            y = _leaky(up(y))  # (N, width, 2H, 2W), (N, width, 4H, 4W) for scale 4
        residual = self.output(_leaky(self.full_size(y)))  # (N, out_channels, scale * H, scale * W)
        # 2 (residual + upsampled) - 1 of images in [0, 1] is 2 residual + upsampled of images in [-1, 1].
        upsampled = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return 2 * residual + upsampled  # (N, out_channels, scale * H, scale * W)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1, inplace=True)
