"""The U-Net generator of pix2pix (Isola et al. 2017, section 3.2 and appendix 6.1)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.layers.cpu.matmul import MatmulConv2d, MatmulConvTranspose2d
from gan_nets.layers.norm import Norm, apply_norm, conv_bias, norm_layer
from gan_nets.saving.pretrained import PretrainedModule


class DownBlock(nn.Module):
    """4x4 convolution of stride 2, norm, LeakyReLU 0.2."""

    cpu_kernels: ClassVar = {"conv": MatmulConv2d}

    def __init__(
        self, in_channels: int, out_channels: int, *, norm: Norm, bias: bool, batch_statistics: bool
    ) -> None:
        super().__init__()
        self.batch_statistics = batch_statistics
        self.conv = nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        x = apply_norm(self.norm, self.conv(x), batch_statistics_at_inference=self.batch_statistics)
        # In place, so that only the activated map is stored for the backward pass. The skip connection takes
        # it too: the decoder's ReLU gives the same for it as for the map before.
        return F.leaky_relu(x, 0.2, inplace=True)


class UpBlock(nn.Module):
    """4x4 transposed convolution of stride 2, norm, dropout."""

    cpu_kernels: ClassVar = {"conv": MatmulConvTranspose2d}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm: Norm,
        bias: bool,
        batch_statistics: bool,
        dropout: float,
        dropout_at_inference: bool,
    ) -> None:
        super().__init__()
        self.batch_statistics = batch_statistics
        self.dropout = nn.Dropout(dropout)
        self.dropout_at_inference = dropout_at_inference
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), after a ReLU, to (N, C', 2H, 2W)."""
        x = apply_norm(self.norm, self.conv(x), batch_statistics_at_inference=self.batch_statistics)
        if self.dropout_at_inference and not self.training:
            return F.dropout(x, self.dropout.p)
        return self.dropout(x)


