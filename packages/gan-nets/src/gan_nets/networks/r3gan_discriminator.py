"""The discriminator of R3GAN (Huang et al. 2024)."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_images_and_labels, check_positive
from gan_nets.layers.latents import check_classes
from gan_nets.networks._r3gan_layers import DownTransition, initialize_, residual_stage, stage_channels
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class R3GANDiscriminator(PretrainedModule):
    """A logit for an image as a whole: (N, in_channels, size, size) in [-1, 1] to (N, 1).

    Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline", section 3, configuration
    E, the mirror image of `R3GANGenerator`: residual blocks at each size, antialiased bilinear downsampling
    between sizes, and at 4x4 a depthwise convolution of all of it, then a linear layer. There is no
    normalization, and no image of a batch changes the logit of another. With classes the logit is the
    product of the last features with the embedding of the label (appendix D; Miyato and Koyama 2018).
    Written from the paper's text. The layers initialize themselves; call no `init_*_` on it.

    Only differences of logits mean something if it was trained with the paper's loss, which compares images
    in pairs: any constant can be added to all logits.

    Args:
        size: height and width of the images, a power of 2 from 8 to 1024.
        in_channels: channels of the images.
        base_channels: as in `R3GANGenerator`.
        most_channels: likewise.
        blocks: likewise.
        expansion: likewise.
        group_channels: likewise.
        classes: number of classes; 0 for none.

    Raises:
        ValueError: an argument is out of its range; in `forward`, images or labels do not match.

    Examples:
        >>> d = R3GANDiscriminator(16, base_channels=256, group_channels=8)
        >>> d(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 1])
    """

    prefers_channels_last: ClassVar = True  # a step by 1.5 (Xeon with AVX-512)
    usage = Usage(task="discriminate")

    def __init__(
        self,
        size: int = 256,
        in_channels: int = 3,
        *,
        base_channels: int = 24_576,
        most_channels: int = 768,
        blocks: int = 2,
        expansion: int = 2,
        group_channels: int = 16,
        classes: int = 0,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, blocks=blocks)
        check_classes(classes)
        channels = stage_channels(
            size, base_channels, most_channels, expansion, group_channels, network="R3GANDiscriminator"
        )[::-1]
        self.size, self.in_channels, self.classes = size, in_channels, classes
        last = channels[-1]
        self.from_image = nn.Conv2d(in_channels, channels[0], 1, bias=False)
        self.stages = nn.ModuleList(
            residual_stage(count, blocks, expansion, group_channels) for count in channels
        )
        self.transitions = nn.ModuleList(DownTransition(*pair) for pair in pairwise(channels))
        self.pool = nn.Conv2d(last, last, 4, groups=last, bias=False)
        self.output = nn.Linear(last, last if classes else 1, bias=False)
        self.embedding = nn.Embedding(classes, last) if classes else None
        initialize_(self)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=last**-0.5)  # a product of unit variance

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
            network="R3GANDiscriminator",
        )
        x = self.stages[0](self.from_image(x))  # (N, C, size, size)
        for transition, stage in zip(self.transitions, self.stages[1:], strict=True):
            x = stage(transition(x))  # (N, C', size/2, size/2), ..., (N, C'', 4, 4)
        with torch.autocast(x.device.type, enabled=False):  # the loss is of small differences of logits
            x = self.pool(x.to(self.pool.weight.dtype)).flatten(1)
            x = self.output(x)  # (N, 1), or (N, C'') with classes
            return x if self.embedding is None else (x * self.embedding(labels)).sum(1, keepdim=True)
