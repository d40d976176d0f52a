"""The generator of FastGAN (Liu et al. 2021), full and lite, as in its own code and in Projected GAN's."""

from collections.abc import Sequence
from typing import ClassVar, Literal, cast, overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_nets.layers.checks import check_positive
from gan_nets.layers.cpu.upsampling import DeferredUpsample, UpsampledConv2d
from gan_nets.layers.latents import (
    Noise,
    check_classes,
    check_latents,
    check_power_of_two,
    noise_maps,
    normalize_second_moment,
)
from gan_nets.networks._fastgan_layers import GLUConv, SkipLayerExcitation
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

# Channels at each size, in multiples of the width.
CHANNELS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
EXCITED = (64, 128, 256, 512)  # sizes with skip-layer excitation from the maps 16 times smaller

Blocks = Literal["full", "lite", "alternating"]


class UpBlock(nn.Module):
    """Nearest-neighbor upsampling, then one convolution with GLU ("lite"), or two with noise ("full")."""

    cpu_kernels: ClassVar = {"upsample": DeferredUpsample, "convs.0.conv": UpsampledConv2d}

    def __init__(self, in_channels: int, out_channels: int, *, full: bool, embedding: int) -> None:
        super().__init__()
        self.full = full
        self.upsample = nn.Upsample(scale_factor=2)
        inputs = [in_channels, out_channels] if full else [in_channels]
        self.convs = nn.ModuleList(
            GLUConv(channels, out_channels, noise=full, embedding=embedding) for channels in inputs
        )

    def forward(self, x: Tensor, embedding: Tensor | None, noise: Sequence[Tensor | None]) -> Tensor:
        """(N, C, H, W), (N, embedding) and a noise map for each convolution to (N, C', 2H, 2W)."""
        x = self.upsample(x)  # (N, C, 2H, 2W)
        for conv, noise_map in zip(self.convs, noise, strict=True):
            x = conv(x, embedding, noise_map)  # (N, C', 2H, 2W)
        return x


