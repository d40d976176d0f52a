"""One small discriminator for each feature map (Sauer et al. 2021, section 3.2 and appendix)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

STRIDES = (4, 8, 16, 32)  # image pixels per feature pixel at which the widths of the heads are defined
WINDOW = 4  # kernel size of the last convolution, at stride 32
EMBEDDED, PROJECTED = 128, 64  # dimensions of a class's embedding, and of its projection onto the features


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
    """Depthwise 3x3 convolution, 1x1 convolution, batch norm, LeakyReLU 0.2, average pooling 2x2."""

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
    """Halves a feature map down to stride 32, then computes a logit for every 4x4 window."""

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
        # The inner product of the projection discriminator (Miyato and Koyama 2018, section 3), without the
        # unconditional term.
        direction = F.leaky_relu(self.classes(labels), 0.2)[:, :, None, None]
        return (x * direction).sum(1, keepdim=True) * PROJECTED**-0.5


class MultiScaleHeads(nn.Module):
    """A small discriminator (a head) for each of several feature maps.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3.2. Each map is halved down to stride 32
    by convolutions with spectral norm and batch norm, and classified in 4x4 windows there, so that all heads
    have equally many logits: 4x4 for an image of 224x224.

    Args:
        channels: channels of the maps, finest first.
        strides: image pixels per feature pixel of each map: powers of 2 up to 32.
        widths: channels within the heads at strides 4, 8, 16 and 32.
        separable: separable convolutions (for a strong generator such as StyleGAN2's); otherwise full ones.
        classes: number of classes; 0 for an unconditional discriminator.

    Raises:
        ValueError: an argument is out of its range; in `forward`, maps are too small, labels are missing or
            unexpected, or do not match (values that are too large only on the CPU, since the check would
            synchronize with a GPU).

    Examples:
        >>> heads = MultiScaleHeads(channels=[8, 16], strides=[16, 32], widths=(8, 8, 8, 8))
        >>> logits = heads([torch.zeros(2, 8, 14, 14), torch.zeros(2, 16, 7, 7)])
        >>> [tuple(each.shape) for each in logits]
        [(2, 1, 4, 4), (2, 1, 4, 4)]
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
        self._smallest = [WINDOW * STRIDES[-1] // stride for stride in strides]  # sides of the maps
        self.heads = nn.ModuleList(
            Head(
                [inside, *(w for s, w in zip(STRIDES, widths, strict=True) if s > stride)],
                separable=separable,
                classes=classes,
            )
            for inside, stride in zip(channels, strides, strict=True)
        )

    def forward(self, features: Sequence[Tensor], labels: Tensor | None = None) -> list[Tensor]:
        """The maps (N, channels[i], H / s, W / s) and integer labels (N,) to logits (N, 1, H', W') each."""
        if (labels is None) == bool(self.classes):
            raise ValueError(
                f"expected {'labels' if self.classes else 'no labels'}, as there are {self.classes} classes; "
                f"got {'none' if labels is None else 'labels'}; build the heads with the number of classes"
            )
        if labels is not None:
            labels = _checked(labels, len(features[0]), self.classes)
        for x, smallest in zip(features, self._smallest, strict=True):
            if min(x.shape[-2:]) < smallest:
                side = WINDOW * STRIDES[-1]
                raise ValueError(
                    f"expected maps of images of at least {side}x{side}, here of {smallest}x{smallest}; got "
                    f"{tuple(x.shape)}; use larger images"
                )
        return [head(x, labels) for head, x in zip(self.heads, features, strict=True)]


def _checked(labels: Tensor, count: int, classes: int) -> Tensor:
    """The labels as int64; raises ValueError unless they are `count` integers from 0 to classes - 1."""
    if labels.shape != (count,) or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"expected labels ({count},) of integers; got {tuple(labels.shape)} of {labels.dtype}; for "
            "one-hot rows pass labels.argmax(1)"
        )
    labels = labels.long()
    if not _in_range(labels, classes):
        raise ValueError(
            f"expected labels from 0 to {classes - 1}; got {labels.tolist()}; check the number of classes"
        )
    return labels


def _in_range(labels: Tensor, classes: int) -> bool:
    """Whether all labels are in range; not checked on a GPU, which would synchronize with it."""
    if labels.device.type != "cpu" or torch.compiler.is_compiling():
        return True
    return bool(((labels >= 0) & (labels < classes)).all())
