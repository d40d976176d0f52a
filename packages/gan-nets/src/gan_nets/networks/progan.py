"""Generator and discriminator of ProGAN, which grow (Karras et al. 2018)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.deviation import MinibatchDeviation
from gan_nets.layers.equalized import EqualizedConv, EqualizedLinear
from gan_nets.layers.grown import check_level, sizes_and_channels
from gan_nets.layers.latents import check_latents, normalize_second_moment
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

GAIN = math.sqrt(2)  # He's constant, for layers before a ReLU


class UpBlock(nn.Module):
    """Nearest-neighbor upsampling, then two 3x3 convolutions, each with LeakyReLU 0.2 and pixel norm."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = EqualizedConv(in_channels, out_channels, 3, gain=GAIN)
        self.second = EqualizedConv(out_channels, out_channels, 3, gain=GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', 2H, 2W)."""
        x = _normalized(self.first(F.interpolate(x, scale_factor=2, mode="nearest")))
        return _normalized(self.second(x))


class DownBlock(nn.Module):
    """Two 3x3 convolutions, each with LeakyReLU 0.2, then average pooling."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = EqualizedConv(in_channels, in_channels, 3, gain=GAIN)
        self.second = EqualizedConv(in_channels, out_channels, 3, gain=GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        x = F.leaky_relu(self.first(x), 0.2)
        return F.avg_pool2d(F.leaky_relu(self.second(x), 0.2), 2)


class ProGANGenerator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size), or to smaller ones before it has grown.

    Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", sections
    2 and 4 and table 2: 4x4 features from the latent, which lies on a sphere; a block for each doubling of
    the size; pixel norm; equalized learning rate; a layer to images at each size. The layers initialize
    themselves; call no `init_*_` on it.

    Args:
        size: height and width of the grown images, a power of 2 from 8 to 1024.
        out_channels: channels of the images.
        latents: dimensions of the latent vector.
        base_channels: the channels at a size are this number divided by the size, ...
        most_channels: ... but at most this many.

    Attributes:
        sizes: those that it can be asked for: 4, 8, ..., size.
        classes: 0; there is no class-conditional form.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input is.

    Examples:
        >>> g = ProGANGenerator(32, latents=16, base_channels=128)
        >>> g(torch.randn(2, 16), size=8, fade=0.5).shape  # while 8x8 fades in
        torch.Size([2, 3, 8, 8])
    """

    classes = 0
    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 1024,
        out_channels: int = 3,
        *,
        latents: int = 512,
        base_channels: int = 16384,
        most_channels: int = 512,
    ) -> None:
        super().__init__()
        self.sizes, channels = sizes_and_channels(
            size, base_channels, most_channels, network="ProGANGenerator"
        )
        check_positive(out_channels=out_channels, latents=latents)
        self.size, self.latents = size, latents
        self.input = EqualizedLinear(latents, channels[0] * 4 * 4, gain=GAIN)
        self.first = EqualizedConv(channels[0], channels[0], 3, gain=GAIN)
        self.blocks = nn.ModuleList(UpBlock(*pair) for pair in pairwise(channels))
        self.to_image = nn.ModuleList(EqualizedConv(each, out_channels, 1) for each in channels)

    def forward(self, z: Tensor, *, size: int | None = None, fade: float = 1.0) -> Tensor:
        """Latents to images.

        Args:
            z: (N, latents), from N(0, 1).
            size: one of `sizes`, as far as it has grown; if not given, the last.
            fade: alpha of section 2: 0 is the image of half of the size, enlarged; 1 that of the new block.

        Returns:
            (N, out_channels, size, size), which training brings into about [-1, 1].
        """
        check_latents(z, None, latents=self.latents, classes=0, network="ProGANGenerator")
        level = check_level(self.sizes, size, fade, network="ProGANGenerator")
        x = self.input(normalize_second_moment(z)).unflatten(1, (-1, 4, 4))  # (N, C, 4, 4)
        x = _normalized(self.first(_normalized(x)))
        before = x
        for block in self.blocks[:level]:
            before, x = x, block(x)  # (N, C', 8, 8), ..., (N, C'', size, size)
        image = self.to_image[level](x)
        if fade == 1 or level == 0:
            return image
        enlarged = F.interpolate(self.to_image[level - 1](before), scale_factor=2, mode="nearest")
        return torch.lerp(enlarged, image, fade)


