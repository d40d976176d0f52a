"""The coupled generators and discriminators of CoGAN (Liu and Tuzel 2016), for pairs of images."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.latents import check_latents, check_power_of_two
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

DOMAINS = 2


class CoGANBlock(nn.Module):
    """Convolution, batch norm, PReLU (a slope for each channel), dropout."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(conv.out_channels)
        self.prelu = nn.PReLU(conv.out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        return cast(Tensor, self.dropout(self.prelu(self.norm(self.conv(x)))))


class CoGANGenerator(PretrainedModule):
    """Latents (N, latents) to pairs of images (N, 2 * out_channels, size, size) in [-1, 1], A's before B's.

    Two generators that share all layers but the last: the shared ones decide what is drawn, and the last
    convolution of each domain how. Liu and Tuzel 2016, "Coupled Generative Adversarial Networks", section 3;
    the layers are those of the paper's faces, whose size is 128 and width 32: transposed convolutions with
    batch norm and PReLU from 4x4 to the full size. Other sizes have as many doublings as they need.

    Args:
        size: height and width of the images, a power of 2 from 8 to 256.
        out_channels: channels of one image.
        latents: dimensions of the latent vector.
        width: channels at the full size; they double at each halving, down to 4x4.

    Attributes:
        classes: 0; there is no class-conditional form.

    Raises:
        ValueError: an argument is out of its range; in `forward`, z has the wrong shape.

    Examples:
        >>> g = CoGANGenerator(size=32, width=4)
        >>> g(torch.randn(2, g.latents)).shape  # A's image, then B's
        torch.Size([2, 6, 32, 32])
    """

    classes = 0
    usage = Usage(task="generate")

    def __init__(
        self, size: int = 128, out_channels: int = 3, *, latents: int = 100, width: int = 32
    ) -> None:
        super().__init__()
        check_power_of_two(size, least=8, most=256, network="CoGANGenerator")
        check_positive(out_channels=out_channels, latents=latents, width=width)
        self.size, self.latents = size, latents
        widths = [width * size // 4 // 2**level for level in range(size.bit_length() - 2)]
        convs = [nn.ConvTranspose2d(latents, widths[0], 4, bias=False)]
        convs += [nn.ConvTranspose2d(*pair, 4, stride=2, padding=1, bias=False) for pair in pairwise(widths)]
        self.shared = nn.ModuleList(CoGANBlock(conv) for conv in convs)
        self.outputs = nn.ModuleList(nn.Conv2d(width, out_channels, 3, padding=1) for _ in range(DOMAINS))

    def forward(self, z: Tensor) -> Tensor:
        """(N, latents), from N(0, 1), to (N, 2 * out_channels, size, size) in [-1, 1]."""
        check_latents(z, None, latents=self.latents, classes=0, network="CoGANGenerator")
        x = z[:, :, None, None]  # (N, latents, 1, 1)
        for block in self.shared:
            x = block(x)  # (N, C, 4, 4), (N, C/2, 8, 8), ..., (N, width, size, size)
        return torch.tanh(torch.cat([output(x) for output in self.outputs], dim=1))


class CoGANDiscriminator(PretrainedModule):
    """Real or fake for each image of a pair: (N, 2 * in_channels, size, size) in [-1, 1] to logits (N, 2).

    Two discriminators that share all layers but the first. The images of a pair need not belong together:
    column 0 is about the first alone, column 1 about the second. In training, batch norm uses the statistics
    of both together. Liu and Tuzel 2016, section 3; the layers are those of
    the paper's faces, whose size is 128 and width 32: convolutions of stride 2 with batch norm, PReLU and
    dropout, and a hidden layer. The paper's sigmoid is part of the loss here.

    Args:
        size: height and width of the images, a power of 2 from 8 to 256.
        in_channels: channels of one image.
        width: channels after the first convolution; they double at each halving, down to 2x2.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> d = CoGANDiscriminator(size=32, width=4)
        >>> d(torch.zeros(2, 6, 32, 32)).shape  # a logit for A's image, one for B's
        torch.Size([2, 2])
    """

    usage = Usage(task="discriminate")

    def __init__(self, size: int = 128, in_channels: int = 3, *, width: int = 32) -> None:
        super().__init__()
        check_power_of_two(size, least=8, most=256, network="CoGANDiscriminator")
        check_positive(in_channels=in_channels, width=width)
        self.size, self.in_channels = size, in_channels
        widths = [in_channels, *(width * 2**level for level in range(size.bit_length() - 2))]
        self.inputs = nn.ModuleList(CoGANBlock(_halving(in_channels, width, 5)) for _ in range(DOMAINS))
        self.shared = nn.ModuleList()
        for level, pair in enumerate(pairwise(widths[1:]), start=2):
            dropout = 0.5 if level == len(widths) - 1 else {2: 0.0, 3: 0.1}.get(level, 0.3)
            self.shared.append(CoGANBlock(_halving(*pair, 5 if level <= 3 else 3), dropout=dropout))
        hidden = nn.Conv2d(widths[-1], 2 * widths[-1], 2, bias=False)  # fully connected
        self.shared.append(CoGANBlock(hidden, dropout=0.5))
        self.output = nn.Conv2d(2 * widths[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 2 * in_channels, size, size) in [-1, 1] to logits (N, 2)."""
        check_images(x, DOMAINS * self.in_channels, network="CoGANDiscriminator")
        if x.shape[-2:] != (self.size, self.size):
            raise ValueError(
                f"CoGANDiscriminator expected images of {self.size}x{self.size}; "
                f"got {x.shape[-2]}x{x.shape[-1]}; resize them or build it with their size"
            )
        images = x.chunk(DOMAINS, dim=1)
        x = torch.cat([block(image) for block, image in zip(self.inputs, images, strict=True)])
        for block in self.shared:
            x = block(x)  # (2N, 2 * width, size/4, size/4), ..., (2N, C, 2, 2), (2N, 2C, 1, 1)
        return torch.stack(self.output(x).flatten().chunk(DOMAINS), dim=1)  # (N, 2)


def _halving(in_channels: int, out_channels: int, kernel: int) -> nn.Conv2d:
    """(N, C, H, W) to (N, C', H/2, W/2)."""
    return nn.Conv2d(in_channels, out_channels, kernel, stride=2, padding=kernel // 2, bias=False)
