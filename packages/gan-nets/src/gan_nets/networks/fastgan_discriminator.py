"""The discriminator of FastGAN, self-supervised by reconstruction (Liu et al. 2021, section 3.2)."""

from typing import ClassVar, NamedTuple, overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_nets.layers.checks import check_images, check_least_size, check_positive
from gan_nets.layers.cpu.upsampling import DeferredUpsample, UpsampledConv2d
from gan_nets.layers.latents import check_power_of_two
from gan_nets.networks._fastgan_layers import GLUConv, SkipLayerExcitation
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

# Channels of the maps of each size, in multiples of the width.
CHANNELS = {8: 8, 16: 4, 32: 2, 64: 1, 128: 0.5, 256: 0.25, 512: 0.125}
SMALL = 128  # height and width of the small image and of the reconstructions
DECODED = (128, 64, 64, 32)  # channels in a decoder, from 16x16 to 128x128, whatever the width


class Reconstruction(NamedTuple):
    """A real image, or a quarter of it, as a decoder reconstructs it from the features, and the target.

    Examples:
        >>> d = FastGANDiscriminator(256, width=4)
        >>> logits, parts = d(torch.zeros(1, 3, 256, 256), quadrant=0)
        >>> [tuple(part.target.shape) for part in parts]  # all of it, a quarter, the small image
        [(1, 3, 128, 128), (1, 3, 128, 128), (1, 3, 128, 128)]
    """

    reconstructed: Tensor  # (N, C, 128, 128) in [-1, 1]
    target: Tensor  # the same shape


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=False)
    return spectral_norm(conv)


