"""Discriminators that judge patches: PatchGAN and its one-pixel limit (Isola et al. 2017, section 3.2.2)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.cpu.matmul import Logits
from gan_nets.layers.norm import Norm, conv_bias, norm_layer
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class PatchBlock(nn.Module):
    """4x4 convolution, norm, LeakyReLU 0.2."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int, norm: Norm, bias: bool, padding: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 4, stride=stride, padding=padding, bias=bias)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2) for stride 2, (N, C', H - 1, W - 1) for stride 1.

        With padding 2 one row and column more for stride 2, two more for stride 1.
        """
        # In place, as the map is the block's own: only the activated one stays for the backward pass.
        return F.leaky_relu(self.norm(self.conv(x)), 0.2, inplace=True)


class PatchDiscriminator(PretrainedModule):
    """Real or fake for each overlapping patch: (N, in_channels, H, W) in [-1, 1] to logits (N, 1, H', W').

    Each logit sees `receptive_field` pixels in height and width: 16, 34, 70, 142 and 286 for 1 to 5 layers,
    so the default is the "70x70 PatchGAN"; PixelDiscriminator is the 1x1 one. A conditional discriminator
    gets condition and picture side by side in the channels (in_channels=6).

    Isola et al. 2017, section 3.2.2 and appendix 6.1.2. The keys and values of the official PyTorch code fit:
    `gan_nets.interop.load_patch_discriminator`.

    Args:
        in_channels: channels of the input.
        layers: convolutions of stride 2; two of stride 1 follow.
        width: channels after the first convolution; they double at each one after it, up to 8 * width.
        norm: which normalisation follows the convolutions, the first and the last excepted.

    Raises:
        ValueError: an argument out of its range; in `forward`, wrong channels or less than `minimum_size`.
    """

    usage = Usage(task="judge")

    def __init__(
        self, in_channels: int = 3, *, layers: int = 3, width: int = 64, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        if layers == 0:
            raise ValueError("expected at least 1 of layers; got 0; for 1x1 patches use PixelDiscriminator")
        check_positive(in_channels=in_channels, layers=layers, width=width)
        self.in_channels = in_channels
        widths = [width * min(2**level, 8) for level in range(layers + 1)]
        self.blocks = nn.ModuleList([PatchBlock(in_channels, width, stride=2, norm="none", bias=True)])
        for level, (inside, outside) in enumerate(pairwise(widths), start=1):
            stride = 2 if level < layers else 1
            self.blocks.append(PatchBlock(inside, outside, stride=stride, norm=norm, bias=conv_bias(norm)))
        self.output = Logits(widths[-1])

    @property
    def receptive_field(self) -> int:
        """Side in pixels of the patch that one logit sees."""
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
        """(kernel, stride, padding) of each convolution, from the logits back to the picture."""
        convs = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        for conv in reversed(convs):
            yield conv.kernel_size[0], conv.stride[0], int(conv.padding[0])

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1, H', W')."""
        check_images(x, self.in_channels, network="PatchDiscriminator")
        if min(x.shape[-2:]) < self.minimum_size:
            raise ValueError(
                f"PatchDiscriminator expected pictures of at least {self.minimum_size}x{self.minimum_size}; "
                f"got {x.shape[-2]}x{x.shape[-1]}; enlarge them or use fewer layers"
            )
        for block in self.blocks:
            x = block(x)
        return self.output(x)


class PixelDiscriminator(PretrainedModule):
    """Real or fake for each pixel by its colour: (N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W).

    Three 1x1 convolutions (Isola et al. 2017, section 4.4, the "PixelGAN"). The keys and values of the
    official PyTorch code fit: `gan_nets.interop.load_pixel_discriminator`.

    Args:
        in_channels: channels of the input.
        width: channels after the first convolution; the second doubles them.
        norm: which normalisation follows the second convolution.

    Raises:
        ValueError: an argument out of its range; in `forward`, wrong channels.
    """

    receptive_field = 1
    usage = Usage(task="judge")

    def __init__(self, in_channels: int = 3, *, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        check_positive(in_channels=in_channels, width=width)
        self.in_channels = in_channels
        self.input = nn.Conv2d(in_channels, width, 1)
        self.hidden = nn.Conv2d(width, 2 * width, 1, bias=conv_bias(norm))
        self.norm = norm_layer(norm, 2 * width)
        # The official code has the norm decide on the last bias too, unlike in its other networks.
        self.output = nn.Conv2d(2 * width, 1, 1, bias=conv_bias(norm))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W)."""
        check_images(x, self.in_channels, network="PixelDiscriminator")
        x = F.leaky_relu(self.input(x), 0.2, inplace=True)
        x = F.leaky_relu(self.norm(self.hidden(x)), 0.2, inplace=True)
        return self.output(x)
