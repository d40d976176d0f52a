"""SRResNet without batch norm, as BasicSR has it (the baseline of Wang et al. 2018, "ESRGAN")."""

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.subpixel import subpixel_convs
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class PlainBlock(nn.Module):
    """Convolution, ReLU, convolution, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.second(F.relu(self.first(x), inplace=True))


class MSRResNet(PretrainedModule):
    """A small picture to one `scale` times as high and wide: what is to be added to bilinear enlargement.

    Input (N, in_channels, H, W) in [-1, 1] of any size, output (N, out_channels, scale * H, scale * W) for
    [-1, 1], not clamped. Inside it computes on [0, 1], so that the keys and values of BasicSR's MSRResNet
    fit: `gan_nets.interop.load_basicsr_msrresnet`. `init_kaiming_` is how the original starts.

    It differs from SRResNet: no norm, ReLU in the blocks and LeakyReLU 0.1 elsewhere, 3x3 convolutions
    throughout and one more at full size, no skip around the blocks, the enlarged input added at the end.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; as many as the input has, or one of the two is 1.
        scale: how many times larger: 2, 3, 4 or 8 (which the original lacks).
        blocks: residual blocks.
        width: channels of the feature maps.
        degradation: as in SRResNet.

    Raises:
        ValueError: an argument out of its range; in `forward`, wrong channels.
    """

    size_multiple = 1
    usage = Usage(task="enlarge")

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        scale: int = 4,
        blocks: int = 16,
        width: int = 64,
        degradation: str | None = None,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width)
        if in_channels != out_channels and 1 not in (in_channels, out_channels):
            raise ValueError(
                f"expected as many out_channels as in_channels, or 1 of either, since the input is added to "
                f"the output; got {in_channels} and {out_channels}; use SRResNet"
            )
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        self.input = nn.Conv2d(in_channels, width, 3, padding=1)
        self.blocks = nn.ModuleList(PlainBlock(width) for _ in range(blocks))
        self.ups = subpixel_convs(width, scale)
        self.full_size = nn.Conv2d(width, width, 3, padding=1)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) for [-1, 1]."""
        check_images(x, self.in_channels, network="MSRResNet")
        y = _leaky(self.input((x + 1) / 2))  # (N, width, H, W)
        for block in self.blocks:
            y = block(y)
        for up in self.ups:
            y = _leaky(up(y))  # (N, width, 2H, 2W), (N, width, 4H, 4W), ...
        difference = self.output(_leaky(self.full_size(y)))
        # 2 (difference + enlarged) - 1 of pictures in [0, 1] is 2 difference + enlarged of those in [-1, 1].
        enlarged = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return 2 * difference + enlarged


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1, inplace=True)
