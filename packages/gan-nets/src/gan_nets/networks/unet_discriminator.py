"""The U-Net discriminator of Real-ESRGAN: a logit for each pixel (Wang et al. 2021, section 3.3)."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_nets.layers.checks import check_images, check_positive
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage

LEVELS = 3  # halvings


def _conv(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=1, bias=False)
    return spectral_norm(conv)


class UNetDiscriminator(PretrainedModule):
    """Real or fake for each pixel: (N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W).

    Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data",
    section 3.3: three halvings, three bilinear doublings, skip connections that are added, spectral norm in
    all layers but the first and the last. Inside it computes on [0, 1], so that checkpoints of BasicSR's
    UNetDiscriminatorSN fit: `gan_nets.interop.load_basicsr_unet_discriminator`.

    Height and width must be multiples of 8.

    Args:
        in_channels: channels of the input.
        width: channels at the full size; they double at each halving.
        skips: add the maps of the first half to those of the second.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels, or sides that are no
            multiples of 8.

    Examples:
        >>> UNetDiscriminator(width=4)(torch.zeros(1, 3, 32, 32)).shape  # a logit for each pixel
        torch.Size([1, 1, 32, 32])
    """

    size_multiple = 2**LEVELS
    usage = Usage(task="discriminate")

    def __init__(self, in_channels: int = 3, *, width: int = 64, skips: bool = True) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, width=width)
        self.in_channels, self.skips = in_channels, skips
        widths = [width * 2**level for level in range(LEVELS + 1)]
        self.input = nn.Conv2d(in_channels, width, 3, padding=1)
        self.downs = nn.ModuleList(_conv(widths[i], widths[i + 1], 4, 2) for i in range(LEVELS))
        self.ups = nn.ModuleList(_conv(widths[i + 1], widths[i]) for i in reversed(range(LEVELS)))
        self.last = nn.ModuleList(_conv(width, width) for _ in range(2))
        self.output = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] to logits (N, 1, H, W)."""
        check_images(x, self.in_channels, network="UNetDiscriminator")
        if any(side % self.size_multiple for side in x.shape[-2:]):
            raise ValueError(
                f"UNetDiscriminator expected sides that are multiples of {self.size_multiple}; got "
                f"{x.shape[-2]}x{x.shape[-1]}; take other crops"
            )
        x = F.leaky_relu(self.input((x + 1) / 2), 0.2)
        maps = [x]
        for down in self.downs:
            x = F.leaky_relu(down(x), 0.2)  # (N, 2 * width, H/2, W/2), ..., (N, 8 * width, H/8, W/8)
            maps.append(x)
        for up, skipped in zip(self.ups, maps[-2::-1], strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear")
            x = F.leaky_relu(up(x), 0.2)  # (N, 4 * width, H/4, W/4), ..., (N, width, H, W)
            x = x + skipped if self.skips else x
        for conv in self.last:
            x = F.leaky_relu(conv(x), 0.2)
        return self.output(x)