class FastGANGenerator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size), which training brings into about [-1, 1].

    Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
    section 3.1. The defaults are Projected GAN's (Sauer et al. 2021, appendix); `fastgan_official` and
    `fastgan_projected` have the published settings. Checkpoints of both codes fit:
    `gan_nets.interop.load_fastgan_generator`.

    Args:
        size: height and width of the images, a power of 2 from 64 to 1024.
        out_channels: channels of the images.
        latents: dimensions of the latent vector z.
        width: channels at 128x128; see `CHANNELS` for the other sizes.
        blocks: "full" has two convolutions at each size, with noise; "lite" has one, without; "alternating"
            is full at 8, 32, 128 and 512, lite at the others.
        classes: number of classes, by conditional batch norm; 0 for an unconditional generator.
        normalize_latents: whether to scale each latent vector to a mean square of 1.
        output_bias: whether the last convolution has a bias.
        output_tanh: whether a tanh confines the images to [-1, 1].
        small_image: whether there is a second output, of 128x128, for FastGAN's discriminator; from size 256
            on.

    Attributes:
        noise_sizes: height and width of the noise maps that `forward` takes, in order.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input has the wrong shape.

    Examples:
        >>> g = FastGANGenerator(64, width=8, blocks="lite")
        >>> g(torch.randn(2, g.latents)).shape
        torch.Size([2, 3, 64, 64])
    """

    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 256,
        out_channels: int = 3,
        *,
        latents: int = 256,
        width: int = 64,
        blocks: Blocks = "full",
        classes: int = 0,
        normalize_latents: bool = True,
        output_bias: bool = True,
        output_tanh: bool = False,
        small_image: bool = False,
    ) -> None:
        super().__init__()
        check_power_of_two(size, least=64, most=1024, network="FastGANGenerator")
        check_positive(out_channels=out_channels, latents=latents, width=width)
        check_classes(classes)
        if blocks not in ("full", "lite", "alternating"):
            raise ValueError(f'expected blocks "full", "lite" or "alternating"; got {blocks!r}')
        if small_image and size < 256:
            raise ValueError(
                f"expected a size of at least 256 with small_image; got {size}; take a larger size, or a "
                "FastGANGenerator without small_image"
            )
        self.size, self.latents, self.classes = size, latents, classes
        self.normalize_latents, self.output_tanh = normalize_latents, output_tanh
        self.sizes = [s for s in CHANNELS if 8 <= s <= size]
        channels = {s: max(1, int(multiple * width)) for s, multiple in CHANNELS.items()}
        embedding = latents if classes else 0
        self.embedding = nn.Embedding(classes, latents) if classes else None
        self.input = spectral_norm(nn.ConvTranspose2d(latents, 2 * channels[4], 4, bias=False))
        self.norm = nn.BatchNorm2d(2 * channels[4])
        self.blocks = nn.ModuleList(
            UpBlock(channels[s // 2], channels[s], full=_is_full(blocks, s), embedding=embedding)
            for s in self.sizes
        )
        self.excitations = nn.ModuleDict(
            {str(s): SkipLayerExcitation(channels[s // 16], channels[s]) for s in EXCITED if s <= size}
        )
        self.output = spectral_norm(nn.Conv2d(channels[size], out_channels, 3, padding=1, bias=output_bias))
        self.small_output = (
            spectral_norm(nn.Conv2d(channels[128], out_channels, 1, bias=False)) if small_image else None
        )
        self.noise_sizes = [s for s in self.sizes if _is_full(blocks, s) for _ in range(2)]

    @overload
    def forward(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        noise: Noise = "random",
        small: Literal[False] = False,
    ) -> Tensor: ...
    @overload
    def forward(
        self, z: Tensor, labels: Tensor | None = None, *, noise: Noise = "random", small: Literal[True]
    ) -> tuple[Tensor, Tensor]: ...

    def forward(
        self, z: Tensor, labels: Tensor | None = None, *, noise: Noise = "random", small: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Latents to images.

        Args:
            z: (N, latents), from N(0, 1).
            labels: (N,) integers, with `classes`.
            noise: "random" samples noise maps; "none" leaves them out; or the maps, (N or 1, 1, s, s) for s
                in `noise_sizes`.
            small: whether to return the image of 128x128 too (`small_image`).

        Returns:
            (N, out_channels, size, size); with `small` that and (N, out_channels, 128, 128).
        """
        check_latents(z, labels, latents=self.latents, classes=self.classes, network="FastGANGenerator")
        if small and self.small_output is None:
            raise ValueError(
                "expected small=True only for a FastGANGenerator that was built with small_image=True"
            )
        embedding = None if self.embedding is None else self.embedding(labels)  # (N, latents)
        maps = self._maps(z, embedding, noise_maps(noise, self.noise_sizes, z))
        image = self._activate(self.output(maps[self.size]))  # (N, out_channels, size, size)
        if not small:
            return image
        return image, self._activate(cast(nn.Module, self.small_output)(maps[128]))

    def _maps(self, z: Tensor, embedding: Tensor | None, noise: list[Tensor | None]) -> dict[int, Tensor]:
        """The features at each size."""
        if self.normalize_latents:
            z = normalize_second_moment(z)
        x = self.norm(self.input(z[:, :, None, None]))  # (N, 32 * width, 4, 4)
        maps = {4: F.glu(x, dim=1)}  # (N, 16 * width, 4, 4)
        for size, block in zip(self.sizes, self.blocks, strict=True):
            block_noise = [noise.pop(0), noise.pop(0)] if cast(UpBlock, block).full else [None]
            maps[size] = block(maps[size // 2], embedding, block_noise)  # (N, channels, size, size)
            if size in EXCITED:
                maps[size] = self.excitations[str(size)](maps[size // 16], maps[size])  # the same shape
        return maps

    def _activate(self, x: Tensor) -> Tensor:
        return torch.tanh(x) if self.output_tanh else x


def _is_full(blocks: Blocks, size: int) -> bool:
    return blocks == "full" or (blocks == "alternating" and size in (8, 32, 128, 512))


def fastgan_official(size: int = 256, *, latents: int = 256, width: int = 64) -> FastGANGenerator:
    """The generator of FastGAN's own code, which has a tanh at 1024 only; see FastGANGenerator.

    It also outputs a small image, for `FastGANDiscriminator`, and so starts from size 256.

    Examples:
        >>> g = fastgan_official(256, latents=16, width=4)
        >>> image, small = g(torch.randn(1, 16), small=True)
        >>> image.shape, small.shape
        (torch.Size([1, 3, 256, 256]), torch.Size([1, 3, 128, 128]))
    """
    return FastGANGenerator(
        size,
        latents=latents,
        width=width,
        blocks="alternating",
        normalize_latents=False,
        output_bias=False,
        output_tanh=size == 1024,
        small_image=True,
    )


def fastgan_projected(
    size: int = 256, *, lite: bool = False, latents: int = 256, width: int | None = None, classes: int = 0
) -> FastGANGenerator:
    """The generator of Projected GAN's code: full or lite, width 128 unless given; see FastGANGenerator.

    Examples:
        >>> g = fastgan_projected(64, lite=True, latents=16, width=4)
        >>> g(torch.randn(2, 16)).shape
        torch.Size([2, 3, 64, 64])
    """
    return FastGANGenerator(
        size,
        latents=latents,
        width=width or 128,
        blocks="lite" if lite else "full",
        classes=classes,
    )
