"""The generator of ESRGAN: residual in residual dense blocks (Wang et al. 2018, section 3.1)."""

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.subpixel import check_scale
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

BETA = 0.2  # residual scaling of the paper
UNSHUFFLE = {1: 4, 2: 2, 4: 1, 8: 1, 16: 1}  # BasicSR's downsampling of the input, for each scale


class DenseBlock(nn.Module):
    """Five convolutions, each on the input and all results before it; the last is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        outputs = [growth] * 4 + [channels]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels + i * growth, out, 3, padding=1) for i, out in enumerate(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        *hidden, last = self.convs
        y = x
        for conv in hidden:
            y = torch.cat([y, _leaky(conv(y))], dim=1)  # (N, C + growth, H, W), ..., (N, C + 4 growth, H, W)
        return x + BETA * last(y)  # (N, C, H, W)


class RRDB(nn.Module):
    """Residual in residual dense block: three dense blocks in a row, added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(DenseBlock(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        y = x
        for dense in self.dense:
            y = dense(y)
        return x + BETA * y


class RRDBNet(PretrainedModule):
    """Super-resolution: an image to one `scale` times as high and wide, as in ESRGAN and Real-ESRGAN.

    Input (N, in_channels, H, W) in [-1, 1]; output (N, out_channels, scale * H, scale * W) in about [-1, 1],
    not clamped. The input may be pixel-unshuffled first, so that height and width are multiples of
    `size_multiple`: by default 2 for scale 2, 4 for scale 1, and 1 for all others. It is then upsampled
    log2(scale * size_multiple) times by 2. Inside it computes on [0, 1], so that checkpoints of BasicSR's
    RRDBNet fit: `gan_nets.interop.load_basicsr_rrdbnet`. `init_kaiming_` is the original's initialization.

    Wang et al. 2018, "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", section 3.1; the
    pixel unshuffling is Real-ESRGAN's (Wang et al. 2021, section 3.3).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        scale: upsampling factor: 1, 2, 4, 8 or 16.
        blocks: residual in residual dense blocks; 23 in the paper's models.
        width: channels of the feature maps.
        growth: channels that each convolution of a dense block adds.
        degradation: as in SRResNet.
        unshuffle: pixel unshuffling of the input, 1, 2 or 4; None for BasicSR's. The first ESRGAN code, whose
            models of scale 1 and 2 are still shared, had none: 1.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels, or its size is no
            multiple of `size_multiple`.

    Examples:
        >>> RRDBNet(scale=4, blocks=1, width=8, growth=4)(torch.zeros(1, 3, 12, 16)).shape
        torch.Size([1, 3, 48, 64])
    """

    usage = Usage(task="enlarge")
    prefers_channels_last: ClassVar = True  # inference by 1.1 (AVX2)
    checkpointed: ClassVar = ("blocks",)

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
        unshuffle: int | None = None,
    ) -> None:
        super().__init__()
        check_positive(
            in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width, growth=growth
        )
        check_scale(scale, UNSHUFFLE)
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        self.size_multiple = UNSHUFFLE[scale] if unshuffle is None else unshuffle
        if self.size_multiple not in (1, 2, 4):
            raise ValueError(f"expected unshuffle to be 1, 2 or 4; got {unshuffle!r}")
        ups = int(math.log2(scale * self.size_multiple))
        self.input = nn.Conv2d(in_channels * self.size_multiple**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(RRDB(width, growth) for _ in range(blocks))
        self.trunk = nn.Conv2d(width, width, 3, padding=1)
        self.ups = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(ups))
        self.full_size = nn.Conv2d(width, width, 3, padding=1)
        self.output = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) in about [-1, 1]."""
        check_images(x, self.in_channels, network="RRDBNet")
        check_size(x, self.size_multiple, network="RRDBNet")
        x = F.pixel_unshuffle((x + 1) / 2, self.size_multiple)  # (N, in_channels * m**2, H/m, W/m)
        first = self.input(x)  # (N, width, h, w), with h = H/m and w = W/m
        y = first
        for block in self.blocks:
            y = block(y)  # (N, width, h, w)
        y = first + self.trunk(y)  # (N, width, h, w)
        for up in self.ups:
            y = _leaky(up(F.interpolate(y, scale_factor=2, mode="nearest")))  # ..., (N, width, s * H, s * W)
        y = _leaky(self.full_size(y))  # (N, width, s * H, s * W)
        return 2 * self.output(y) - 1  # (N, out_channels, s * H, s * W)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)
