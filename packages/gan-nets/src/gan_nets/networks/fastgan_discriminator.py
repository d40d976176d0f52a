"""The discriminator of FastGAN, which also has to draw what it sees (Liu et al. 2021, section 3.2)."""

from typing import NamedTuple, overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.noise import check_power_of_two
from gan_nets.networks.fastgan import GatedConv, SkipExcitation
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

# Channels of the maps of each size, in multiples of the width.
CHANNELS = {8: 8, 16: 4, 32: 2, 64: 1, 128: 0.5, 256: 0.25, 512: 0.125}
SMALL = 128  # pixels: of the small picture, and of what the decoders draw
DECODED = (128, 64, 64, 32)  # channels in a decoder, from 16x16 to 128x128, whatever the width


class Reconstruction(NamedTuple):
    """What the discriminator drew of a real picture from its features, and what that should look like."""

    drawn: Tensor  # (N, C, 128, 128) in [-1, 1]
    target: Tensor  # the same shape


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=False)
    return spectral_norm(conv)


class Down(nn.Module):
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


class ResidualDown(nn.Module):
    """The mean of two ways down: two convolutions, or an average of 2x2 and one convolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = Down(in_channels, out_channels)
        self.second = Down(out_channels, out_channels, kernel=3, stride=1)
        self.direct = Down(in_channels, out_channels, kernel=1, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        return (self.second(self.first(x)) + self.direct(F.avg_pool2d(x, 2))) / 2


class Decoder(nn.Module):
    """Features to a picture of 128x128, with little room for more than what is in them."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        widths = zip((in_channels, *DECODED), DECODED, strict=False)
        self.blocks = nn.ModuleList(GatedConv(*pair, enlarge=True) for pair in widths)
        self.output = _conv(DECODED[-1], out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', 128, 128) in [-1, 1]."""
        x = F.adaptive_avg_pool2d(x, 8)
        for block in self.blocks:
            x = block(x)
        return torch.tanh(self.output(x))


class FastGANDiscriminator(PretrainedModule):
    """Real or fake for pictures (N, in_channels, size, size) in [-1, 1], at full size and at 128x128.

    Two logit maps (N, 1, 5, 5). Of real pictures it also draws three reconstructions, of the whole from the
    features at 8x8, of a quarter of the picture from those at 16x16, and of the small picture; the error of
    these makes it learn features that describe a picture (self-supervision), and is part of its loss.

    Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
    section 3.2. The keys and values of the official code fit:
    `gan_nets.interop.load_fastgan_discriminator`.

    Args:
        size: height and width of the pictures: 256, 512 or 1024.
        in_channels: channels of the pictures.
        width: channels of the features at 64x64; they double at each halving, up to 8x8.

    Raises:
        ValueError: an argument out of its range; in `forward`, pictures of another shape.
    """

    usage = Usage(task="judge")

    def __init__(self, size: int = 256, in_channels: int = 3, *, width: int = 64) -> None:
        super().__init__()
        check_power_of_two(size, least=256, most=1024, network="FastGANDiscriminator")
        check_positive(in_channels=in_channels, width=width)
        self.size, self.in_channels = size, in_channels
        at = {s: max(1, int(multiple * width)) for s, multiple in CHANNELS.items()}
        # Down to 256x256; the picture itself has no norm after it.
        self.input = nn.Sequential(*_to_256(size, in_channels, at))
        self.blocks = nn.ModuleList(ResidualDown(at[2 * s], at[s]) for s in (128, 64, 32, 16, 8))
        self.excitations = nn.ModuleDict({str(s): SkipExcitation(at[8 * s], at[s]) for s in (32, 16, 8)})
        self.output = nn.Sequential(Down(at[8], 2 * at[8], kernel=1, stride=1), _conv(2 * at[8], 1, 4))
        self.small_input = Down(in_channels, at[128], norm=False)
        self.small_blocks = nn.Sequential(*(Down(at[2 * s], at[s]) for s in (64, 32, 16)))
        self.small_output = _conv(at[16], 1, 4)
        self.decoder = Decoder(at[8], in_channels)
        self.part_decoder = Decoder(at[16], in_channels)
        self.small_decoder = Decoder(at[16], in_channels)

    @overload
    def forward(self, x: Tensor, small: Tensor | None = None, *, quadrant: None = None) -> list[Tensor]: ...
    @overload
    def forward(
        self, x: Tensor, small: Tensor | None = None, *, quadrant: int
    ) -> tuple[list[Tensor], list[Reconstruction]]: ...

    def forward(
        self, x: Tensor, small: Tensor | None = None, *, quadrant: int | None = None
    ) -> list[Tensor] | tuple[list[Tensor], list[Reconstruction]]:
        """Logits, and reconstructions if asked for.

        Args:
            x: (N, in_channels, H, W) in [-1, 1]; another size than `size` is brought to it by nearest
                neighbour, as in the official code.
            small: (N, in_channels, 128, 128), the generator's second picture; by default x at that size.
            quadrant: of a real picture, the quarter to reconstruct: 0 and 1 above, 2 and 3 below, left first.
                The official code draws one at random for each batch.

        Returns:
            Logits [(N, 1, 5, 5), (N, 1, 5, 5)], at full size and small; with `quadrant` these and the three
            reconstructions: of the whole, of the small picture, of the quadrant.
        """
        self._check(x, small, quadrant)
        small = _resized(x, SMALL) if small is None else small
        maps = self._maps(_resized(x, self.size))
        small_map = self.small_blocks(self.small_input(small))
        logits = [self.output(maps[8]), self.small_output(small_map)]
        if quadrant is None:
            return logits
        whole = _resized(x, SMALL)
        part = _resized(_quarter(x, quadrant), SMALL)
        return logits, [
            Reconstruction(self.decoder(maps[8]), whole),
            Reconstruction(self.small_decoder(small_map), whole),
            Reconstruction(self.part_decoder(_quarter(maps[16], quadrant)), part),
        ]

    def _maps(self, x: Tensor) -> dict[int, Tensor]:
        """The features at each size."""
        maps = {256: self.input(x)}
        for size, block in zip((128, 64, 32, 16, 8), self.blocks, strict=True):
            maps[size] = block(maps[2 * size])
            if str(size) in self.excitations:
                maps[size] = self.excitations[str(size)](maps[8 * size], maps[size])
        return maps

    def _check(self, x: Tensor, small: Tensor | None, quadrant: int | None) -> None:
        check_images(x, self.in_channels, network="FastGANDiscriminator")
        expected = (len(x), self.in_channels, SMALL, SMALL)
        if small is not None and tuple(small.shape) != expected:
            raise ValueError(
                f"FastGANDiscriminator expected small pictures {expected}; got {tuple(small.shape)}; take "
                "those of a generator with small_picture=True, or none"
            )
        if quadrant not in (None, 0, 1, 2, 3):
            raise ValueError(f"expected quadrant 0, 1, 2 or 3; got {quadrant!r}")
        if quadrant is not None:
            check_size(x, 1, least=2, network="FastGANDiscriminator with quadrant")


def _to_256(size: int, in_channels: int, at: dict[int, int]) -> list[nn.Module]:
    """The layers that bring a picture to 256x256."""
    if size == 256:
        return [Down(in_channels, at[256], kernel=3, stride=1, norm=False)]
    if size == 512:
        return [Down(in_channels, at[256], norm=False)]
    return [Down(in_channels, at[512], norm=False), Down(at[512], at[256])]


def _resized(x: Tensor, size: int) -> Tensor:
    return x if x.shape[-2:] == (size, size) else F.interpolate(x, (size, size))


def _quarter(x: Tensor, quadrant: int) -> Tensor:
    height, width = x.shape[-2] // 2, x.shape[-1] // 2
    rows = x[:, :, :height] if quadrant < 2 else x[:, :, height:]
    return rows[..., :width] if quadrant % 2 == 0 else rows[..., width:]