class ProGANDiscriminator(PretrainedModule):
    """Real or fake for an image as a whole: (N, in_channels, s, s) in [-1, 1] to logits (N, 1), s up to size.

    Karras et al. 2018, sections 2 to 4 and table 2, the mirror image of `ProGANGenerator`: blocks that halve
    the size, and at 4x4 the standard deviation over the minibatch as a further map. It grows by its inputs:
    images of one of `sizes` enter at their own layer. The layers initialize themselves.

    Args:
        size: height and width of the largest images, a power of 2 from 8 to 1024.
        in_channels: channels of the images.
        base_channels: as in `ProGANGenerator`.
        most_channels: likewise.
        group: as in `StyleGAN2Discriminator`.

    Attributes:
        sizes: of the images that it takes: 4, 8, ..., size.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input is.

    Examples:
        >>> d = ProGANDiscriminator(32, base_channels=128)
        >>> d(torch.zeros(4, 3, 8, 8)).shape, d.sizes
        (torch.Size([4, 1]), [4, 8, 16, 32])
    """

    usage = Usage(task="discriminate")

    def __init__(
        self,
        size: int = 1024,
        in_channels: int = 3,
        *,
        base_channels: int = 16384,
        most_channels: int = 512,
        group: int = 4,
    ) -> None:
        super().__init__()
        self.sizes, channels = sizes_and_channels(
            size, base_channels, most_channels, network="ProGANDiscriminator"
        )
        check_positive(in_channels=in_channels, group=group)
        self.size, self.in_channels, self.group = size, in_channels, group
        self.from_image = nn.ModuleList(EqualizedConv(in_channels, each, 1, gain=GAIN) for each in channels)
        self.blocks = nn.ModuleList(
            DownBlock(fine, coarse) for coarse, fine in pairwise(channels)
        )  # from the coarsest to the finest
        self.deviation = MinibatchDeviation(group)
        self.last = EqualizedConv(channels[0] + (group > 1), channels[0], 3, gain=GAIN)
        self.hidden = EqualizedLinear(channels[0] * 4 * 4, channels[0], gain=GAIN)
        self.output = EqualizedLinear(channels[0], 1)

    def forward(self, x: Tensor, *, fade: float = 1.0) -> Tensor:
        """Logits.

        Args:
            x: (N, in_channels, s, s) in [-1, 1], for s in `sizes`.
            fade: alpha of section 2: 0 looks at the image at half of its size alone, 1 at all of it.

        Returns:
            (N, 1).
        """
        check_images(x, self.in_channels, network="ProGANDiscriminator")
        if x.shape[-2] != x.shape[-1]:
            raise ValueError(f"ProGANDiscriminator expected square images; got {x.shape[-2]}x{x.shape[-1]}")
        level = check_level(self.sizes, x.shape[-1], fade, network="ProGANDiscriminator")
        y = F.leaky_relu(self.from_image[level](x), 0.2)  # (N, C, s, s)
        if level:
            y = self.blocks[level - 1](y)  # (N, C', s/2, s/2)
            if fade < 1:
                half = F.leaky_relu(self.from_image[level - 1](F.avg_pool2d(x, 2)), 0.2)
                y = torch.lerp(half, y, fade)
        for block in list(self.blocks[: max(0, level - 1)])[::-1]:
            y = block(y)  # ..., (N, C'', 4, 4)
        y = F.leaky_relu(self.last(self.deviation(y)), 0.2)
        return self.output(F.leaky_relu(self.hidden(y.flatten(1)), 0.2))


def _normalized(x: Tensor) -> Tensor:
    """LeakyReLU 0.2, then pixel norm (section 4.2)."""
    return normalize_second_moment(F.leaky_relu(x, 0.2))
