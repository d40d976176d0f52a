"""PatchGAN discriminators, and PixelGAN as their 1x1 limit (Isola et al. 2017, section 3.2.2)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_least_size, check_positive
from gan_nets.layers.cpu.matmul import SingleOutputConv2d
from gan_nets.layers.norm import Norm, conv_bias, norm_layer
from gan_nets.layers.reflect import reflect_pad
from gan_nets.networks.resnet import blur_downsample
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class PatchBlock(nn.Module):
    """4x4 convolution, norm, LeakyReLU 0.2; with `blurred`, its stride is that of a blur after them."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int, norm: Norm, bias: bool, padding: int = 1,
        blurred: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.blurred = blurred and stride == 2
        conv_stride = 1 if self.blurred else stride
        self.conv = nn.Conv2d(in_channels, out_channels, 4, stride=conv_stride, padding=padding, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2) for stride 2, (N, C', H - 1, W - 1) for stride 1.

        With padding 2 one row and column more for stride 2, two more for stride 1.
        """
        # In place, since nothing else uses the map: only the activated one is stored for the backward pass.
        x = F.leaky_relu(self.norm(self.conv(x)), 0.2, inplace=True)
        return blur_downsample(reflect_pad(x, 1)) if self.blurred else x


class PatchDiscriminator(PretrainedModule):
    """Real or fake for each overlapping patch: (N, in_channels, H, W) in [-1, 1] to logits (N, 1, H', W').

    The receptive field of each logit is `receptive_field` pixels high and wide: 16, 34, 70, 142 and 286 for 1
    to 5 layers, so the default is the "70x70 PatchGAN"; PixelDiscriminator is the 1x1 one. A conditional
    discriminator takes condition and image concatenated along the channels (in_channels=6).

    Isola et al. 2017, section 3.2.2 and appendix 6.1.2. Checkpoints of the official PyTorch code fit:
    `gan_nets.interop.load_patch_discriminator`.

    Args:
        in_channels: channels of the input.
        layers: convolutions of stride 2; two of stride 1 follow.
        width: channels after the first convolution; they double at each one after it, up to 8 * width.
        norm: the normalization after each convolution but the first and the last.
        downsample: "strided" convolutions, or "blurred": a convolution of stride 1, then every second pixel
            of its blurred result (Zhang 2019, as in CUT, Park et al. 2020). The default's receptive field is
            then larger, 84 pixels instead of 70; the logits are as many.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels or is smaller than
            `minimum_size`.

    Examples:
        >>> d = PatchDiscriminator(6, width=8)  # for condition and image
        >>> d(torch.zeros(1, 6, 256, 256)).shape, d.receptive_field
        (torch.Size([1, 1, 30, 30]), 70)
    """

    usage = Usage(task="discriminate")
    cpu_kernels: ClassVar = {"output": SingleOutputConv2d}

    def __init__(
        self,
        in_channels: int = 3,
        *,
        layers: int = 3,
        width: int = 64,
        norm: Norm = "batch",
        downsample: Literal["strided", "blurred"] = "strided",
    ) -> None:
        super().__init__()
        if downsample not in ("strided", "blurred"):
            raise ValueError(f'expected downsample "strided" or "blurred"; got {downsample!r}')
        if layers == 0:
            raise ValueError("expected at least 1 of layers; got 0; for 1x1 patches use PixelDiscriminator")
        check_positive(in_channels=in_channels, layers=layers, width=width)
        self.in_channels = in_channels
        widths = [width * min(2**level, 8) for level in range(layers + 1)]
        blurred = downsample == "blurred"
        self.blocks = nn.ModuleList(
            [PatchBlock(in_channels, width, stride=2, norm="none", bias=True, blurred=blurred)]
        )
        for level, (channels, next_channels) in enumerate(pairwise(widths), start=1):
            stride = 2 if level < layers else 1
            self.blocks.append(
                PatchBlock(
                    channels, next_channels, stride=stride, norm=norm, bias=conv_bias(norm), blurred=blurred
                )
            )
        self.output = nn.Conv2d(widths[-1], 1, 4, padding=1)

    @property
    def receptive_field(self) -> int:
        """Height and width in pixels of the patch that one logit depends on."""
        side = 1
        for kernel, stride, _ in self._convolutions():
            side = (side - 1) * stride + kernel
        return side

    @property
    def minimum_size(self) -> int:
        """Least height and width in pixels that give a logit."""
        side = 1
        for kernel, stride, padding in self._convolutions():
            side = (side - 1) * stride + kernel - 2 * padding
        return side

    def _convolutions(self) -> Iterator[Sequence[int]]:
        """(kernel, stride, padding) of each convolution and blur, from the last to the first."""
        yield 4, 1, 1
        for block in reversed(cast("list[PatchBlock]", list(self.blocks))):
            if block.blurred:
                yield 3, 2, 1
            yield 4, block.conv.stride[0], 1

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1, H', W')."""
        check_images(x, self.in_channels, network="PatchDiscriminator")
        remedy = "enlarge them or use fewer layers"
        check_least_size(x, self.minimum_size, network="PatchDiscriminator", remedy=remedy)
        for block in self.blocks:
            x = block(
                x
            )  # (N, width, H/2, W/2), ..., (N, 8 * width, H/8, W/8), (N, 8 * width, H/8 - 1, W/8 - 1)
        return self.output(x)  # (N, 1, H/8 - 2, W/8 - 2) for 3 layers


class PixelDiscriminator(PretrainedModule):
    """Real or fake for each pixel by its color: (N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W).

    Three 1x1 convolutions (Isola et al. 2017, section 4.4, the "PixelGAN"). Checkpoints of the official
    PyTorch code fit: `gan_nets.interop.load_pixel_discriminator`.

    Args:
        in_channels: channels of the input.
        width: channels after the first convolution; the second doubles them.
        norm: the normalization after the second convolution.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels.

    Examples:
        >>> PixelDiscriminator(width=8)(torch.zeros(1, 3, 16, 16)).shape
        torch.Size([1, 1, 16, 16])
    """

    receptive_field = 1
    usage = Usage(task="discriminate")

    def __init__(self, in_channels: int = 3, *, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        check_positive(in_channels=in_channels, width=width)
        self.in_channels = in_channels
        self.input = nn.Conv2d(in_channels, width, 1)
        self.hidden = nn.Conv2d(width, 2 * width, 1, bias=conv_bias(norm))
        self.norm = norm_layer(norm, 2 * width)
        # In the official code the norm decides on the last bias too, unlike in its other networks.
        self.output = nn.Conv2d(2 * width, 1, 1, bias=conv_bias(norm))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W)."""
        check_images(x, self.in_channels, network="PixelDiscriminator")
        x = F.leaky_relu(self.input(x), 0.2, inplace=True)  # (N, width, H, W)
        x = F.leaky_relu(self.norm(self.hidden(x)), 0.2, inplace=True)  # (N, 2 * width, H, W)
        return self.output(x)  # (N, 1, H, W)
