"""One small discriminator for each feature map (Sauer et al. 2021, section 3.2 and appendix)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

STRIDES = (4, 8, 16, 32)  # pixels of the picture to one of a map, where the widths of the heads are given
WINDOW = 4  # side of what one logit sees of a map of the last stride
EMBEDDED, PROJECTED = 128, 64  # numbers that stand for a class: its own, and those that meet the features


class HalvingBlock(nn.Module):
    """4x4 convolution of stride 2, batch norm, LeakyReLU 0.2."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1))
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        return F.leaky_relu(self.norm(self.conv(x)), 0.2, inplace=True)


class SeparableHalvingBlock(nn.Module):
    """3x3 convolution channel by channel, 1x1 across them, batch norm, LeakyReLU 0.2, averages of 2x2."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise = spectral_norm(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
        )
        self.pointwise = spectral_norm(nn.Conv2d(in_channels, out_channels, 1, bias=False))
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        x = F.leaky_relu(self.norm(self.pointwise(self.depthwise(x))), 0.2, inplace=True)
        return F.avg_pool2d(x, 2)


class Head(nn.Module):
    """Halves a feature map down to a 32nd of the picture, then gives a logit for every 4x4 of it."""

    def __init__(self, channels: Sequence[int], *, separable: bool, classes: int) -> None:
        super().__init__()
        block = SeparableHalvingBlock if separable else HalvingBlock
        self.blocks = nn.Sequential(*(block(*pair) for pair in pairwise(channels)))
        self.output = spectral_norm(nn.Conv2d(channels[-1], PROJECTED if classes else 1, 4, bias=False))
        self.classes = (
            nn.Sequential(nn.Embedding(classes, EMBEDDED), nn.Linear(EMBEDDED, PROJECTED))
            if classes
            else None
        )

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """(N, C, H, W) and the classes (N,) to logits (N, 1, H', W')."""
        x = self.output(self.blocks(x))
        if self.classes is None:
            return x
        # The projection discriminator's inner product (Miyato and Koyama 2018, section 3), class term alone.
        direction = F.leaky_relu(self.classes(labels), 0.2)[:, :, None, None]
        return (x * direction).sum(1, keepdim=True) * PROJECTED**-0.5


class MultiScaleHeads(nn.Module):
    """A discriminator without a trunk: a head of its own for each of several feature maps.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2. Each map is halved until it has a 32nd
    of the picture's size, by convolutions with spectral norm and batch norm, and judged in 4x4 windows there,
    so that all heads give equally many logits: 4x4 for a picture of 224x224.

    Args:
        channels: of the maps, finest first.
        strides: pixels of the picture to one of each map: powers of 2 up to 32.
        widths: channels within the heads at strides 4, 8, 16 and 32.
        separable: convolutions in two steps, channel by channel and then across (for a strong generator such
            as StyleGAN2's); otherwise full ones.
        classes: how many there are; 0 for a discriminator that is told none.

    Raises:
        ValueError: an argument out of its range; in `forward`, maps that are too small, labels without
            classes or the reverse, and labels that do not fit (a number that is too large on the CPU only,
            since a GPU would have to wait for the answer).
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        separable: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__()
        if len(channels) != len(strides) or not set(strides) <= {2, 4, 8, 16, 32}:
            raise ValueError(
                f"expected a stride of 2, 4, 8, 16 or 32 for each map; got {strides} for channels {channels}"
            )
        if len(widths) != 4 or min(widths) < 1:
            raise ValueError(f"expected four widths of at least 1, at strides 4, 8, 16, 32; got {widths}")
        if classes < 0:
            raise ValueError(f"expected classes of at least 0; got {classes}")
        self.classes = classes
        self._least = [WINDOW * STRIDES[-1] // stride for stride in strides]  # sides of the maps, at least
        self.heads = nn.ModuleList(
            Head(
                [inside, *(w for s, w in zip(STRIDES, widths, strict=True) if s > stride)],
                separable=separable,
                classes=classes,
            )
            for inside, stride in zip(channels, strides, strict=True)
        )

    def forward(self, features: Sequence[Tensor], labels: Tensor | None = None) -> list[Tensor]:
        """The maps (N, channels[i], H / s, W / s), and classes (N,) as integers, to logits (N, 1, H', W')."""
        if (labels is None) == bool(self.classes):
            told = "none" if labels is None else "labels"
            raise ValueError(
                f"expected {'labels' if self.classes else 'no labels'}, as there are {self.classes} classes; "
                f"got {told}; build the heads with the number of classes"
            )
        if labels is not None:
            labels = _checked(labels, len(features[0]), self.classes)
        for x, least in zip(features, self._least, strict=True):
            if min(x.shape[-2:]) < least:
                side = WINDOW * STRIDES[-1]
                raise ValueError(
                    f"expected maps of pictures of at least {side}x{side}, this one of {least}x{least}; got "
                    f"{tuple(x.shape)}; enlarge the pictures first"
                )
        return [head(x, labels) for head, x in zip(self.heads, features, strict=True)]


def _checked(labels: Tensor, count: int, classes: int) -> Tensor:
    """The labels as int64; raises ValueError unless they are `count` integers from 0 to classes - 1."""
    if labels.shape != (count,) or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"expected labels ({count},) of integers; got {tuple(labels.shape)} of {labels.dtype}; of "
            "one-hot rows, take labels.argmax(1)"
        )
    labels = labels.long()
    if not _known(labels, classes):
        raise ValueError(f"expected labels from 0 to {classes - 1}; got {labels.tolist()}")
    return labels


def _known(labels: Tensor, classes: int) -> bool:
    """Whether all labels are of a class, as far as that can be told without waiting for a GPU."""
    if labels.device.type != "cpu" or torch.compiler.is_compiling():
        return True
    return bool(((labels >= 0) & (labels < classes)).all())
