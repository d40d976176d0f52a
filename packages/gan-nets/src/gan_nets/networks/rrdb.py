"""The generator of ESRGAN: residual in residual dense blocks (Wang et al. 2018, section 3.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.subpixel import check_scale
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

RESIDUAL = 0.2  # beta of the paper: how much of a block's result is added
SHRINKS = {1: 4, 2: 2, 4: 1}  # of each scale, how much smaller the trunk's maps are than the input


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees the input and all results before it; the last is added."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        outputs = [growth] * 4 + [channels]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels + i * growth, out, 3, padding=1) for i, out in enumerate(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        *hidden, last = self.convs
        seen = x
        for conv in hidden:
            seen = torch.cat([seen, _leaky(conv(seen))], dim=1)
        return x + RESIDUAL * last(seen)


class RRDB(nn.Module):
    """Three dense blocks in a row, added to what came in."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(DenseBlock(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        y = x
        for dense in self.dense:
            y = dense(y)
        return x + RESIDUAL * y


class RRDBNet(PretrainedModule):
    """A small picture to one `scale` times as high and wide, by the network of ESRGAN and Real-ESRGAN.

    Input (N, in_channels, H, W) in [-1, 1], output (N, out_channels, scale * H, scale * W) for [-1, 1], not
    clamped. The trunk always enlarges 4 times; for scale 2 the input's pixels are first laid into the
    channels in squares of 2x2, for scale 1 of 4x4, so height and width are multiples of `size_multiple` = 2
    or 4, and of 1 for scale 4. Inside it computes on [0, 1], so that the keys and values of BasicSR's RRDBNet
    fit: `gan_nets.interop.load_basicsr_rrdbnet`. `init_kaiming_` is how the original starts.

    Wang et al. 2018, "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", section 3.1; the
    squares are Real-ESRGAN's (Wang et al. 2021, section 3.3).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        scale: how many times larger: 1, 2 or 4.
        blocks: residual in residual dense blocks; 23 in the paper's models.
        width: channels of the feature maps.
        growth: channels that each convolution of a dense block adds.
        degradation: as in SRResNet.

    Raises:
        ValueError: an argument out of its range; in `forward`, wrong channels or no multiple.
    """

    usage = Usage(task="enlarge")

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        scale: int = 4,
        blocks: int = 23,
        width: int = 64,
        growth: int = 32,
        degradation: str | None = None,
    ) -> None:
        super().__init__()
        check_positive(
            in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width, growth=growth
        )
        check_scale(scale, SHRINKS)
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        self.size_multiple = SHRINKS[scale]
        self.input = nn.Conv2d(in_channels * self.size_multiple**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(RRDB(width, growth) for _ in range(blocks))
        self.trunk = nn.Conv2d(width, width, 3, padding=1)
        self.ups = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.full_size = nn.Conv2d(width, width, 3, padding=1)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) for [-1, 1]."""
        check_images(x, self.in_channels, network="RRDBNet")
        check_size(x, self.size_multiple, least=1, network="RRDBNet")
        first = self.input(F.pixel_unshuffle((x + 1) / 2, self.size_multiple))  # (N, width, H', W')
        y = first
        for block in self.blocks:
            y = block(y)
        y = first + self.trunk(y)
        for up in self.ups:
            y = _leaky(up(F.interpolate(y, scale_factor=2, mode="nearest")))  # (N, width, 2H', 2W'), 4H', ...
        return 2 * self.output(_leaky(self.full_size(y))) - 1


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)
