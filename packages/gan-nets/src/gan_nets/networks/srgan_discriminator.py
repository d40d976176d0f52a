"""Discriminators with one logit for a whole crop: SRGAN's (Ledig et al. 2017, figure 4) and BasicSR's."""

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_least_size, check_positive
from gan_nets.layers.norm import Norm, norm_layer
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

WIDTHS = (1, 2, 4, 8)  # channels before each downsampling, in multiples of the width
VGG_HIDDEN = 100  # features of the VGG-style discriminator's last hidden layer


class ConvBlock(nn.Module):
    """Convolution, norm, LeakyReLU 0.2; a stride of 2 halves even sizes."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm: Norm, stride: int = 1, kernel: int = 3
    ) -> None:
        super().__init__()
        bias = norm != "batch"
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=1, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / stride, W / stride)."""
        return F.leaky_relu(self.norm(self.conv(x)), 0.2, inplace=True)


class SRGANDiscriminator(PretrainedModule):
    """Real or fake for a crop as a whole: (N, in_channels, H, W) in [-1, 1] to logits (N, 1).

    Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    section 2.1.1 and figure 4: eight 3x3 convolutions with 64 to 512 channels, every second of which halves
    the size, then 1024 features and the logit; batch norm after each convolution but the first.

    The paper's dense layer takes 6x6 maps, those of its crops of 96x96. Here the last maps of any crop are
    averaged to 6x6 first: for 96x96 that changes nothing, no weight depends on the size, and the same weights
    serve larger crops. Crops below 16x16 are refused.

    Args:
        in_channels: channels of the input.
        width: channels after the first convolution; they double up to 8 * width.
        hidden: features of the dense layer.
        norm: the normalization after each convolution but the first.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels or is too small.

    Examples:
        >>> SRGANDiscriminator(width=4, hidden=8)(torch.zeros(2, 3, 96, 96)).shape
        torch.Size([2, 1])
    """

    minimum_size = 16
    pooled = 6  # height and width of the last maps of the paper's 96x96 crops
    usage = Usage(task="discriminate")

    def __init__(
        self, in_channels: int = 3, *, width: int = 64, hidden: int = 1024, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, width=width, hidden=hidden)
        self.in_channels = in_channels
        self.blocks = nn.ModuleList()
        channels = in_channels
        for level, multiple in enumerate(WIDTHS):
            self.blocks.append(ConvBlock(channels, width * multiple, norm=norm if level else "none"))
            channels = width * multiple
            self.blocks.append(ConvBlock(channels, channels, norm=norm, stride=2))
        self.hidden = nn.Linear(channels * self.pooled**2, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1)."""
        check_images(x, self.in_channels, network="SRGANDiscriminator")
        check_least_size(x, self.minimum_size, network="SRGANDiscriminator", remedy="take larger crops")
        for block in self.blocks:
            x = block(x)  # (N, width, H, W), (N, width, H/2, W/2), ..., (N, 8 * width, H/16, W/16)
        x = F.adaptive_avg_pool2d(x, self.pooled).flatten(1)  # (N, 8 * width * 36)
        x = F.leaky_relu(self.hidden(x), 0.2)  # (N, hidden)
        return self.output(x)  # (N, 1)


class VGGStyleDiscriminator(PretrainedModule):
    """Real or fake for a crop of one size: (N, in_channels, size, size) in [-1, 1] to logits (N, 1).

    BasicSR's discriminator for SRGAN and ESRGAN: pairs of a 3x3 convolution and a 4x4 one that halves the
    size, down to 4x4, then 100 features and the logit. Inside it computes on [0, 1], so that checkpoints of
    BasicSR's VGGStyleDiscriminator fit: `gan_nets.interop.load_basicsr_discriminator`.

    Args:
        in_channels: channels of the input.
        width: channels after the first convolution; they double from pair to pair, up to 8 * width.
        size: height and width of the crops: 128 and 256 in the original; any power of two from 8 on.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels or another size.

    Examples:
        >>> VGGStyleDiscriminator(width=4, size=32)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1])
    """

    usage = Usage(task="discriminate")

    def __init__(self, in_channels: int = 3, *, width: int = 64, size: int = 128) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, width=width, size=size)
        if size < 8 or size & (size - 1):
            raise ValueError(f"expected size to be a power of two from 8 on; got {size}; take 128")
        self.in_channels, self.size = in_channels, size
        self.blocks = nn.ModuleList()
        channels = in_channels
        for level in range(size.bit_length() - 3):  # from size down to 4
            wider = width * min(2**level, 8)
            self.blocks.append(ConvBlock(channels, wider, norm="batch" if level else "none"))
            self.blocks.append(ConvBlock(wider, wider, norm="batch", stride=2, kernel=4))
            channels = wider
        self.hidden = nn.Linear(channels * 4 * 4, VGG_HIDDEN)
        self.output = nn.Linear(VGG_HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, size, size) in [-1, 1] to logits (N, 1)."""
        check_images(x, self.in_channels, network="VGGStyleDiscriminator")
        if x.shape[-2:] != (self.size, self.size):
            raise ValueError(
                f"VGGStyleDiscriminator expected crops of {self.size}x{self.size}; got {x.shape[-2]}x"
                f"{x.shape[-1]}; build it with size equal to the crops', or use SRGANDiscriminator"
            )
        x = (x + 1) / 2
        for block in self.blocks:
            x = block(x)  # (N, width, size, size), (N, width, size/2, size/2), ..., (N, 8 * width, 4, 4)
        x = F.leaky_relu(self.hidden(x.flatten(1)), 0.2)  # (N, 100)
        return self.output(x)  # (N, 1)