class DownBlock(nn.Module):
    """Convolution with spectral norm, batch norm if any, LeakyReLU 0.2."""

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel: int = 4, stride: int = 2, norm: bool = True
    ) -> None:
        super().__init__()
        self.conv = _conv(in_channels, out_channels, kernel, stride, padding=(kernel - 1) // 2)
        self.norm = nn.BatchNorm2d(out_channels) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2) for stride 2, (N, C', H, W) for stride 1."""
        return F.leaky_relu(self.norm(self.conv(x)), 0.2, inplace=True)


class ResidualDownBlock(nn.Module):
    """The mean of two branches: two convolutions, and 2x2 average pooling with one convolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = DownBlock(in_channels, out_channels)
        self.second = DownBlock(out_channels, out_channels, kernel=3, stride=1)
        self.direct = DownBlock(in_channels, out_channels, kernel=1, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        y = self.second(self.first(x))  # (N, C', H/2, W/2)
        return (y + self.direct(F.avg_pool2d(x, 2))) / 2  # (N, C', H/2, W/2)


class Decoder(nn.Module):
    """Features to a reconstruction of 128x128, with few parameters, so that the features must describe it."""

    cpu_kernels: ClassVar = {"upsample": DeferredUpsample} | {
        f"blocks.{index}.conv": UpsampledConv2d for index in range(len(DECODED))
    }

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.upsample = nn.Upsample(scale_factor=2)
        widths = zip((in_channels, *DECODED), DECODED, strict=False)
        self.blocks = nn.ModuleList(GLUConv(*pair) for pair in widths)
        self.output = _conv(DECODED[-1], out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', 128, 128) in [-1, 1]."""
        x = F.adaptive_avg_pool2d(x, 8)  # (N, C, 8, 8)
        for block in self.blocks:
            x = block(self.upsample(x))  # (N, 128, 16, 16), ..., (N, 32, 128, 128)
        return torch.tanh(self.output(x))  # (N, C', 128, 128)


class FastGANDiscriminator(PretrainedModule):
    """Real or fake for images (N, in_channels, size, size) in [-1, 1], at full size and at 128x128.

    Two logit maps (N, 1, 5, 5). For real images it also reconstructs three targets: the whole image from the
    features at 8x8, a quarter of the image from those at 16x16, and the small image from its own. The
    reconstruction error is part of its loss and makes the features describe the image (self-supervision).

    Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
    section 3.2. Checkpoints of the official code fit: `gan_nets.interop.load_fastgan_discriminator`.

    Args:
        size: height and width of the images: 256, 512 or 1024.
        in_channels: channels of the images.
        width: channels of the features at 64x64; they double at each halving, up to 8x8.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an image has the wrong shape.

    Examples:
        >>> d = FastGANDiscriminator(256, width=4)
        >>> [tuple(logits.shape) for logits in d(torch.zeros(1, 3, 256, 256))]
        [(1, 1, 5, 5), (1, 1, 5, 5)]
    """

    usage = Usage(task="discriminate")

    def __init__(self, size: int = 256, in_channels: int = 3, *, width: int = 64) -> None:
        super().__init__()
        check_power_of_two(size, least=256, most=1024, network="FastGANDiscriminator")
        check_positive(in_channels=in_channels, width=width)
        self.size, self.in_channels = size, in_channels
        channels = {s: max(1, int(multiple * width)) for s, multiple in CHANNELS.items()}
        self.input = nn.Sequential(*_to_256(size, in_channels, channels))
        self.blocks = nn.ModuleList(
            ResidualDownBlock(channels[2 * s], channels[s]) for s in (128, 64, 32, 16, 8)
        )
        self.excitations = nn.ModuleDict(
            {str(s): SkipLayerExcitation(channels[8 * s], channels[s]) for s in (32, 16, 8)}
        )
        hidden = DownBlock(channels[8], 2 * channels[8], kernel=1, stride=1)
        self.output = nn.Sequential(hidden, _conv(2 * channels[8], 1, 4))
        self.small_input = DownBlock(in_channels, channels[128], norm=False)
        self.small_blocks = nn.Sequential(*(DownBlock(channels[2 * s], channels[s]) for s in (64, 32, 16)))
        self.small_output = _conv(channels[16], 1, 4)
        self.decoder = Decoder(channels[8], in_channels)
        self.part_decoder = Decoder(channels[16], in_channels)
        self.small_decoder = Decoder(channels[16], in_channels)

    @overload
    def forward(self, x: Tensor, small: Tensor | None = None, *, quadrant: None = None) -> list[Tensor]: ...
    @overload
    def forward(
        self, x: Tensor, small: Tensor | None = None, *, quadrant: int
    ) -> tuple[list[Tensor], list[Reconstruction]]: ...

    def forward(
        self, x: Tensor, small: Tensor | None = None, *, quadrant: int | None = None
    ) -> list[Tensor] | tuple[list[Tensor], list[Reconstruction]]:
        """Logits, and reconstructions if a quadrant is given.

        Args:
            x: (N, in_channels, H, W) in [-1, 1]; another size than `size` is resized to it by nearest
                neighbor, as in the official code.
            small: (N, in_channels, 128, 128), the generator's second image; by default x at that size.
            quadrant: of real images, the quarter to reconstruct: 0 and 1 above, 2 and 3 below, left first.
                The official code samples one for each batch.

        Returns:
            Logits [(N, 1, 5, 5), (N, 1, 5, 5)], at full size and small; with `quadrant` these and three
            reconstructions: of the whole, of the small image, of the quadrant.
        """
        self._check(x, small, quadrant)
        small = _resized(x, SMALL) if small is None else small  # (N, in_channels, 128, 128)
        maps = self._maps(_resized(x, self.size))
        small_map = self.small_blocks(self.small_input(small))  # (N, 4 * width, 8, 8)
        logits = [self.output(maps[8]), self.small_output(small_map)]  # (N, 1, 5, 5) twice
        if quadrant is None:
            return logits
        whole = _resized(x, SMALL)  # (N, in_channels, 128, 128)
        part = _resized(_quarter(x, quadrant), SMALL)  # (N, in_channels, 128, 128)
        return logits, [
            Reconstruction(self.decoder(maps[8]), whole),
            Reconstruction(self.small_decoder(small_map), whole),
            Reconstruction(self.part_decoder(_quarter(maps[16], quadrant)), part),
        ]

    def _maps(self, x: Tensor) -> dict[int, Tensor]:
        """The features at each size."""
        maps = {256: self.input(x)}  # (N, width/4, 256, 256)
        for size, block in zip((128, 64, 32, 16, 8), self.blocks, strict=True):
            maps[size] = block(maps[2 * size])  # (N, width/2, 128, 128), ..., (N, 8 * width, 8, 8)
            if str(size) in self.excitations:
                maps[size] = self.excitations[str(size)](maps[8 * size], maps[size])  # the same shape
        return maps

    def _check(self, x: Tensor, small: Tensor | None, quadrant: int | None) -> None:
        check_images(x, self.in_channels, network="FastGANDiscriminator")
        expected = (len(x), self.in_channels, SMALL, SMALL)
        if small is not None and tuple(small.shape) != expected:
            raise ValueError(
                f"FastGANDiscriminator expected small images {expected}; got {tuple(small.shape)}; take "
                "those of a generator with small_image=True, or none"
            )
        if quadrant not in (None, 0, 1, 2, 3):
            raise ValueError(f"expected quadrant 0, 1, 2 or 3; got {quadrant!r}")
        if quadrant is not None:
            check_least_size(x, 2, network="FastGANDiscriminator with quadrant")


def _to_256(size: int, in_channels: int, channels: dict[int, int]) -> list[nn.Module]:
    """The layers from the image to maps of 256x256; the first has no norm."""
    if size == 256:
        return [DownBlock(in_channels, channels[256], kernel=3, stride=1, norm=False)]
    if size == 512:
        return [DownBlock(in_channels, channels[256], norm=False)]
    return [DownBlock(in_channels, channels[512], norm=False), DownBlock(channels[512], channels[256])]


def _resized(x: Tensor, size: int) -> Tensor:
    return x if x.shape[-2:] == (size, size) else F.interpolate(x, (size, size))


def _quarter(x: Tensor, quadrant: int) -> Tensor:
    height, width = x.shape[-2] // 2, x.shape[-1] // 2
    rows = x[:, :, :height] if quadrant < 2 else x[:, :, height:]
    return rows[..., :width] if quadrant % 2 == 0 else rows[..., width:]
