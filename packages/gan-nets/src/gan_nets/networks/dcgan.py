"""Generator and discriminator of DCGAN (Radford et al. 2016)."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.latents import check_latents, check_power_of_two
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


def _widths(size: int, width: int) -> list[int]:
    """Channels from 4x4 to half of the full size: halved at each doubling of the size, down to `width`."""
    return [width * 2**power for power in reversed(range(size.bit_length() - 3))]


class DCGANGenerator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size) in [-1, 1].

    Transposed convolutions with batch norm and ReLU, tanh at the end. Radford et al. 2016, "Unsupervised
    Representation Learning with Deep Convolutional Generative Adversarial Networks", section 3 and figure 1,
    whose size is 64 and width 128. `init_normal_(net, std=0.02)` is the paper's initialization (section 4).

    Args:
        size: height and width of the images, a power of 2 from 8 to 256.
        out_channels: channels of the images.
        latents: dimensions of the latent vector.
        width: channels at half of the full size; they double at each halving, down to 4x4.

    Attributes:
        classes: 0; there is no class-conditional form.

    Raises:
        ValueError: an argument is out of its range; in `forward`, z has the wrong shape.

    Examples:
        >>> g = DCGANGenerator(size=32, width=8)
        >>> g(torch.randn(2, g.latents)).shape
        torch.Size([2, 3, 32, 32])
    """

    classes = 0
    usage = Usage(task="generate")

    def __init__(
        self, size: int = 64, out_channels: int = 3, *, latents: int = 100, width: int = 128
    ) -> None:
        super().__init__()
        check_power_of_two(size, least=8, most=256, network="DCGANGenerator")
        check_positive(out_channels=out_channels, latents=latents, width=width)
        self.size, self.latents = size, latents
        widths = _widths(size, width)
        self.input = nn.ConvTranspose2d(latents, widths[0], 4, bias=False)
        self.convs = nn.ModuleList(
            nn.ConvTranspose2d(*pair, 4, stride=2, padding=1, bias=False) for pair in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        self.output = nn.ConvTranspose2d(widths[-1], out_channels, 4, stride=2, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """(N, latents), from N(0, 1), to (N, out_channels, size, size) in [-1, 1]."""
        check_latents(z, None, latents=self.latents, classes=0, network="DCGANGenerator")
        x = z[:, :, None, None]  # (N, latents, 1, 1)
        for conv, norm in zip((self.input, *self.convs), self.norms, strict=True):
            x = F.relu(norm(conv(x)), inplace=True)  # (N, C, 4, 4), (N, C/2, 8, 8), ...
        return torch.tanh(self.output(x))  # (N, out_channels, size, size)


class DCGANDiscriminator(PretrainedModule):
    """Real or fake for whole images: (N, in_channels, size, size) in [-1, 1] to logits (N, 1, 1, 1).

    Convolutions of stride 2 with batch norm and LeakyReLU 0.2. Radford et al. 2016, section 3; the paper's
    sigmoid is part of the loss here.

    Args:
        size: height and width of the images, a power of 2 from 8 to 256.
        in_channels: channels of the images.
        width: channels after the first convolution; they double at each halving, down to 4x4.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> DCGANDiscriminator(size=32, width=8)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1, 1, 1])
    """

    usage = Usage(task="discriminate")

    def __init__(self, size: int = 64, in_channels: int = 3, *, width: int = 128) -> None:
        super().__init__()
        check_power_of_two(size, least=8, most=256, network="DCGANDiscriminator")
        check_positive(in_channels=in_channels, width=width)
        self.size, self.in_channels = size, in_channels
        widths = _widths(size, width)[::-1]
        self.input = nn.Conv2d(in_channels, widths[0], 4, stride=2, padding=1)
        self.convs = nn.ModuleList(
            nn.Conv2d(*pair, 4, stride=2, padding=1, bias=False) for pair in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths[1:])
        self.output = nn.Conv2d(widths[-1], 1, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, size, size) in [-1, 1] to logits (N, 1, 1, 1)."""
        check_images(x, self.in_channels, network="DCGANDiscriminator")
        if x.shape[-2:] != (self.size, self.size):
            raise ValueError(
                f"DCGANDiscriminator expected images of {self.size}x{self.size}; "
                f"got {x.shape[-2]}x{x.shape[-1]}; resize them or build it with their size"
            )
        x = F.leaky_relu(self.input(x), 0.2, inplace=True)  # (N, width, size/2, size/2)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), 0.2, inplace=True)  # (N, 2 * width, size/4, size/4), ..., 4x4
        return self.output(x)  # (N, 1, 1, 1)
