"""The U-Net generator of pix2pix (Isola et al. 2017, section 3.2 and appendix 6.1)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.cpu.matmul import Double, Halve
from gan_nets.layers.norm import Norm, conv_bias, norm_layer, normalise
from gan_nets.saving.pretrained import PretrainedModule


class DownBlock(nn.Module):
    """Halve height and width: 4x4 convolution of stride 2, norm, LeakyReLU 0.2."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm: Norm, bias: bool, batch_statistics: bool
    ) -> None:
        super().__init__()
        self.batch_statistics = batch_statistics
        self.conv = Halve(in_channels, out_channels, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        x = normalise(self.norm, self.conv(x), batch_statistics_at_inference=self.batch_statistics)
        # In place, so that only the activated map stays in memory for the backward pass. The skip carries it
        # too: the ReLU on the way up gives the same from it as from the map before.
        return F.leaky_relu(x, 0.2, inplace=True)


class UpBlock(nn.Module):
    """Double height and width: 4x4 transposed convolution of stride 2, norm, dropout."""

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
        self.dropout = dropout
        self.dropout_at_inference = dropout_at_inference
        self.conv = Double(in_channels, out_channels, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), rectified, to (N, C', 2H, 2W)."""
        x = normalise(self.norm, self.conv(x), batch_statistics_at_inference=self.batch_statistics)
        return F.dropout(x, self.dropout, training=self.training or self.dropout_at_inference)


class UNetGenerator(PretrainedModule):
    """Picture to picture through a bottleneck of one pixel for each 2**depth, with a skip at every scale.

    Input (N, in_channels, H, W) in [-1, 1], height and width multiples of `size_multiple`; output
    (N, out_channels, H, W) in [-1, 1] (tanh). `apply_any_size` takes any other size.

    Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 3.2. The
    keys and values of the official PyTorch code fit: `gan_nets.interop.load_pix2pix_unet`.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        depth: how many times the size is halved, at least 2; 8 for 256x256 pictures, 7 for 128x128.
        width: channels after the first convolution; they double at each one after it, up to 8 * width.
        norm: which normalisation follows the convolutions.
        dropout: probability after each block on the way up, from the bottleneck outwards; blocks beyond the
            last one given have none, and the output block never has any.
        dropout_at_inference: whether dropout stays on after `.eval()`.
        batch_statistics_at_inference: whether batch norm after `.eval()` uses the statistics of the batch
            that it is given; the running statistics are then neither used nor changed.

    Raises:
        ValueError: an argument out of its range; in `forward`, an input of the wrong shape.
    """

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
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, depth=depth, width=width)
        dropouts = _dropouts(dropout, depth)
        self.in_channels = in_channels
        self.size_multiple = 2**depth
        widths = [width * min(2**level, 8) for level in range(depth)]
        shared = {"bias": conv_bias(norm), "batch_statistics": batch_statistics_at_inference}

        self.downs = nn.ModuleList()
        for level, (inside, outside) in enumerate(pairwise([in_channels, *widths])):
            # Neither the first map nor the bottleneck is normalised: one pixel a channel, less its mean, is
            # zero. (The stored Lua code does normalise it, which at batch size 1 cuts the bottleneck off; the
            # official PyTorch code drops that layer.)
            level_norm = norm if 0 < level < depth - 1 else "none"
            self.downs.append(DownBlock(inside, outside, norm=level_norm, **shared))

        # From the bottleneck outwards; all but the first see the skip beside what comes from below.
        insides = [widths[-1], *(2 * channels for channels in widths[-2::-1])]
        self.ups = nn.ModuleList()
        for inside, outside, p in zip(insides[:-1], widths[-2::-1], dropouts, strict=True):
            block = UpBlock(
                inside, outside, norm=norm, dropout=p, dropout_at_inference=dropout_at_inference, **shared
            )
            self.ups.append(block)
        self.output = Double(insides[-1], out_channels, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        self._check(x)
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
        x = F.relu(skips.pop())
        for up in self.ups:
            # The concatenation is nobody else's, so it is rectified in place.
            x = F.relu(torch.cat([skips.pop(), up(x)], dim=1), inplace=True)
        return torch.tanh(self.output(x))

    def _check(self, x: Tensor) -> None:
        check_images(x, self.in_channels, network="UNetGenerator")
        height, width = x.shape[-2:]
        if height == 0 or width == 0 or height % self.size_multiple or width % self.size_multiple:
            raise ValueError(
                f"UNetGenerator expected height and width to be multiples of {self.size_multiple}; "
                f"got {height}x{width}; gan_nets.apply_any_size(net, x) pads and crops for you"
            )


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
    in_channels: int = 3, out_channels: int = 3, *, depth: int = 8, width: int = 64
) -> UNetGenerator:
    """The U-Net of the pix2pix paper and its Lua code.

    Dropout 0.5 after the first three blocks from the bottleneck (2x2, 4x4 and 8x8), as the decoder
    CD512-CD512-CD512-C512-... of appendix 6.1.1; batch norm. It is tested as it is trained, with dropout on
    and the statistics of the test batch (section 3.3); at batch size 1 that is instance norm with a gain and
    a shift.

    Two things differ from the Lua code: the bottleneck is not normalised (see UNetGenerator), and the
    convolutions before batch norm have no bias, where the Lua code sets all biases to zero at every step.
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
    )


def pix2pix_unet_official(
    in_channels: int = 3, out_channels: int = 3, *, depth: int = 8, width: int = 64
) -> UNetGenerator:
    """The U-Net of the official PyTorch code (junyanz/pytorch-CycleGAN-and-pix2pix).

    Like `pix2pix_unet_paper`, but dropout 0.5 sits in the depth - 5 blocks whose width stays at 8 * width:
    for depth 8 those that give 4x4, 8x8 and 16x16, not the one next to the bottleneck. Tested as trained too.
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
