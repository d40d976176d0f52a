"""The generator of StyleGAN, which grows (Karras et al. 2019)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.layers.equalized import EqualizedConv, EqualizedLinear
from gan_nets.layers.grown import check_level, sizes_and_channels
from gan_nets.layers.latents import Noise, noise_maps
from gan_nets.networks._styles import MappingNetwork, layer_styles
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

GAIN = math.sqrt(2)  # He's constant, for layers before a ReLU


class StyledLayer(nn.Module):
    """Noise and a bias to each channel, LeakyReLU 0.2, and adaptive instance normalization (equation 1)."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.noise = nn.Parameter(torch.zeros(channels))  # strength of the noise (appendix B)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.style = EqualizedLinear(styles, 2 * channels)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(N, C, H, W), (N, styles) and (N or 1, 1, H, W) or None to (N, C, H, W)."""
        shift = self.bias[:, None, None]
        if noise is not None:
            shift = shift + self.noise[:, None, None] * noise
        x = F.instance_norm(F.leaky_relu(x + shift.to(x.dtype), 0.2))
        scale, shift = self.style(w).to(x.dtype)[:, :, None, None].chunk(2, dim=1)  # (N, C, 1, 1) each
        return x * (1 + scale) + shift


class UpBlock(nn.Module):
    """Bilinear upsampling, then two 3x3 convolutions, each with a styled layer."""

    def __init__(self, in_channels: int, out_channels: int, styles: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            EqualizedConv(channels, out_channels, 3, bias=False, gain=GAIN)
            for channels in (in_channels, out_channels)
        )
        self.layers = nn.ModuleList(StyledLayer(out_channels, styles) for _ in range(2))

    def forward(self, x: Tensor, styles: list[Tensor], noise: list[Tensor | None]) -> Tensor:
        """(N, C, H, W), two styles and two noise maps to (N, C', 2H, 2W)."""
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        for conv, layer, w, each in zip(self.convs, self.layers, styles, noise, strict=True):
            x = layer(conv(x), w, each)
        return x


class StyleGANGenerator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size), or to smaller ones before it has grown.

    Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks", section 2
    and figure 1b, on ProGAN's schedule: a mapping network to styles, a learned 4x4 constant, two convolutions
    at each size, after each noise and adaptive instance normalization by a style, and a layer to images at
    each size. The layers initialize themselves; call no `init_*_` on it. The paper trains it against ProGAN's
    discriminator, with bilinear downsampling, from 8x8 on.

    Args:
        size: height and width of the grown images, a power of 2 from 8 to 1024.
        out_channels: channels of the images.
        latents: dimensions of the latent vector z.
        styles: dimensions of a style w, and width of the mapping network.
        mapping_layers: layers of the mapping network.
        base_channels: the channels at a size are this number divided by the size, ...
        most_channels: ... but at most this many.

    Attributes:
        sizes: those that it can be asked for: 4, 8, ..., size.
        layers: number of layers that take a style, two at each size, for `crossover`.
        noise_sizes: height and width of the noise maps that `forward` takes, in order; two at each size.
        mean_style: running mean of the styles in training, for truncation.
        classes: 0; there is no class-conditional form.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input is.

    Examples:
        >>> g = StyleGANGenerator(16, latents=8, styles=8, mapping_layers=2, base_channels=128)
        >>> g(torch.randn(2, 8)).shape
        torch.Size([2, 3, 16, 16])
    """

    mean_style: Tensor
    classes = 0
    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 1024,
        out_channels: int = 3,
        *,
        latents: int = 512,
        styles: int = 512,
        mapping_layers: int = 8,
        base_channels: int = 16384,
        most_channels: int = 512,
    ) -> None:
        super().__init__()
        self.sizes, channels = sizes_and_channels(
            size, base_channels, most_channels, network="StyleGANGenerator"
        )
        check_positive(
            out_channels=out_channels, latents=latents, styles=styles, mapping_layers=mapping_layers
        )
        self.size, self.latents = size, latents
        self.mapping = MappingNetwork(latents, styles, mapping_layers, classes=0)
        self.register_buffer("mean_style", torch.zeros(styles))
        self.constant = nn.Parameter(torch.ones(1, channels[0], 4, 4))
        self.conv = EqualizedConv(channels[0], channels[0], 3, bias=False, gain=GAIN)
        self.first = nn.ModuleList(StyledLayer(channels[0], styles) for _ in range(2))
        self.blocks = nn.ModuleList(UpBlock(*pair, styles) for pair in pairwise(channels))
        self.to_image = nn.ModuleList(EqualizedConv(each, out_channels, 1) for each in channels)
        self.layers = 2 * len(self.sizes)
        self.noise_sizes = [each for each in self.sizes for _ in range(2)]

    def forward(
        self,
        z: Tensor,
        *,
        size: int | None = None,
        fade: float = 1.0,
        mixed: Tensor | None = None,
        crossover: int | None = None,
        truncation: float = 1.0,
        noise: Noise = "random",
    ) -> Tensor:
        """Latents to images.

        Args:
            z: (N, latents), from N(0, 1).
            size: one of `sizes`, as far as it has grown; if not given, the last.
            fade: 0 is the image of half of the size, enlarged; 1 that of the new block.
            mixed: (N, latents), further latents for the layers from `crossover` on (section 3.1).
            crossover: from 1 to `layers` - 1, with `mixed`.
            truncation: psi: 1 leaves the styles as they are, 0 takes the mean style (appendix B).
            noise: "random" samples noise maps; "none" leaves them out; or the maps, (N or 1, 1, s, s) for s
                in `noise_sizes`.

        Returns:
            (N, out_channels, size, size), which training brings into about [-1, 1].
        """
        level = check_level(self.sizes, size, fade, network="StyleGANGenerator")
        styles = layer_styles(self, z, None, mixed=mixed, crossover=crossover, truncation=truncation)
        maps = noise_maps(noise, self.noise_sizes, z)
        x = self.constant.expand(z.shape[0], -1, -1, -1)
        x = self.first[0](x, styles[0], maps[0])
        x = before = self.first[1](self.conv(x), styles[1], maps[1])  # (N, C, 4, 4)
        for number, block in enumerate(self.blocks[:level], start=1):
            own = slice(2 * number, 2 * number + 2)
            before, x = x, block(x, styles[own], maps[own])  # (N, C', 8, 8), ..., (N, C'', size, size)
        image = self.to_image[level](x)
        if fade == 1 or level == 0:
            return image
        enlarged = F.interpolate(self.to_image[level - 1](before), scale_factor=2, mode="nearest")
        return torch.lerp(enlarged, image, fade)
