"""The discriminator of StyleGAN2 in plain PyTorch (Karras et al. 2020)."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_images_and_labels, check_positive
from gan_nets.layers.deviation import MinibatchDeviation
from gan_nets.layers.equalized import EqualizedConv, EqualizedLinear
from gan_nets.layers.grown import sizes_and_channels
from gan_nets.layers.latents import check_classes, normalize_second_moment
from gan_nets.networks._stylegan2_layers import blur_taps
from gan_nets.networks._styles import leaky_relu
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class ResidualDownBlock(nn.Module):
    """Two 3x3 convolutions, the second of stride 2, beside a 1x1 one; their sum divided by sqrt(2)."""

    blur: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = EqualizedConv(in_channels, in_channels, 3)
        self.second = EqualizedConv(in_channels, out_channels, 3, stride=2, padding=0)
        self.direct = EqualizedConv(in_channels, out_channels, 1, bias=False)
        self.register_buffer("blur", blur_taps() / 64, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H/2, W/2)."""
        y = leaky_relu(self.first(x))  # (N, C, H, W)
        y = leaky_relu(self.second(self._blurred(y, padding=2)))  # (N, C', H/2, W/2)
        x = self.direct(self._blurred(x, padding=1, stride=2))  # (N, C', H/2, W/2)
        return (x + y) / math.sqrt(2)

    def _blurred(self, x: Tensor, *, padding: int, stride: int = 1) -> Tensor:
        kernel = self.blur.expand(x.shape[1], 1, 4, 4).to(x.dtype)
        return F.conv2d(x, kernel, padding=padding, stride=stride, groups=x.shape[1])


class StyleGAN2Discriminator(PretrainedModule):
    """Real or fake for an image as a whole: (N, in_channels, size, size) in [-1, 1] to logits (N, 1).

    Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 4.1 and figure 7: the
    residual one. Each residual block halves the size; at 4x4 the standard deviation over the minibatch is a
    further map (Karras et al. 2018, section 3), so that a batch without variety is seen as such. With classes
    the logit is a product with the embedding of the label (Miyato and Koyama 2018). Written from the papers'
    equations, in torch's own operators. The layers initialize themselves; call no `init_*_` on it.

    Logits depend on the other images of the batch by that map, also after `.eval()`.

    Args:
        size: height and width of the images, a power of 2 from 8 to 1024.
        in_channels: channels of the images.
        base_channels: the channels at a size are this number divided by the size, ...
        most_channels: ... but at most this many.
        group: images whose standard deviation is taken together; the largest divisor of the batch size that
            is no larger is used. 1 leaves the map out.
        classes: number of classes; 0 for none.

    Raises:
        ValueError: an argument is out of its range; in `forward`, images or labels do not match.

    Examples:
        >>> d = StyleGAN2Discriminator(16, base_channels=128)
        >>> d(torch.zeros(4, 3, 16, 16)).shape
        torch.Size([4, 1])
    """

    usage = Usage(task="discriminate")

    def __init__(
        self,
        size: int = 256,
        in_channels: int = 3,
        *,
        base_channels: int = 32768,
        most_channels: int = 512,
        group: int = 4,
        classes: int = 0,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, group=group)
        check_classes(classes)
        self.size, self.in_channels, self.group, self.classes = size, in_channels, group, classes
        sizes, widths = sizes_and_channels(
            size, base_channels, most_channels, network="StyleGAN2Discriminator"
        )
        channels = dict(zip(sizes, widths, strict=True))
        self.input = EqualizedConv(in_channels, channels[size], 1)
        self.blocks = nn.ModuleList(
            ResidualDownBlock(channels[s], channels[s // 2]) for s in reversed(sizes[1:])
        )
        last = channels[4]
        self.deviation = MinibatchDeviation(group)
        self.last = EqualizedConv(last + (group > 1), last, 3)
        self.hidden = EqualizedLinear(last * 4 * 4, last)
        self.output = EqualizedLinear(last, last if classes else 1)
        self.embedding = nn.Embedding(classes, last) if classes else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits.

        Args:
            x: (N, in_channels, size, size) in [-1, 1].
            labels: (N,) integers, with `classes`.

        Returns:
            (N, 1).
        """
        check_images_and_labels(
            x,
            labels,
            channels=self.in_channels,
            size=self.size,
            classes=self.classes,
            network="StyleGAN2Discriminator",
        )
        x = leaky_relu(self.input(x))  # (N, C, size, size)
        for block in self.blocks:
            x = block(x)  # (N, C', size/2, size/2), ..., (N, last, 4, 4)
        x = self.deviation(x)  # (N, last + 1, 4, 4)
        x = leaky_relu(self.last(x))  # (N, last, 4, 4)
        x = self.output(leaky_relu(self.hidden(x.flatten(1))))  # (N, 1), or (N, last) with classes
        if self.embedding is None:
            return x
        wanted = normalize_second_moment(self.embedding(labels))  # (N, last)
        return (x * wanted.to(x.dtype)).sum(1, keepdim=True) / math.sqrt(x.shape[1])
