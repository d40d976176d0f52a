"""The generators of pix2pixHD (Wang et al. 2018, section 3.2): a global one, and enhancers around it."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.norm import Norm
from gan_nets.layers.reflect import reflect_pad
from gan_nets.networks.resnet import (
    ConvBlock,
    ResnetBlock,
    Upsampling,
    check_choice,
    conv_to_half,
    transposed_conv,
    upsample_bilinear,
)
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

# Every convolution has a bias whatever the norm, as in the official code: its checkpoints fit key by key.
BIAS = True


class Trunk(nn.Module):
    """The global generator without its output layer: images to features (N, width, H, W) after a ReLU."""

    checkpointed: ClassVar = ("input", "downs", "blocks", "ups")

    def __init__(
        self,
        in_channels: int,
        width: int,
        *,
        downsamplings: int,
        blocks: int,
        norm: Norm,
        upsample: Upsampling = "transposed",
        pad_after: int,
    ) -> None:
        super().__init__()
        self.resized = upsample == "resized"
        self.input = ConvBlock(nn.Conv2d(in_channels, width, 7), norm=norm)
        widths = [width * 2**level for level in range(downsamplings + 1)]
        self.downs = nn.ModuleList(ConvBlock(_strided_conv(channels), norm=norm) for channels in widths[:-1])
        self.blocks = nn.ModuleList(ResnetBlock(widths[-1], norm=norm, bias=BIAS) for _ in range(blocks))
        self.ups = nn.ModuleList()
        for channels in widths[:0:-1]:
            pad = pad_after if channels == widths[1] else 0
            self.ups.append(ConvBlock(_up_conv(channels, upsample), norm=norm, pad_after=pad))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, width, H, W), padded by `pad_after`."""
        x = self.input(reflect_pad(x, 3))  # (N, width, H, W)
        for down in self.downs:
            x = down(x)  # (N, 2 * width, H/2, W/2), ..., (N, 16 * width, H/16, W/16) for 4 downsamplings
        for block in self.blocks:
            x = block(x)  # the same
        for up in self.ups:
            x = upsample_bilinear(x) if self.resized else x
            x = up(x)  # (N, 8 * width, H/8, W/8), ..., (N, width, H, W)
        return x


class Enhancer(nn.Module):
    """Residual blocks at half the size, on the sum of the image's own features and the coarser network's."""

    checkpointed: ClassVar = ("input", "down", "blocks", "up")

    def __init__(
        self,
        in_channels: int,
        width: int,
        *,
        blocks: int,
        norm: Norm,
        upsample: Upsampling,
        pad_after: int,
    ) -> None:
        super().__init__()
        self.resized = upsample == "resized"
        self.input = ConvBlock(nn.Conv2d(in_channels, width, 7), norm=norm)
        self.down = ConvBlock(_strided_conv(width), norm=norm)
        self.blocks = nn.ModuleList(ResnetBlock(2 * width, norm=norm, bias=BIAS) for _ in range(blocks))
        self.up = ConvBlock(_up_conv(2 * width, upsample), norm=norm, pad_after=pad_after)

    def forward(self, x: Tensor, coarse: Tensor) -> Tensor:
        """(N, in_channels, H, W) and (N, 2 * width, H/2, W/2) to (N, width, H, W), padded by `pad_after`."""
        y = self.input(reflect_pad(x, 3))  # (N, width, H, W)
        y = self.down(y) + coarse  # (N, 2 * width, H/2, W/2)
        for block in self.blocks:
            y = block(y)  # the same
        return self.up(upsample_bilinear(y) if self.resized else y)  # (N, width, H, W)


