"""The residual generator of CycleGAN (Zhu et al. 2017, appendix 7.2), after Johnson et al. 2016."""

from collections.abc import Sequence
from typing import ClassVar, Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.cpu.winograd import WinogradConv2d
from gan_nets.layers.norm import Norm, conv_bias, norm_layer
from gan_nets.layers.reflect import reflect_pad
from gan_nets.saving.pretrained import PretrainedModule

Downsampling = Literal["strided", "blurred"]
Upsampling = Literal["transposed", "resized"]


class ConvBlock(nn.Module):
    """Convolution, norm, dropout, ReLU, then reflection padding for the convolution that follows."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, *, norm: Norm, pad_after: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm_layer(norm, conv.out_channels)
        self.dropout = nn.Dropout(dropout)
        self.pad_after = pad_after

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W') with H' and W' larger by 2 * pad_after."""
        return self.activate(self.conv(x))

    def activate(self, x: Tensor) -> Tensor:
        """What follows the convolution."""
        x = self.dropout(self.norm(x))
        # ReLU after padding, in place, gives the same and saves memory: the one map that the next convolution
        # stores serves the backward pass of both.
        return F.relu(reflect_pad(x, self.pad_after), inplace=True)


class ResnetBlock(nn.Module):
    """Two 3x3 convolutions with reflection padding, added to the input, without a ReLU after the sum."""

    cpu_kernels: ClassVar = {"first.conv": WinogradConv2d, "conv": WinogradConv2d}

    def __init__(self, channels: int, *, norm: Norm, bias: bool, dropout: float = 0.0) -> None:
        super().__init__()
        first = nn.Conv2d(channels, channels, 3, bias=bias)
        self.first = ConvBlock(first, norm=norm, pad_after=1, dropout=dropout)
        self.conv = nn.Conv2d(channels, channels, 3, bias=bias)
        self.norm = norm_layer(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        y = self.first(reflect_pad(x, 1))  # (N, C, H + 2, W + 2)
        return x + self.norm(self.conv(y))  # (N, C, H, W)


class ResnetGenerator(PretrainedModule):
    """Image to image by residual blocks at a quarter of the height and width.

    Input (N, in_channels, H, W) in [-1, 1], height and width multiples of `size_multiple` = 4 and at least 8;
    output (N, out_channels, H, W) in [-1, 1] (tanh). `apply_any_size` takes any other size.

    Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    appendix 7.2: c7s1-64, d128, d256, the blocks R256, u128, u64, c7s1-3. Checkpoints of the official PyTorch
    code and of CUT fit: `gan_nets.interop.load_cyclegan_resnet`. `cyclegan_resnet_paper` and
    `cyclegan_resnet_modern` choose the number of blocks for an image size.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        blocks: residual blocks; in the paper 6 for 128x128 images, 9 for 256x256 and larger.
        width: channels at full size; twice and four times as many at half and a quarter of it.
        norm: the normalization after the convolutions.
        dropout: probability inside each residual block, in training only.
        downsample: "strided" convolutions, or "blurred": a convolution at full size, then every second pixel
            of its blurred result (Zhang 2019, as in CUT).
        upsample: "transposed" convolutions, which leave a checkerboard, or "resized": bilinear resizing, then
            a convolution (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts"; as in CUT).

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> ResnetGenerator(blocks=1, width=8)(torch.zeros(1, 3, 32, 48)).shape
        torch.Size([1, 3, 32, 48])
    """

    size_multiple = 4
    least_size = 8
    prefers_channels_last: ClassVar = True  # a step by 1.34 (Xeon with AMX), inference by 1.2 (AVX2)
    checkpointed: ClassVar = ("input", "downs", "blocks", "ups")

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        blocks: int = 9,
        width: int = 64,
        norm: Norm = "instance",
        dropout: float = 0.0,
        downsample: Downsampling = "strided",
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width)
        check_choice("downsample", downsample, Downsampling)
        check_choice("upsample", upsample, Upsampling)
        if not 0 <= dropout < 1:
            raise ValueError(f"expected dropout to be a probability in [0, 1); got {dropout}")
        self.in_channels = in_channels
        self.blurred, self.resized = downsample == "blurred", upsample == "resized"
        bias = conv_bias(norm)

        self.input = ConvBlock(nn.Conv2d(in_channels, width, 7, bias=bias), norm=norm)
        self.downs = nn.ModuleList()
        for channels in (width, 2 * width):
            conv = nn.Conv2d(channels, 2 * channels, 3, stride=1 if self.blurred else 2, padding=1, bias=bias)
            self.downs.append(ConvBlock(conv, norm=norm, pad_after=1 if self.blurred else 0))
        self.blocks = nn.ModuleList(
            ResnetBlock(4 * width, norm=norm, bias=bias, dropout=dropout) for _ in range(blocks)
        )
        self.ups = nn.ModuleList()
        for channels, pad_after in ((4 * width, 0), (2 * width, 3)):
            up = conv_to_half if self.resized else transposed_conv
            self.ups.append(ConvBlock(up(channels, bias=bias), norm=norm, pad_after=pad_after))
        self.output = nn.Conv2d(width, out_channels, 7)

    @property
    def encoder_layers(self) -> tuple[int, ...]:
        """The numbers that `encoder_features` knows."""
        blocks = 4 + 2 * self._layers_per_down
        return (0, 4, 4 + self._layers_per_down, *range(blocks, blocks + len(self.blocks)))

    @property
    def _layers_per_down(self) -> int:
        return 4 if self.blurred else 3  # convolution, norm, ReLU, and perhaps blur

    def encoder_features(self, x: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Feature maps of the encoder, of which PatchNCE samples (Park et al. 2020, section 3).

        Numbered as in the authors' code, which counts the padding before a convolution, norms, ReLUs and
        blurs. With blurred downsampling: 0 is the image padded by 3 pixels, 4 and 8 are the convolutions
        before downsampling, 12 is the first residual block, 13 the second, ...; CUT takes 0, 4, 8, 12 and 16.
        With strided downsampling 0, 4, 7, 10, 11, ... are the same. Nothing deeper is computed.

        Args:
            x: (N, in_channels, H, W) in [-1, 1], as in `forward`.
            layers: numbers from `encoder_layers`.

        Returns:
            For each of `layers`, in their order: (N, in_channels, H + 6, W + 6) for 0; for the two
            convolutions (N, 2 * width, H, W) and (N, 4 * width, H/2, W/2), half as high and wide if strided;
            (N, 4 * width, H/4, W/4) for a block.

        Raises:
            ValueError: a number is not in `encoder_layers`, or there is none; or as in `forward`.
        """
        # A call of the module, so that its precision and compilation apply.
        return self(x, layers)  # type: ignore[no-any-return]

    def forward(self, x: Tensor, layers: Sequence[int] | None = None) -> Tensor | list[Tensor]:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1].

        With `layers` the result is that of `encoder_features`.
        """
        check_images(x, self.in_channels, network="ResnetGenerator")
        check_size(x, self.size_multiple, least=self.least_size, network="ResnetGenerator")
        if layers is not None:
            return self._encoder_features(x, layers)
        x = self.input(reflect_pad(x, 3))  # (N, width, H, W)
        for down in self.downs:
            x = down(x)  # strided: (N, 2 * width, H/2, W/2), (N, 4 * width, H/4, W/4)
            x = blur_downsample(x) if self.blurred else x  # blurred: the same
        for block in self.blocks:
            x = block(x)  # (N, 4 * width, H/4, W/4)
        for up in self.ups:
            x = upsample_bilinear(x) if self.resized else x  # resized: (N, 4 * width, H/2, W/2), ...
            x = up(x)  # (N, 2 * width, H/2, W/2), (N, width, H + 6, W + 6)
        return torch.tanh(self.output(x))  # (N, out_channels, H, W)

    def _encoder_features(self, x: Tensor, layers: Sequence[int]) -> list[Tensor]:
        known = self.encoder_layers
        if not layers or not set(layers) <= set(known):
            raise ValueError(
                f"expected layers of the encoder from {', '.join(map(str, known))}; got {list(layers)}"
            )
        numbers, deepest = iter(known), max(layers)
        x = reflect_pad(x, 3)
        maps = {next(numbers): x}
        x = self.input(x)
        for down in cast("list[ConvBlock]", list(self.downs)):
            x = down.conv(x)
            # Without a norm, the ReLU in place would change the map that is returned.
            maps[next(numbers)] = x.clone() if isinstance(down.norm, nn.Identity) else x
            x = down.activate(x)
            x = blur_downsample(x) if self.blurred else x
        for number, block in zip(numbers, self.blocks, strict=True):
            if number > deepest:
                break
            x = maps[number] = block(x)
        return [maps[layer] for layer in layers]


def transposed_conv(channels: int, *, bias: bool) -> nn.ConvTranspose2d:
    """(N, C, H, W) to (N, C/2, 2H, 2W)."""
    return nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)


