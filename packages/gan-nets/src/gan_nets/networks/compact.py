"""The compact super-resolution network of Real-ESRGAN's code (Wang et al. 2021)."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.activation import Activation
from gan_nets.layers.checks import check_images, check_positive
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class ActivatedConv(nn.Module):
    """A 3x3 convolution and its activation."""

    def __init__(self, in_channels: int, out_channels: int, activation: Activation) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.act = _activation(activation, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W)."""
        return self.act(self.conv(x))


class SRVGGNetCompact(PretrainedModule):
    """Super-resolution: an image to one `scale` times as high and wide, as a residual of its enlarged pixels.

    Input (N, in_channels, H, W) in [-1, 1] of any size; output (N, out_channels, scale * H, scale * W) in
    about [-1, 1], not clamped. All convolutions are 3x3 at the size of the input; a pixel shuffle follows the
    last, and the input, enlarged by nearest neighbor, is added. Inside it computes on [0, 1], so that
    checkpoints of Real-ESRGAN fit: `gan_nets.interop.load_realesrgan_compact`.

    Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data"; not
    in the paper, but in its code. The model realesr-animevideov3 has the default arguments, and
    realesr-general-x4v3 has 32 convolutions. The original's initialization is torch's own, as here.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; equal to in_channels, or any number if in_channels is 1.
        scale: upsampling factor, a positive integer.
        convs: convolutions between the first and the last.
        width: channels of the feature maps.
        activation: after each convolution but the last: "prelu" with a slope for each channel, "relu", or
            "leakyrelu" with the slope 0.1.
        degradation: as in SRResNet.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels.

    Examples:
        >>> SRVGGNetCompact(scale=4, convs=2, width=8)(torch.zeros(1, 3, 12, 16)).shape
        torch.Size([1, 3, 48, 64])
    """

    size_multiple = 1
    usage = Usage(task="enlarge")
    prefers_channels_last: ClassVar = True  # a step by 1.5, inference by 1.1 (Xeon with AVX-512)
    checkpointed: ClassVar = ("blocks",)

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        scale: int = 4,
        convs: int = 16,
        width: int = 64,
        activation: Activation = "prelu",
        degradation: str | None = None,
    ) -> None:
        super().__init__()
        check_positive(
            in_channels=in_channels, out_channels=out_channels, scale=scale, convs=convs, width=width
        )
        if in_channels not in (1, out_channels):
            raise ValueError(
                f"expected as many out_channels as in_channels, or 1 of the latter, since the input is added "
                f"to the output; got {in_channels} and {out_channels}; use SRResNet"
            )
        self.in_channels, self.scale, self.degradation = in_channels, scale, degradation
        self.input = ActivatedConv(in_channels, width, activation)
        self.blocks = nn.ModuleList(ActivatedConv(width, width, activation) for _ in range(convs))
        self.output = nn.Conv2d(width, out_channels * scale**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to (N, out_channels, scale * H, scale * W) in about [-1, 1]."""
        check_images(x, self.in_channels, network="SRVGGNetCompact")
        y = self.input((x + 1) / 2)  # (N, width, H, W)
        for block in self.blocks:
            y = block(y)  # (N, width, H, W)
        residual = F.pixel_shuffle(self.output(y), self.scale)  # (N, out_channels, scale * H, scale * W)
        # 2 (residual + enlarged) - 1 of images in [0, 1] is 2 residual + enlarged of images in [-1, 1].
        enlarged = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        return 2 * residual + enlarged  # (N, out_channels, scale * H, scale * W)


def _activation(name: Activation, channels: int) -> nn.Module:
    if name == "prelu":
        return nn.PReLU(channels)
    if name == "relu":
        return nn.ReLU(inplace=True)
    if name == "leakyrelu":
        return nn.LeakyReLU(0.1, inplace=True)
    raise ValueError(f'expected activation "prelu", "relu" or "leakyrelu"; got {name!r}')
