"""The generator of FastGAN (Liu et al. 2021), full and lite, as its own code and Projected GAN's have it."""

from collections.abc import Sequence
from typing import Literal, cast, overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_nets.layers.checks import check_positive
from gan_nets.layers.cpu.upsampling import conv3x3_of_enlarged
from gan_nets.layers.noise import (
    Noise,
    check_classes,
    check_latents,
    check_power_of_two,
    noise_maps,
    normalised,
)
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

# Channels at each size, in multiples of the width.
CHANNELS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
EXCITED = (64, 128, 256, 512)  # sizes whose maps are scaled by what is 16 times smaller

Blocks = Literal["full", "lite", "alternating"]


def channels_at(size: int, width: int) -> int:
    """Channels of the maps of size x size."""
    return max(1, int(CHANNELS[size] * width))


class ClassNorm(nn.Module):
    """Batch norm whose scale and shift come from what stands for the class (Brock et al. 2019, BigGAN)."""

    def __init__(self, channels: int, embedded: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(embedded, channels, bias=False)
        self.shift = nn.Linear(embedded, channels, bias=False)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """(N, C, H, W) and (N, embedded) to (N, C, H, W)."""
        scale, shift = self.scale(embedding)[:, :, None, None], self.shift(embedding)[:, :, None, None]
        return self.norm(x) * (1 + scale) + shift


class NoiseInjection(nn.Module):
    """Adds noise at a strength that is learned, one number, from 0 on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 1, H, W) to (N, C, H, W)."""
        return x + (self.weight * noise).to(x.dtype)


class GatedConv(nn.Module):
    """3x3 convolution with spectral norm, noise if any, batch norm, and a half that gates the other.

    With `enlarge`, of a map that is enlarged twofold by repeating.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        enlarge: bool,
        noisy: bool = False,
        embedded: int = 0,
    ) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.conv = spectral_norm(nn.Conv2d(in_channels, 2 * out_channels, 3, padding=1, bias=False))
        self.noise = NoiseInjection() if noisy else None
        self.norm = ClassNorm(2 * out_channels, embedded) if embedded else nn.BatchNorm2d(2 * out_channels)

    def forward(self, x: Tensor, embedding: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """(N, C, H, W), (N, embedded), (N, 1, H', W') to (N, C', H', W'), the size or twice the size."""
        x = conv3x3_of_enlarged(x, cast(Tensor, self.conv.weight)) if self.enlarge else self.conv(x)
        if self.noise is not None and noise is not None:
            x = self.noise(x, noise)
        x = self.norm(x) if embedding is None else self.norm(x, embedding)
        return F.glu(x, dim=1)


class UpBlock(nn.Module):
    """Enlarge twofold by repeating, then one gated convolution, or two with noise."""

    def __init__(self, in_channels: int, out_channels: int, *, full: bool, embedded: int) -> None:
        super().__init__()
        self.full = full
        inputs = [in_channels, out_channels] if full else [in_channels]
        self.convs = nn.ModuleList(
            GatedConv(inside, out_channels, enlarge=place == 0, noisy=full, embedded=embedded)
            for place, inside in enumerate(inputs)
        )

    def forward(self, x: Tensor, embedding: Tensor | None, noise: Sequence[Tensor | None]) -> Tensor:
        """(N, C, H, W) to (N, C', 2H, 2W)."""
        for conv, drawn in zip(self.convs, noise, strict=True):
            x = conv(x, embedding, drawn)
        return x


class SkipExcitation(nn.Module):
    """Scales each channel of a map by what one of another size says (Liu et al. 2021, section 3.1)."""

    def __init__(self, source_channels: int, channels: int) -> None:
        super().__init__()
        self.squeeze = spectral_norm(nn.Conv2d(source_channels, channels, 4, bias=False))
        self.excite = spectral_norm(nn.Conv2d(channels, channels, 1, bias=False))

    def forward(self, source: Tensor, x: Tensor) -> Tensor:
        """(N, C, h, w) and (N, C', H, W) to (N, C', H, W)."""
        source = F.silu(self.squeeze(F.adaptive_avg_pool2d(source, 4)))
        return x * torch.sigmoid(self.excite(source))


class FastGANGenerator(PretrainedModule):
    """Noise (N, latents) to pictures (N, out_channels, size, size), meant to come to lie in [-1, 1].

    Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
    section 3.1. The defaults are Projected GAN's (Sauer et al. 2021, appendix); `fastgan_official` and
    `fastgan_projected` have the published settings. Keys and values of both codes fit:
    `gan_nets.interop.load_fastgan_generator`.

    Args:
        size: height and width of the pictures, a power of 2 from 64 to 1024.
        out_channels: channels of the pictures.
        latents: numbers of noise that one picture is made of.
        width: channels at 128x128; see `CHANNELS` for the other sizes.
        blocks: "full" has two convolutions at each size, with noise; "lite" has one, without; "alternating"
            is full at 8, 32, 128 and 512, lite at the others.
        classes: how many the labels tell apart, by class-conditional batch norm; 0 for none.
        normalise_latents: bring the noise of each picture to a mean square of 1.
        output_bias: of the last convolution.
        output_tanh: confine the pictures to [-1, 1]; without, that is left to the discriminator.
        small_picture: a second output, of 128x128, for FastGAN's discriminator; from size 256 on.

    Attributes:
        noise_sizes: height and width of the noise maps that `forward` takes, in order.

    Raises:
        ValueError: an argument out of its range; in `forward`, an input of the wrong shape.
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
        normalise_latents: bool = True,
        output_bias: bool = True,
        output_tanh: bool = False,
        small_picture: bool = False,
    ) -> None:
        super().__init__()
        check_power_of_two(size, least=64, most=1024, network="FastGANGenerator")
        check_positive(out_channels=out_channels, latents=latents, width=width)
        check_classes(classes)
        if blocks not in ("full", "lite", "alternating"):
            raise ValueError(f'expected blocks "full", "lite" or "alternating"; got {blocks!r}')
        if small_picture and size < 256:
            raise ValueError(
                f"expected a size of at least 256 with small_picture; got {size}; take a larger size, or a "
                "FastGANGenerator without small_picture"
            )
        self.size, self.latents, self.classes = size, latents, classes
        self.normalise_latents, self.output_tanh = normalise_latents, output_tanh
        self.sizes = [s for s in CHANNELS if 8 <= s <= size]
        at = {s: channels_at(s, width) for s in CHANNELS}
        embedded = latents if classes else 0
        self.embedding = nn.Embedding(classes, latents) if classes else None
        self.input = spectral_norm(nn.ConvTranspose2d(latents, 2 * at[4], 4, bias=False))
        self.norm = nn.BatchNorm2d(2 * at[4])
        self.blocks = nn.ModuleList(
            UpBlock(at[s // 2], at[s], full=_is_full(blocks, s), embedded=embedded) for s in self.sizes
        )
        self.excitations = nn.ModuleDict(
            {str(s): SkipExcitation(at[s // 16], at[s]) for s in EXCITED if s <= size}
        )
        self.output = spectral_norm(nn.Conv2d(at[size], out_channels, 3, padding=1, bias=output_bias))
        self.small_output = (
            spectral_norm(nn.Conv2d(at[128], out_channels, 1, bias=False)) if small_picture else None
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
        """Noise to pictures.

        Args:
            z: (N, latents), from N(0, 1).
            labels: (N,) integers, with `classes`.
            noise: "random" draws fresh maps; "none" leaves them out; or the maps, (N or 1, 1, s, s) for s in
                `noise_sizes`.
            small: whether to return the picture of 128x128 too (`small_picture`).

        Returns:
            (N, out_channels, size, size); with `small` that and (N, out_channels, 128, 128).
        """
        check_latents(z, labels, latents=self.latents, classes=self.classes, network="FastGANGenerator")
        if small and self.small_output is None:
            raise ValueError(
                "expected small only of a FastGANGenerator that was built with small_picture=True"
            )
        maps = self._maps(
            z,
            None if self.embedding is None else self.embedding(labels),
            noise_maps(noise, self.noise_sizes, z),
        )
        pictures = [self.output(maps[self.size])]
        if small:
            pictures.append(cast(nn.Module, self.small_output)(maps[128]))
        pictures = [torch.tanh(x) if self.output_tanh else x for x in pictures]
        return (pictures[0], pictures[1]) if small else pictures[0]

    def _maps(self, z: Tensor, embedding: Tensor | None, noise: list[Tensor | None]) -> dict[int, Tensor]:
        """The features at each size."""
        if self.normalise_latents:
            z = normalised(z)
        maps = {4: F.glu(self.norm(self.input(z[:, :, None, None])), dim=1)}
        for size, block in zip(self.sizes, self.blocks, strict=True):
            drawn = [noise.pop(0), noise.pop(0)] if cast(UpBlock, block).full else [None]
            maps[size] = block(maps[size // 2], embedding, drawn)
            if size in EXCITED:
                maps[size] = self.excitations[str(size)](maps[size // 16], maps[size])
        return maps


def _is_full(blocks: Blocks, size: int) -> bool:
    return blocks == "full" or (blocks == "alternating" and size in (8, 32, 128, 512))


def fastgan_official(size: int = 256, *, latents: int = 256, width: int = 64) -> FastGANGenerator:
    """The generator of FastGAN's own code, which has a tanh at 1024 only; see FastGANGenerator.

    It draws a small picture as well, for `FastGANDiscriminator`, and so starts from size 256.
    """
    return FastGANGenerator(
        size,
        latents=latents,
        width=width,
        blocks="alternating",
        normalise_latents=False,
        output_bias=False,
        output_tanh=size == 1024,
        small_picture=True,
    )


def fastgan_projected(
    size: int = 256, *, lite: bool = False, latents: int = 256, width: int | None = None, classes: int = 0
) -> FastGANGenerator:
    """The generator of Projected GAN's code: full or lite, width 128 unless given; see FastGANGenerator."""
    return FastGANGenerator(
        size,
        latents=latents,
        width=width or 128,
        blocks="lite" if lite else "full",
        classes=classes,
    )
