"""The discriminator of pix2pixHD: a PatchGAN at each of several scales (Wang et al. 2018, section 3.2)."""

from itertools import pairwise
from typing import ClassVar, Literal, overload

from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_least_size, check_positive
from gan_nets.layers.cpu.matmul import SingleOutputConv2d
from gan_nets.layers.norm import Norm
from gan_nets.networks.patch import PatchBlock
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

MOST_CHANNELS = 512


class PatchScale(nn.Module):
    """A PatchGAN that returns the outputs of all its layers. Padding 2, so its maps are a little larger.

    Every convolution has a bias whatever the norm, as in the official code: its checkpoints fit key by key.
    """

    cpu_kernels: ClassVar = {"output": SingleOutputConv2d}

    def __init__(self, in_channels: int, *, layers: int, width: int, norm: Norm) -> None:
        super().__init__()
        widths = [width, *(min(width * 2**level, MOST_CHANNELS) for level in range(1, layers + 1))]
        self.blocks = nn.ModuleList(
            [PatchBlock(in_channels, width, stride=2, norm="none", bias=True, padding=2)]
        )
        for level, channels in enumerate(pairwise(widths), start=1):
            stride = 2 if level < layers else 1
            self.blocks.append(PatchBlock(*channels, stride=stride, norm=norm, bias=True, padding=2))
        self.output = nn.Conv2d(widths[-1], 1, 4, padding=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, in_channels, H, W) to the blocks' activations in order, then the logits (N, 1, H', W')."""
        outputs: list[Tensor] = []
        for block in self.blocks:
            x = block(x)  # (N, width, H/2 + 1, W/2 + 1), (N, 2 * width, H/4 + 1, W/4 + 1), ...
            outputs.append(x)
        outputs.append(self.output(x))  # (N, 1, H/8 + 3, W/8 + 3) for 3 layers
        return outputs


class MultiscaleDiscriminator(PretrainedModule):
    """Real or fake for each patch, at several scales.

    (N, in_channels, H, W) to a list of logits (N, 1, H', W'), one for each scale, full size first. Each scale
    has its own weights; its input is that of the scale before, downsampled by 3x3 average pooling. A
    conditional discriminator takes condition and image concatenated along the channels.

    Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
    section 3.2 and appendix. Checkpoints of the official code fit:
    `gan_nets.interop.load_pix2pixhd_discriminator`.

    Args:
        in_channels: channels of the input.
        scales: number of scales; in the official code 2 for 1024x512 images, 3 for 2048x1024.
        layers: convolutions of stride 2 at each scale; two of stride 1 follow. 3 give patches of 70x70.
        width: channels after the first convolution; they double at each one after it, up to 512.
        norm: the normalization after each convolution but the first and the last.

    Attributes:
        scales: the discriminators of one scale, full size first.
        minimum_size: least height and width in pixels; it leaves 2x2 pixels at the last scale.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels or is smaller than
            `minimum_size`.

    Examples:
        >>> d = MultiscaleDiscriminator(scales=2, width=4)
        >>> [tuple(logits.shape) for logits in d(torch.zeros(1, 3, 64, 64))]
        [(1, 1, 11, 11), (1, 1, 7, 7)]
    """

    usage = Usage(task="discriminate")

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
        self.downsample = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.scales = nn.ModuleList(
            PatchScale(in_channels, layers=layers, width=width, norm=norm) for _ in range(scales)
        )

    @overload
    def forward(self, x: Tensor, *, features: Literal[False] = False) -> list[Tensor]: ...
    @overload
    def forward(self, x: Tensor, *, features: Literal[True]) -> list[list[Tensor]]: ...

    # An argument and not a second method: what wraps `forward` (autocast, compilation) then applies to both.
    def forward(self, x: Tensor, *, features: bool = False) -> list[Tensor] | list[list[Tensor]]:
        """(N, in_channels, H, W) to the logits of each scale.

        Args:
            x: the images.
            features: whether to return the activations of all layers too, for feature matching: for each
                scale a list of layers + 2 maps, the last of which are the logits.
        """
        check_images(x, self.in_channels, network="MultiscaleDiscriminator")
        remedy = "enlarge them or use fewer scales"
        check_least_size(x, self.minimum_size, network="MultiscaleDiscriminator", remedy=remedy)
        outputs: list[list[Tensor]] = []
        for index, scale in enumerate(self.scales):
            x = self.downsample(x) if index else x  # (N, in_channels, H, W), (N, in_channels, H/2, W/2), ...
            outputs.append(scale(x))
        return outputs if features else [maps[-1] for maps in outputs]
