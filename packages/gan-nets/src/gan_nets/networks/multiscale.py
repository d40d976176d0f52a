"""The discriminator of pix2pixHD: one PatchGAN for each of several sizes (Wang et al. 2018, section 3.2)."""

from itertools import pairwise
from typing import Literal, overload

from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.cpu.matmul import Logits
from gan_nets.layers.norm import Norm
from gan_nets.networks.patch import PatchBlock
from gan_nets.networks.pix2pixhd import BIAS, halve_picture
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

MOST_CHANNELS = 512


class PatchScale(nn.Module):
    """A PatchGAN that returns what all of its layers give. Padding 2, so its maps are a little larger."""

    def __init__(self, in_channels: int, *, layers: int, width: int, norm: Norm) -> None:
        super().__init__()
        widths = [width, *(min(width * 2**level, MOST_CHANNELS) for level in range(1, layers + 1))]
        self.blocks = nn.ModuleList(
            [PatchBlock(in_channels, width, stride=2, norm="none", bias=BIAS, padding=2)]
        )
        for level, (inside, outside) in enumerate(pairwise(widths), start=1):
            stride = 2 if level < layers else 1
            self.blocks.append(PatchBlock(inside, outside, stride=stride, norm=norm, bias=BIAS, padding=2))
        self.output = Logits(widths[-1], padding=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, in_channels, H, W) to the blocks' activations in order, then the logits (N, 1, H', W')."""
        outputs = []
        for layer in (*self.blocks, self.output):
            x = layer(x)
            outputs.append(x)
        return outputs


class MultiscaleDiscriminator(PretrainedModule):
    """Real or fake for each patch, at several sizes of the picture.

    (N, in_channels, H, W) to a list of logits (N, 1, H', W'), one for each scale, full size first. Each scale
    has weights of its own and sees the picture at half the size of the one before, by averages of 3x3 pixels.
    A conditional discriminator gets condition and picture side by side in the channels.

    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.2 and appendix. The keys and values of the official code fit:
    `gan_nets.interop.load_pix2pixhd_discriminator`.

    Args:
        in_channels: channels of the input.
        scales: sizes that are judged; 2 for 1024x512 pictures in the official code, 3 for 2048x1024.
        layers: convolutions of stride 2 at each scale; two of stride 1 follow. Patches of 70x70 at 3.
        width: channels after the first convolution; they double at each one after it, up to 512.
        norm: which normalisation follows the convolutions, the first and the last excepted.

    Attributes:
        scales: the discriminators of one scale, full size first.
        minimum_size: least height and width in pixels, with which 2x2 are left at the last scale.

    Raises:
        ValueError: an argument out of its range; in `forward`, wrong channels or less than `minimum_size`.
    """

    usage = Usage(task="judge")

    def __init__(
        self,
        in_channels: int = 3,
        *,
        scales: int = 2,
        layers: int = 3,
        width: int = 64,
        norm: Norm = "instance",
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, scales=scales, layers=layers, width=width)
        self.in_channels = in_channels
        self.minimum_size = 2 ** (scales - 1) + 1
        self.scales = nn.ModuleList(
            PatchScale(in_channels, layers=layers, width=width, norm=norm) for _ in range(scales)
        )

    @overload
    def forward(self, x: Tensor, *, features: Literal[False] = False) -> list[Tensor]: ...
    @overload
    def forward(self, x: Tensor, *, features: Literal[True]) -> list[list[Tensor]]: ...

    # An argument and not a second method: what wraps `forward` (autocast, compilation) then holds for both.
    def forward(self, x: Tensor, *, features: bool = False) -> list[Tensor] | list[list[Tensor]]:
        """(N, in_channels, H, W) to the logits of each scale.

        Args:
            x: the pictures.
            features: whether to return the activations of all layers too, for feature matching: for each
                scale a list of layers + 2 maps, the last of which are the logits.
        """
        check_images(x, self.in_channels, network="MultiscaleDiscriminator")
        least = self.minimum_size
        if min(x.shape[-2:]) < least:
            raise ValueError(
                f"MultiscaleDiscriminator expected pictures of at least {least}x{least}; "
                f"got {x.shape[-2]}x{x.shape[-1]}; enlarge them or use fewer scales"
            )
        outputs = []
        for index, scale in enumerate(self.scales):
            x = halve_picture(x) if index else x
            outputs.append(scale(x))
        return outputs if features else [maps[-1] for maps in outputs]
