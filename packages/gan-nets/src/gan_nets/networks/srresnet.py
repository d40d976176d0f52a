"""The generator of SRGAN (Ledig et al. 2017, section 2.1 and figure 4)."""

from typing import ClassVar

from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.layers.cpu.rowwise import RowwiseConv2d
from gan_nets.layers.norm import Norm, norm_layer
from gan_nets.layers.subpixel import subpixel_convs
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class ResidualBlock(nn.Module):
    """Convolution, norm, PReLU, convolution, norm, added to the input, with nothing after the sum."""

    def __init__(self, channels: int, *, norm: Norm, bias: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.first_norm = norm_layer(norm, channels)
        self.act = nn.PReLU()
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.second_norm = norm_layer(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        y = self.act(self.first_norm(self.first(x)))  # (N, C, H, W)
        return x + self.second_norm(self.second(y))  # (N, C, H, W)


class SRResNet(PretrainedModule):
    """Super-resolution: an image to one `scale` times as high and wide.

    Input (N, in_channels, H, W) in [-1, 1] of any size; output (N, out_channels, scale * H, scale * W) in
    about [-1, 1], not clamped: clamp before saving. Inside, the input is mapped to [0, 1], as in the paper
    (section 3.2).

    Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    section 2.1 and figure 4: k9n64, PReLU; 16 blocks of k3n64; k3n64 and a skip around all blocks; for each
    doubling k3n256, pixel shuffle, PReLU; k9n3. The paper leaves open whether a PReLU has one slope or one
    for each channel; here one. `init_icnr_` starts it without the checkerboard of the pixel shuffle.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        scale: upsampling factor: 2, 3, 4 (the paper) or 8.
        blocks: residual blocks; 16 in the paper, 5 in Hi-king's article of 2016.
        width: channels of the feature maps.
        norm: the normalization after the convolutions. With "none" they have a bias instead.
        smooth: average the phases of each pixel shuffle, so that they leave no grid; not in the paper.
        degradation: how the low-resolution training images are made, such as "matlab-bicubic". It is stored
            with the weights and changes nothing else.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels.

    Examples:
        >>> SRResNet(scale=4, blocks=1, width=8)(torch.zeros(1, 3, 12, 16)).shape
        torch.Size([1, 3, 48, 64])
    """

    size_multiple = 1
    usage = Usage(task="enlarge")
    prefers_channels_last: ClassVar = True  # a step by 1.25 (Xeon with AMX)
    cpu_kernels: ClassVar = {"output": RowwiseConv2d}
    checkpointed: ClassVar = ("blocks",)

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        scale: int = 4,
        blocks: int = 16,
        width: int = 64,
        norm: Norm = "batch",
        smooth: bool = False,
        degradation: str | None = None,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_channels=out_channels, blocks=blocks, width=width)
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        bias = norm != "batch"
        self.input = nn.Conv2d(in_channels, width, 9, padding=4)
        self.input_act = nn.PReLU()
        self.blocks = nn.ModuleList(ResidualBlock(width, norm=norm, bias=bias) for _ in range(blocks))
        self.trunk = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.trunk_norm = norm_layer(norm, width)
        self.ups = subpixel_convs(width, scale, smooth=smooth)
        self.up_acts = nn.ModuleList(nn.PReLU() for _ in self.ups)
        self.output = nn.Conv2d(width, out_channels, 9, padding=4)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) in about [-1, 1]."""
        check_images(x, self.in_channels, network="SRResNet")
        first = self.input_act(self.input((x + 1) / 2))  # (N, width, H, W)
        y = first
        for block in self.blocks:
            y = block(y)  # (N, width, H, W)
        y = first + self.trunk_norm(self.trunk(y))  # (N, width, H, W)
        for up, act in zip(self.ups, self.up_acts, strict=True):
            y = act(up(y))  # (N, width, 2H, 2W), (N, width, 4H, 4W) for scale 4
        return self.output(y)  # (N, out_channels, scale * H, scale * W)
