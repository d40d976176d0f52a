"""Who plays in projected_gan.py: its generators, discriminators and augmentations, by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from gan_augment import ADA, Adaptive, adaptive_diffaugment, projected_gan_diffaugment
from gan_losses import l1_loss
from gan_metrics import feature_distance
from gan_nets import (
    DCGANDiscriminator,
    DCGANGenerator,
    FastGANDiscriminator,
    FastGANGenerator,
    StyleGAN2Generator,
    fastgan_projected,
    init_normal_,
)
from gan_projected import Backbone, ProjectedDiscriminator
from torch import Tensor, nn

Generator = FastGANGenerator | StyleGAN2Generator | DCGANGenerator
Origin = Literal["pypi", "timm", "random"] | Path


def generator_of(name: str, size: int, width: int | None, classes: int) -> Generator:
    """The generator; `width` None is the published one."""
    if name == "dcgan":
        if classes:
            raise SystemExit(
                "error: --labels expects another generator than dcgan, which can't be told a class"
            )
        return DCGANGenerator(size, width=width or 128)
    if name == "stylegan2":
        base = 256 * width if width else 32_768
        return StyleGAN2Generator(
            size, latents=64, styles=128, mapping_layers=2, base_channels=base, classes=classes
        )
    return fastgan_projected(size, lite=name == "fastgan-lite", width=width, classes=classes)


def conventional(name: str, size: int, classes: int) -> FastGANDiscriminator | DCGANDiscriminator:
    """A discriminator that learns all that it knows from the pictures."""
    if classes:
        raise SystemExit(f"error: --labels expects --discriminator projected; {name} can't be told a class")
    if name == "dcgan":
        return DCGANDiscriminator(size)
    return FastGANDiscriminator(max(size, 256))  # the least it has; it enlarges smaller pictures


def begin_(g: Generator, d: nn.Module) -> None:
    """Give both players their first weights, where they do not come with the published ones."""
    if not isinstance(g, StyleGAN2Generator):
        init_normal_(g)
    if not isinstance(d, ProjectedDiscriminator):
        init_normal_(d)


def distance_of(
    reconstruction: str, backbone: str, weights: Origin, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """By what FastGAN's own discriminator learns to draw."""
    if reconstruction == "l1":
        return l1_loss
    return partial(feature_distance, Backbone(backbone, weights=weights).to(device))


def augmentation_of(name: str, images_to_full: int) -> dict[str, nn.Module]:
    """The augmentation under the name that it is kept by; empty for none."""
    if name == "diffaugment":
        return {"augment": projected_gan_diffaugment()}
    if name == "adaptive":
        return {"augment": Adaptive(adaptive_diffaugment(), images_to_full=images_to_full)}
    if name == "ada":
        return {"augment": Adaptive(ADA("bgc"), images_to_full=images_to_full)}
    return {}
