"""The generator of R3GAN (Huang et al. 2024)."""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.layers.latents import check_classes, check_latents
from gan_nets.networks._r3gan_layers import UpTransition, initialize_, residual_stage, stage_channels
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class R3GANGenerator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size), which training brings into about [-1, 1].

    Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline", section 3, configuration
    E: learned 4x4 maps, each multiplied by a linear function of the latent, then at each size residual blocks
    with an inverted bottleneck of grouped convolutions, and bilinear upsampling between sizes. There is no
    normalization, mapping network, style, noise or tanh. With classes, an embedding is appended to the
    latent (appendix D). Written from the paper's text. The layers initialize themselves; call no `init_*_`
    on it.

    The defaults are the paper's for FFHQ at 64x64 and 256x256 and for CIFAR-10. For ImageNet it has 1536
    channels at each size, and groups of 32.

    Args:
        size: height and width of the images, a power of 2 from 8 to 1024.
        out_channels: channels of the images.
        latents: dimensions of the latent vector z, and of a class's embedding.
        base_channels: the channels at a size are this number divided by the size, ...
        most_channels: ... but at most this many.
        blocks: residual blocks at each size.
        expansion: channels inside a block, in multiples of those outside.
        group_channels: channels of a group of the 3x3 convolutions.
        classes: number of classes; 0 for an unconditional generator.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input has the wrong shape.

    Examples:
        >>> g = R3GANGenerator(16, latents=8, base_channels=256, group_channels=8)
        >>> g(torch.randn(2, 8)).shape
        torch.Size([2, 3, 16, 16])
    """

    prefers_channels_last: ClassVar = True  # a step by 1.5 (Xeon with AVX-512)
    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 256,
        out_channels: int = 3,
        *,
        latents: int = 64,
        base_channels: int = 24_576,
        most_channels: int = 768,
        blocks: int = 2,
        expansion: int = 2,
        group_channels: int = 16,
        classes: int = 0,
    ) -> None:
        super().__init__()
        check_positive(out_channels=out_channels, latents=latents, blocks=blocks)
        check_classes(classes)
        channels = stage_channels(
            size, base_channels, most_channels, expansion, group_channels, network="R3GANGenerator"
        )
        self.size, self.latents, self.classes = size, latents, classes
        self.embedding = nn.Embedding(classes, latents) if classes else None
        self.basis = nn.Parameter(torch.randn(channels[0], 4, 4))
        self.modulation = nn.Linear(latents * (2 if classes else 1), channels[0], bias=False)
        self.stages = nn.ModuleList(
            residual_stage(count, blocks, expansion, group_channels) for count in channels
        )
        self.transitions = nn.ModuleList(UpTransition(*pair) for pair in pairwise(channels))
        self.to_image = nn.Conv2d(channels[-1], out_channels, 1, bias=False)
        initialize_(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents to images.

        Args:
            z: (N, latents), from N(0, 1).
            labels: (N,) integers, with `classes`.

        Returns:
            (N, out_channels, size, size).
        """
        check_latents(z, labels, latents=self.latents, classes=self.classes, network="R3GANGenerator")
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(labels).to(z.dtype)], dim=1)  # (N, 2 * latents)
        x = self.modulation(z)[:, :, None, None] * self.basis  # (N, C, 4, 4)
        x = self.stages[0](x)
        for transition, stage in zip(self.transitions, self.stages[1:], strict=True):
            x = stage(transition(x))  # (N, C', 8, 8), ..., (N, C'', size, size)
        return self.to_image(x)
