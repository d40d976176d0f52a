"""Frozen random mixtures of a pretrained network's features (Sauer et al. 2021, section 3.2)."""

from collections.abc import Sequence
from typing import Literal, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_projected._backbone import Backbone
from gan_projected._freezing import freeze_

Mixing = Literal["scales", "channels", "none"]


class Projector(nn.Module):
    """Four feature maps of an image with fixed random mixtures of their channels and scales.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2. Cross-channel mixing is a random 1x1
    convolution of each of the backbone's maps. Cross-scale mixing continues from the coarsest map to the
    finest: add the result of the coarser map, upsample twofold, apply another random 1x1 convolution. The
    official code has no further layers here. The operations are reordered where the result is equal: the
    convolution precedes the upsampling (bilinear weights sum to 1), and two convolutions in a row are
    composed.

    It has no parameters and no training mode; see `Backbone`. The random weights have torch's default
    distribution for convolutions and depend only on `seed`. The state dict contains all weights, including
    the backbone's, so a loaded projector computes the same features.

    Args:
        backbone: provides the features; it is not copied.
        mixing: "scales" for channels and scales, as in the paper; "channels"; "none" for the unmixed
            features.
        channels: channels of the four maps after the mixing of channels, finest first.
        seed: random seed of the mixtures.

    Attributes:
        channels: channels of the resulting maps, finest first.
        strides: image pixels per feature pixel of each map: 4, 8, 16, 32, or half of that with "scales".

    Raises:
        ValueError: an argument is out of its range.

    Examples:
        >>> projector = Projector(Backbone(weights="random"))
        >>> [tuple(f.shape) for f in projector(torch.zeros(1, 3, 64, 64))]
        [(1, 64, 32, 32), (1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4)]
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    def __init__(
        self,
        backbone: Backbone,
        *,
        mixing: Mixing = "scales",
        channels: tuple[int, int, int, int] = (64, 128, 256, 512),
        seed: int = 0,
    ) -> None:
        super().__init__()
        if mixing not in ("scales", "channels", "none"):
            raise ValueError(f'expected mixing "scales", "channels" or "none"; got {mixing!r}')
        if len(channels) != 4 or min(channels) < 1:
            raise ValueError(f"expected the channels of four maps, each at least 1; got {channels}")
        self.backbone = backbone
        self.mixing: Mixing = mixing
        mixed_scales = mixing == "scales"
        self.strides = (2, 4, 8, 16) if mixed_scales else (4, 8, 16, 32)
        self.channels = {
            "scales": (channels[0], *channels[:3]),  # those of the map to which the result is added
            "channels": tuple(channels),
            "none": backbone.channels,
        }[mixing]
        random = torch.Generator().manual_seed(seed)
        across_channels = [
            _random_mixture(*pair, random) for pair in zip(backbone.channels, channels, strict=True)
        ]
        across_scales = [_random_mixture(*pair, random) for pair in zip(channels, self.channels, strict=True)]
        self.set_mixtures(across_channels, across_scales)
        self.train(False)

    def set_mixtures(self, across_channels: list[nn.Conv2d], across_scales: list[nn.Conv2d]) -> None:
        """Store the 1x1 convolutions of the four levels, finest first, as `forward` needs them."""
        from_backbone: list[nn.Conv2d] = []
        from_coarser: list[nn.Conv2d] = []
        if self.mixing == "channels":
            from_backbone = across_channels
        elif self.mixing == "scales":
            from_backbone = [_composed(*pair) for pair in zip(across_scales, across_channels, strict=True)]
            from_coarser = across_scales[:3]  # nothing is added to the coarsest map
            for conv in from_coarser:
                conv.bias = None  # already in `from_backbone`
        self.from_backbone = freeze_(nn.ModuleList(from_backbone))
        self.from_coarser = freeze_(nn.ModuleList(from_coarser))

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - independent of the parent's mode
        """Stay in evaluation mode, and return itself."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The mixed features, finest first.

        Args:
            image: (N, 3, H, W) RGB in [-1, 1].

        Returns:
            Four maps (N, channels[i], H / s, W / s) for s in `strides`; sizes that are not multiples of 32
            are rounded as in the backbone.

        Raises:
            ValueError: the image has another shape or is not floating point.
        """
        features = self.backbone(image)
        if self.mixing == "none":
            return features
        features = [mix(x) for mix, x in zip(self.from_backbone, features, strict=True)]
        return self._mixed_scales(features) if self.mixing == "scales" else features

    def _mixed_scales(self, features: list[Tensor]) -> list[Tensor]:
        height, width = features[0].shape[-2:]
        sizes = [(2 * height, 2 * width), *(x.shape[-2:] for x in features[:3])]
        maps = [_upsampled(features[3], sizes[3])]
        for level in (2, 1, 0):
            x = features[level] + self.from_coarser[level](maps[0])
            maps.insert(0, _upsampled(x, sizes[level]))
        return maps


def _upsampled(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)


def mixture(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """The 1x1 convolution with these weights, (out, in, 1, 1) and (out,)."""
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], 1, device="meta")  # without sampling initial weights
    conv.weight = nn.Parameter(weight, requires_grad=False)
    conv.bias = nn.Parameter(bias, requires_grad=False)
    return conv


def _random_mixture(in_channels: int, out_channels: int, random: torch.Generator) -> nn.Conv2d:
    """A 1x1 convolution with torch's default weights: uniform in +-1 / sqrt(in_channels)."""
    bound = in_channels**-0.5

    def sample(*shape: int) -> Tensor:
        return torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound, generator=random)

    return mixture(sample(out_channels, in_channels, 1, 1), sample(out_channels))


def _composed(second: nn.Conv2d, first: nn.Conv2d) -> nn.Conv2d:
    """The 1x1 convolution that equals two in a row, computed in float64, on the CPU since MPS has none."""
    matrix, inner = (conv.weight.cpu().double().flatten(1) for conv in (second, first))
    outer_bias, inner_bias = (cast(Tensor, conv.bias).cpu().double() for conv in (second, first))
    weight, bias = matrix @ inner, outer_bias + matrix @ inner_bias
    return mixture(weight[:, :, None, None].to(first.weight), bias.to(first.weight))