class UNetGenerator(PretrainedModule):
    """Image to image by an encoder and a decoder with a skip connection at every scale.

    Input (N, in_channels, H, W) in [-1, 1], height and width multiples of `size_multiple` = 2**depth, which
    leaves the bottleneck at least one pixel; output (N, out_channels, H, W) in [-1, 1] (tanh).
    `apply_any_size` takes any other size.

    Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 3.2.
    Checkpoints of the official PyTorch code fit: `gan_nets.interop.load_pix2pix_unet`.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        depth: number of halvings of height and width, at least 2; 8 for 256x256 images, 7 for 128x128.
        width: channels after the first convolution; they double at each one after it, up to 8 * width.
        norm: the normalization after the convolutions.
        dropout: probability after each decoder block, from the bottleneck on; blocks beyond the last one
            given have none, and the output layer never has any.
        dropout_at_inference: whether dropout stays on after `.eval()`.
        batch_statistics_at_inference: whether batch norm after `.eval()` uses the statistics of the current
            batch; the running statistics are then neither used nor changed.
        skips: whether there are skip connections; without them it is the encoder-decoder that section 4.2
            compares.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has the wrong shape.

    Examples:
        >>> net = UNetGenerator(1, 3, depth=5, width=8)
        >>> net(torch.zeros(2, 1, 32, 64)).shape
        torch.Size([2, 3, 32, 64])
    """

    cpu_kernels: ClassVar = {"output": MatmulConvTranspose2d}

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        depth: int = 8,
        width: int = 64,
        norm: Norm = "batch",
        dropout: Sequence[float] = (),
        dropout_at_inference: bool = False,
        batch_statistics_at_inference: bool = False,
        skips: bool = True,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, depth=depth, width=width)
        dropouts = _dropouts(dropout, depth)
        self.in_channels, self.skips = in_channels, skips
        self.size_multiple = 2**depth
        widths = [width * min(2**level, 8) for level in range(depth)]
        bias, batch_statistics = conv_bias(norm), batch_statistics_at_inference

        self.downs = nn.ModuleList()
        for level, channels in enumerate(pairwise([in_channels, *widths])):
            # Neither the first map nor the bottleneck has a norm: a single pixel minus its mean is 0. (The
            # published Lua code does normalize the bottleneck, which at batch size 1 sets it to 0; the
            # official PyTorch code leaves that layer out.)
            level_norm = norm if 0 < level < depth - 1 else "none"
            down = DownBlock(*channels, norm=level_norm, bias=bias, batch_statistics=batch_statistics)
            self.downs.append(down)

        # From the bottleneck on; the input of all but the first has the skip connection's channels too.
        inputs = [widths[-1], *((2 if skips else 1) * channels for channels in widths[-2::-1])]
        self.ups = nn.ModuleList()
        for in_up, out_up, p in zip(inputs[:-1], widths[-2::-1], dropouts, strict=True):
            up = UpBlock(
                in_up,
                out_up,
                norm=norm,
                bias=bias,
                batch_statistics=batch_statistics,
                dropout=p,
                dropout_at_inference=dropout_at_inference,
            )
            self.ups.append(up)
        self.output = nn.ConvTranspose2d(inputs[-1], out_channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        check_images(x, self.in_channels, network="UNetGenerator")
        check_size(x, self.size_multiple, network="UNetGenerator")
        skips: list[Tensor] = []
        for down in self.downs:
            x = down(x)  # (N, width, H/2, W/2), (N, 2 * width, H/4, W/4), ...
            skips.append(x)
        x = F.relu(skips.pop())  # (N, 8 * width, H/2**depth, W/2**depth)
        for up in self.ups:
            x = up(x)  # (N, 8 * width, ...), ..., (N, width, H/2, W/2)
            if self.skips:
                x = torch.cat([skips.pop(), x], dim=1)  # twice the channels
            x = F.relu(x, inplace=True)  # in place, since nothing else uses the map
        return torch.tanh(self.output(x))  # (N, out_channels, H, W)


def _dropouts(dropout: Sequence[float], depth: int) -> list[float]:
    """One probability for each of the depth - 1 blocks between the bottleneck and the output."""
    if depth < 2:
        raise ValueError(f"expected depth to be at least 2; got {depth}")
    if len(dropout) > depth - 1 or not all(0 <= p < 1 for p in dropout):
        raise ValueError(
            f"expected dropout to hold at most depth - 1 = {depth - 1} probabilities in [0, 1); "
            f"got {tuple(dropout)}"
        )
    return [*dropout, *[0.0] * (depth - 1 - len(dropout))]


def pix2pix_unet_paper(
    in_channels: int = 3, out_channels: int = 3, *, depth: int = 8, width: int = 64, skips: bool = True
) -> UNetGenerator:
    """The U-Net of the pix2pix paper and its Lua code.

    Dropout 0.5 after the first three blocks from the bottleneck (2x2, 4x4 and 8x8), as the decoder
    CD512-CD512-CD512-C512-... of appendix 6.1.1; batch norm. At test time dropout stays on and batch norm
    uses the statistics of the test batch, as in training (section 3.3); at batch size 1 that is instance norm
    with a gain and a shift.

    Two things differ from the Lua code: the bottleneck is not normalized (see UNetGenerator), and the
    convolutions before batch norm have no bias, where the Lua code sets all biases to zero at every step.
    Without skips it is the encoder-decoder of section 4.2.

    Examples:
        >>> net = pix2pix_unet_paper(depth=6, width=4).eval()
        >>> x = torch.rand(1, 3, 64, 64)
        >>> torch.equal(net(x), net(x))  # dropout stays on
        False
    """
    return UNetGenerator(
        in_channels,
        out_channels,
        depth=depth,
        width=width,
        norm="batch",
        dropout=(0.5, 0.5, 0.5)[: depth - 1],
        dropout_at_inference=True,
        batch_statistics_at_inference=True,
        skips=skips,
    )


def pix2pix_unet_official(
    in_channels: int = 3, out_channels: int = 3, *, depth: int = 8, width: int = 64
) -> UNetGenerator:
    """The U-Net of the official PyTorch code (junyanz/pytorch-CycleGAN-and-pix2pix).

    Like `pix2pix_unet_paper`, test time included, but dropout 0.5 is in the depth - 5 blocks that keep
    8 * width channels: for depth 8 those that give 4x4, 8x8 and 16x16, not the one next to the bottleneck.

    Examples:
        >>> net = pix2pix_unet_official(depth=6, width=4)
        >>> net(torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 3, 64, 64])
    """
    return UNetGenerator(
        in_channels,
        out_channels,
        depth=depth,
        width=width,
        norm="batch",
        dropout=(0.0, *[0.5] * (depth - 5)) if depth > 5 else (),
        dropout_at_inference=True,
        batch_statistics_at_inference=True,
    )
