"""Frozen random mixtures of a pretrained network's features (Sauer et al. 2021, section 3.2)."""

from typing import Literal, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_projected._backbone import Backbone
from gan_projected._freezing import freeze_

Mixing = Literal["scales", "channels", "none"]


class Projector(nn.Module):
    """Four feature maps of a picture, mixed at random and for good.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2. Cross-channel mixing is a random 1x1
    convolution of each of the backbone's maps; cross-scale mixing goes on from the coarsest map to the
    finest: add what came from the coarser one, enlarge twofold, mix by another random 1x1 convolution. The
    official code has no further layers there. Its order of the operations is changed where the result is the
    same: mixing comes before enlarging (bilinear weights add up to 1), and two mixtures in a row are one.

    Nothing in it learns, and it has no parameters and no training mode; see `Backbone`. The random weights
    are torch's usual ones for convolutions, drawn from `seed` alone. The state dict holds all weights, the
    backbone's too, so that it gives the same features again wherever it is loaded.

    Args:
        backbone: whose features to mix; it is not copied.
        mixing: "scales" for channels and scales, as in the paper; "channels"; "none" for the features as
            they are.
        channels: of the four maps after the mixing of channels, finest first.
        seed: of the random mixtures.

    Attributes:
        channels: of the maps that come out, finest first.
        strides: pixels of the picture to one of each map: 4, 8, 16, 32, or half of that with "scales".

    Raises:
        ValueError: an argument out of its range.
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
            "scales": (channels[0], *channels[:3]),  # each map leaves as wide as the one that it is added to
            "channels": tuple(channels),
            "none": backbone.channels,
        }[mixing]
        random = torch.Generator().manual_seed(seed)
        across_channels = [
            _random_mix(*pair, random) for pair in zip(backbone.channels, channels, strict=True)
        ]
        across_scales = [_random_mix(*pair, random) for pair in zip(channels, self.channels, strict=True)]
        self._set_mixtures(across_channels, across_scales)
        self.train(False)

    def _set_mixtures(self, across_channels: list[nn.Conv2d], across_scales: list[nn.Conv2d]) -> None:
        """Keep the 1x1 convolutions of the four levels, finest first, in the form that `forward` needs."""
        from_backbone: list[nn.Conv2d] = []
        from_coarser: list[nn.Conv2d] = []
        if self.mixing == "channels":
            from_backbone = across_channels
        elif self.mixing == "scales":
            from_backbone = [_composed(*pair) for pair in zip(across_scales, across_channels, strict=True)]
            from_coarser = across_scales[:3]  # nothing is added to the coarsest
            for conv in from_coarser:
                conv.bias = None  # the bias of the sum's mixture counts once, and `from_backbone` has it
        self.from_backbone = freeze_(nn.ModuleList(from_backbone))
        self.from_coarser = freeze_(nn.ModuleList(from_coarser))

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - whatever the mode of what it is part of
        """Stays in evaluation mode, and returns itself."""
        return super().train(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The mixed features, finest first.

        Args:
            image: (N, 3, H, W) RGB in [-1, 1].

        Returns:
            Four maps (N, channels[i], H / s, W / s) for s in `strides`; sizes that are no multiples of 32
            are rounded as the backbone rounds them.

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
        maps = [_enlarged(features[3], sizes[3])]
        for level in (2, 1, 0):
            x = features[level] + self.from_coarser[level](maps[0])
            maps.insert(0, _enlarged(x, sizes[level]))
        return maps


def _enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


def mixture(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """The 1x1 convolution with these weights, (out, in, 1, 1) and (out,)."""
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], 1, device="meta")  # nothing is drawn for it
    conv.weight = nn.Parameter(weight, requires_grad=False)
    conv.bias = nn.Parameter(bias, requires_grad=False)
    return conv


def _random_mix(inside: int, outside: int, random: torch.Generator) -> nn.Conv2d:
    """A 1x1 convolution with torch's usual weights: uniform in +-1 / sqrt(inside)."""
    bound = inside**-0.5

    def drawn(*shape: int) -> Tensor:
        return torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound, generator=random)

    return mixture(drawn(outside, inside, 1, 1), drawn(outside))


def _composed(second: nn.Conv2d, first: nn.Conv2d) -> nn.Conv2d:
    """The one 1x1 convolution that equals two in a row, worked out in float64."""
    matrix, bias = second.weight.double().flatten(1), cast(Tensor, first.bias).double()
    weight = matrix @ first.weight.double().flatten(1)
    bias = cast(Tensor, second.bias).double() + matrix @ bias
    return mixture(weight[:, :, None, None].to(first.weight.dtype), bias.to(first.weight.dtype))
