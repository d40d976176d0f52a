"""The generator of StyleGAN2 in plain PyTorch (Karras et al. 2020)."""

import math
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
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

MEAN_DECAY = 0.995  # of the running mean of the styles, a step


class EqualLinear(nn.Module):
    """A linear layer whose weights are drawn from N(0, 1) and scaled when used.

    All layers then learn at the same speed whatever their width (equalised learning rate, Karras et al. 2018,
    section 4.1). `speed` multiplies it.
    """

    def __init__(self, inside: int, outside: int, *, speed: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside) / speed)
        self.bias = nn.Parameter(torch.full((outside,), bias / speed))
        self.scale, self.speed = speed * inside**-0.5, speed

    def forward(self, x: Tensor) -> Tensor:
        """(N, inside) to (N, outside)."""
        return F.linear(x, self.weight * self.scale, self.bias * self.speed)


class ModulatedConv(nn.Module):
    """A convolution whose weights each picture's style scales, channel by channel (equations 1 to 3).

    Scaling the weights by s and dividing them by their norm is the same as scaling what goes in and dividing
    what comes out; that way all pictures of a batch share one convolution.
    """

    blur: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        styles: int,
        *,
        kernel: int = 3,
        enlarge: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.style = EqualLinear(styles, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.scale = (in_channels * kernel**2) ** -0.5
        self.enlarge, self.demodulate = enlarge, demodulate
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer(
            "blur", taps[:, None] * taps / 16, persistent=False
        )  # twice bilinear's, each way

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, C, H, W) and (N, styles) to (N, C', H, W), or twice that size."""
        weight, style = self.weight * self.scale, self.style(w)
        y = self._convolve(x * style[:, :, None, None].to(x.dtype), weight)
        if not self.demodulate:
            return y
        with torch.autocast(x.device.type, enabled=False):  # squares of styles overflow in half precision
            power = style.float().square() @ weight.float().square().sum((2, 3)).T
        return y * (power + 1e-8).rsqrt()[:, :, None, None].to(y.dtype)

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        if not self.enlarge:
            return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        # Bilinear enlargement and a convolution, in the order that takes a quarter of the multiplications.
        x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        channels = x.shape[1]
        return F.conv2d(x, self.blur.expand(channels, 1, 4, 4).to(x.dtype), padding=1, groups=channels)


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, LeakyReLU 0.2 with gain sqrt(2)."""

    def __init__(self, in_channels: int, out_channels: int, styles: int, *, enlarge: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, styles, enlarge=enlarge)
        self.noise = nn.Parameter(torch.zeros(1))  # its strength
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(N, C, H, W), (N, styles) and (N, 1, H', W') or None to (N, C', H', W')."""
        x = self.conv(x, w)
        shift = self.bias[:, None, None]
        if noise is not None:
            shift = shift + self.noise * noise
        return _activated(x + shift.to(x.dtype))


class ToPicture(nn.Module):
    """1x1 modulated convolution without demodulation, and a bias."""

    def __init__(self, in_channels: int, out_channels: int, styles: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, styles, kernel=1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, C, H, W) and (N, styles) to (N, out_channels, H, W)."""
        x = self.conv(x, w)
        return x + self.bias[:, None, None].to(x.dtype)


class Mapping(nn.Module):
    """Noise, and a class if there are any, to styles."""

    def __init__(self, latents: int, styles: int, layers: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latents) if classes else None
        widths = [latents * (2 if classes else 1), *[styles] * layers]
        self.layers = nn.ModuleList(
            EqualLinear(inside, outside, speed=0.01) for inside, outside in pairwise(widths)
        )

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latents) and (N,) to (N, styles), in the parameters' precision under autocast too."""
        with torch.autocast(z.device.type, enabled=False):
            x = normalised(z.to(cast(EqualLinear, self.layers[0]).weight.dtype))
            if self.embedding is not None:
                x = torch.cat([x, normalised(self.embedding(labels))], dim=1)
            for layer in self.layers:
                x = _activated(layer(x))
            return x


class StyleGAN2Generator(PretrainedModule):
    """Noise (N, latents) to pictures (N, out_channels, size, size), meant to come to lie in [-1, 1].

    Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", sections 2 to 4: a mapping to
    styles, modulated convolutions from a learned 4x4 constant on, noise at each, and pictures of all sizes
    added up (output skips). Written from the paper's equations, in torch's own operators. The layers come
    initialised; leave them so.

    Args:
        size: height and width of the pictures, a power of 2 from 8 to 1024.
        out_channels: channels of the pictures.
        latents: numbers of noise that one picture is made of.
        styles: numbers of a style, and width of the mapping.
        mapping_layers: of the mapping.
        base_channels: channels at a size are this number divided by the size ...
        most_channels: ... but never more than this.
        classes: how many the labels tell apart; 0 for none.

    Attributes:
        layers: how many layers take a style, for `crossover`.
        noise_sizes: height and width of the noise maps that `forward` takes, in order.
        mean_style: running mean of the styles in training, towards which truncation leads.

    Raises:
        ValueError: an argument out of its range; in `forward`, an input of the wrong shape.
    """

    mean_style: Tensor
    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 256,
        out_channels: int = 3,
        *,
        latents: int = 512,
        styles: int = 512,
        mapping_layers: int = 8,
        base_channels: int = 32768,
        most_channels: int = 512,
        classes: int = 0,
    ) -> None:
        super().__init__()
        check_power_of_two(size, least=8, most=1024, network="StyleGAN2Generator")
        check_positive(
            out_channels=out_channels, latents=latents, styles=styles, mapping_layers=mapping_layers
        )
        check_positive(base_channels=base_channels, most_channels=most_channels)
        check_classes(classes)
        self.size, self.latents, self.classes = size, latents, classes
        sizes = [2**power for power in range(2, int(math.log2(size)) + 1)]
        at = {s: max(1, min(most_channels, base_channels // s)) for s in sizes}
        self.mapping = Mapping(latents, styles, mapping_layers, classes)
        self.register_buffer("mean_style", torch.zeros(styles))
        self.constant = nn.Parameter(torch.randn(1, at[4], 4, 4))
        self.first = StyledConv(at[4], at[4], styles)
        self.enlarging = nn.ModuleList(StyledConv(at[s // 2], at[s], styles, enlarge=True) for s in sizes[1:])
        self.refining = nn.ModuleList(StyledConv(at[s], at[s], styles) for s in sizes[1:])
        self.to_picture = nn.ModuleList(ToPicture(at[s], out_channels, styles) for s in sizes)
        self.layers = 2 * len(sizes)  # two at each size, of which the last at one counts first at the next
        self.noise_sizes = [4, *(s for s in sizes[1:] for _ in range(2))]

    def forward(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        mixed: Tensor | None = None,
        crossover: int | None = None,
        truncation: float = 1.0,
        noise: Noise = "random",
    ) -> Tensor:
        """Noise to pictures.

        Args:
            z: (N, latents), from N(0, 1).
            labels: (N,) integers, with `classes`.
            mixed: (N, latents), a second draw for the layers from `crossover` on (style mixing, Karras et al.
                2019, section 3.1).
            crossover: from 1 to `layers` - 1, with `mixed`.
            truncation: 1 leaves the styles as they are, 0 takes the mean style; in between, less variety for
                better pictures.
            noise: "random" draws fresh maps; "none" leaves them out; or the maps, (N or 1, 1, s, s) for s in
                `noise_sizes`.

        Returns:
            (N, out_channels, size, size).
        """
        w = self._style(z, labels, truncation)
        styles = [w] * self.layers
        if mixed is not None or crossover is not None:
            styles = self._crossed(w, mixed, crossover, labels, truncation)
        return self._synthesis(styles, noise_maps(noise, self.noise_sizes, z))

    def _style(self, z: Tensor, labels: Tensor | None, truncation: float) -> Tensor:
        check_latents(z, labels, latents=self.latents, classes=self.classes, network="StyleGAN2Generator")
        w = self.mapping(z, labels)
        if self.training:
            self.mean_style.lerp_(w.detach().to(self.mean_style.dtype).mean(0), 1 - MEAN_DECAY)
        return w if truncation == 1 else torch.lerp(self.mean_style.to(w.dtype), w, truncation)

    def _crossed(
        self, w: Tensor, mixed: Tensor | None, crossover: int | None, labels: Tensor | None, truncation: float
    ) -> list[Tensor]:
        """The style of each layer."""
        if mixed is None or crossover is None or not 0 < crossover < self.layers:
            given = "nothing" if mixed is None else "a tensor"
            raise ValueError(
                f"expected mixed and a crossover from 1 to {self.layers - 1} together; got {given} for mixed "
                f"and crossover {crossover}"
            )
        if mixed.shape != (len(w), self.latents):
            raise ValueError(
                f"expected mixed of the shape of z, {(len(w), self.latents)}; got {tuple(mixed.shape)}; "
                "draw it by torch.randn_like(z)"
            )
        other = self._style(mixed, labels, truncation)
        return [w] * crossover + [other] * (self.layers - crossover)

    def _synthesis(self, styles: list[Tensor], noise: list[Tensor | None]) -> Tensor:
        """From one style for each layer and one noise map for each convolution to pictures."""
        batch = styles[0].shape[0]  # not len, which torch.export would take for a constant
        x = self.first(self.constant.expand(batch, -1, -1, -1), styles[0], noise[0])
        picture = self.to_picture[0](x, styles[1])
        levels = zip(self.enlarging, self.refining, self.to_picture[1:], strict=True)
        for level, (enlarge, refine, to_picture) in enumerate(levels):
            first = 2 * level + 1
            x = enlarge(x, styles[first], noise[first])
            x = refine(x, styles[first + 1], noise[first + 1])
            picture = F.interpolate(picture, scale_factor=2.0, mode="bilinear", align_corners=False)
            picture = picture + to_picture(x, styles[first + 2])
        return picture


def _activated(x: Tensor) -> Tensor:
    """LeakyReLU that leaves the variance about as it was."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def stylegan2_projected(size: int = 256, *, classes: int = 0) -> StyleGAN2Generator:
    """The StyleGAN2 generator of Projected GAN's code: 64 latents, styles of 128, two mapping layers."""
    return StyleGAN2Generator(size, latents=64, styles=128, mapping_layers=2, classes=classes)