class GlobalGenerator(PretrainedModule):
    """Label map to image by residual blocks at 1 / 2**downsamplings of the size: "G1".

    Input (N, in_channels, H, W), such as a one-hot label map with its boundary map, height and width
    multiples of `size_multiple` and at least twice that; output (N, out_channels, H, W) in [-1, 1] (tanh).

    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.2 and appendix: c7s1-64, d128 to d1024, nine blocks R1024, u512 to u64, c7s1-3. Checkpoints of
    the official code fit: `gan_nets.interop.load_pix2pixhd_global`.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        width: channels at full size; they double at each downsampling.
        downsamplings: how many times height and width are halved.
        blocks: residual blocks at the smallest size.
        norm: the normalization after the convolutions; instance norm in the paper.
        upsample: "transposed" convolutions, as in the paper, which leave a grid; or "resized": bilinear
            resizing, then a convolution.

    Attributes:
        trunk: all but the output layer, the same as `LocalEnhancer.coarse`.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> g = GlobalGenerator(4, width=4, downsamplings=2, blocks=1)  # of 4 planes
        >>> g(torch.zeros(1, 4, 32, 64)).shape
        torch.Size([1, 3, 32, 64])
    """

    usage = Usage(task="labels")

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        width: int = 64,
        downsamplings: int = 4,
        blocks: int = 9,
        norm: Norm = "instance",
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, width=width)
        check_positive(downsamplings=downsamplings, blocks=blocks)
        self.in_channels = in_channels
        self.size_multiple = 2**downsamplings
        self.least_size = 2 * self.size_multiple
        check_choice("upsample", upsample, Upsampling)
        self.trunk = Trunk(
            in_channels,
            width,
            downsamplings=downsamplings,
            blocks=blocks,
            norm=norm,
            upsample=upsample,
            pad_after=3,
        )
        self.output = nn.Conv2d(width, out_channels, 7)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W) in [-1, 1]."""
        check_images(x, self.in_channels, network="GlobalGenerator")
        check_size(x, self.size_multiple, least=self.least_size, network="GlobalGenerator")
        x = self.trunk(x)  # (N, width, H + 6, W + 6)
        return torch.tanh(self.output(x))  # (N, out_channels, H, W)


class LocalEnhancer(PretrainedModule):
    """A global generator's features at a fraction of the size, refined by enhancers around it: "G2".

    Each enhancer doubles height and width. The input is downsampled to each size by 3x3 average pooling; the
    features of the coarser part are added to the enhancer's own at half of its size.

    Input (N, in_channels, H, W), height and width multiples of `size_multiple` and at least twice that;
    output (N, out_channels, H, W) in [-1, 1] (tanh). Wang et al. 2018, section 3.2. Checkpoints of the
    official code fit: `gan_nets.interop.load_pix2pixhd_local`.

    To start from a trained global generator of twice the width, copy its trunk; to train the enhancers alone
    first, freeze it, which also saves its backward pass:

        enhancer.coarse.load_state_dict(global_generator.trunk.state_dict())
        enhancer.coarse.requires_grad_(False)

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        width: channels at full size; they double at each downsampling, so that the global part has
            width * 2**enhancers at its own full size.
        downsamplings: how many times the global part halves its own size.
        blocks: residual blocks of the global part.
        enhancers: number of enhancers; the global part works at 1 / 2**enhancers of the size.
        enhancer_blocks: residual blocks of each enhancer.
        norm: the normalization after the convolutions; instance norm in the paper.
        upsample: "transposed" convolutions, as in the paper, which leave a grid; or "resized": bilinear
            resizing, then a convolution.

    Attributes:
        coarse: the global generator without its output layer, its `trunk`.
        enhancers: from the coarsest to the finest.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> g = LocalEnhancer(4, width=4, downsamplings=2, blocks=1, enhancer_blocks=1)
        >>> g(torch.zeros(1, 4, 32, 64)).shape
        torch.Size([1, 3, 32, 64])
    """

    usage = Usage(task="labels")

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        width: int = 32,
        downsamplings: int = 4,
        blocks: int = 9,
        enhancers: int = 1,
        enhancer_blocks: int = 3,
        norm: Norm = "instance",
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, width=width, blocks=blocks)
        check_positive(downsamplings=downsamplings, enhancers=enhancers, enhancer_blocks=enhancer_blocks)
        check_choice("upsample", upsample, Upsampling)
        self.in_channels = in_channels
        self.size_multiple = 2 ** (downsamplings + enhancers)
        self.least_size = 2 * self.size_multiple
        self.downsample = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.coarse = Trunk(
            in_channels,
            width * 2**enhancers,
            downsamplings=downsamplings,
            blocks=blocks,
            norm=norm,
            upsample=upsample,
            pad_after=0,
        )
        self.enhancers = nn.ModuleList()
        for level in reversed(range(enhancers)):
            enhancer = Enhancer(
                in_channels,
                width * 2**level,
                blocks=enhancer_blocks,
                norm=norm,
                upsample=upsample,
                # The finest one's features go into the 7x7 convolution of the output.
                pad_after=0 if level else 3,
            )
            self.enhancers.append(enhancer)
        self.output = nn.Conv2d(width, out_channels, 7)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W) in [-1, 1]."""
        check_images(x, self.in_channels, network="LocalEnhancer")
        check_size(x, self.size_multiple, least=self.least_size, network="LocalEnhancer")
        inputs = [x]
        for _ in self.enhancers:
            inputs.append(self.downsample(inputs[-1]))  # (N, in_channels, H/2, W/2), ...
        y = self.coarse(inputs.pop())  # (N, 2 * width, H/2, W/2) for one enhancer
        for enhancer in self.enhancers:
            y = enhancer(inputs.pop(), y)  # ..., (N, width, H + 6, W + 6)
        return torch.tanh(self.output(y))  # (N, out_channels, H, W)


def _strided_conv(channels: int) -> nn.Conv2d:
    """(N, C, H, W) to (N, 2C, H/2, W/2)."""
    return nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1)


def _up_conv(channels: int, upsample: Upsampling) -> nn.Conv2d | nn.ConvTranspose2d:
    """The convolution that halves the channels, and doubles height and width unless they were resized."""
    make = conv_to_half if upsample == "resized" else transposed_conv
    return make(channels, bias=BIAS)