def conv_to_half(channels: int, *, bias: bool) -> nn.Conv2d:
    """(N, C, H, W) to (N, C/2, H, W)."""
    return nn.Conv2d(channels, channels // 2, 3, padding=1, bias=bias)


def blur_downsample(x: Tensor) -> Tensor:
    """Blur by (1, 2, 1) / 4 in both directions and take every second pixel.

    (N, C, H + 2, W + 2), padded by one pixel on each side, to (N, C, H/2, W/2).
    """
    # Computed on x's device: a constant would be copied from the host at every step.
    taps = (2 - (torch.arange(3, device=x.device, dtype=x.dtype) - 1).abs()) / 4  # (1, 2, 1) / 4
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(x, kernel, stride=2, groups=x.shape[1])


def upsample_bilinear(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, 2H, 2W).

    The upsampling of CUT computes the same by inserting zeros and blurring by (1, 3, 3, 1) / 4.
    """
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def check_choice(name: str, choice: str, choices: object) -> None:
    """Raise ValueError for a choice that is none of a Literal's."""
    if choice not in get_args(choices):
        expected = " or ".join(f'"{known}"' for known in get_args(choices))
        raise ValueError(f"expected {name} {expected}; got {choice!r}")


def cyclegan_resnet_paper(
    size: int, in_channels: int = 3, out_channels: int = 3, *, width: int = 64, blocks: int | None = None
) -> ResnetGenerator:
    """The generator of the CycleGAN paper for images of `size` pixels: instance norm, no dropout.

    Args:
        size: shorter side in pixels of the training images; it only decides on the number of blocks.
        in_channels: channels of the input.
        out_channels: channels of the output.
        width: channels at full size.
        blocks: residual blocks; by default those of the paper, 6 below 256 pixels and 9 from there on.

    Examples:
        >>> net = cyclegan_resnet_paper(128, width=4)
        >>> len(net.blocks)  # 9 from 256 pixels on
        6
    """
    return ResnetGenerator(in_channels, out_channels, blocks=blocks or blocks_for(size), width=width)


def cyclegan_resnet_modern(
    size: int, in_channels: int = 3, out_channels: int = 3, *, width: int = 64, blocks: int | None = None
) -> ResnetGenerator:
    """As `cyclegan_resnet_paper`, without checkerboards: blurred downsampling, resized upsampling.

    With 9 blocks it is the generator that the CUT code (Park et al. 2020) builds by default. Neither its
    output nor the gradient of its input has a pattern of the sampling grid. Its convolutions at full and at
    half size cost more: 29 % more arithmetic in all for 9 blocks, 41 % for 6.

    Examples:
        >>> net = cyclegan_resnet_modern(128, width=4)
        >>> net(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 3, 32, 32])
    """
    return ResnetGenerator(
        in_channels,
        out_channels,
        blocks=blocks or blocks_for(size),
        width=width,
        downsample="blurred",
        upsample="resized",
    )


def blocks_for(size: int) -> int:
    """Residual blocks for images of `size` pixels: 6 for 128, 9 for 256 and more (appendix 7.2)."""
    check_positive(size=size)
    return 6 if size < 256 else 9
