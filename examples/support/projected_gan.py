"""The networks and augmentations of projected_gan.py, by name."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
from gan_projected import Backbone, ProjectedDiscriminator, Projector
from kornia.filters import gaussian_blur2d
from torch import Tensor, nn

if TYPE_CHECKING:
    from projected_gan import Options

Generator = FastGANGenerator | StyleGAN2Generator | DCGANGenerator
Discriminator = ProjectedDiscriminator | FastGANDiscriminator | DCGANDiscriminator
Weights = Literal["pypi", "timm", "random"] | Path


def build_generator(options: "Options", classes: int) -> Generator:
    """The generator of --generator and --width; `classes` 0 for an unconditional one."""
    size, width = options.size, options.width
    if options.generator == "dcgan":
        return DCGANGenerator(size, width=width or 128)
    if options.generator == "stylegan2":
        base = 256 * width if width else 32_768
        return StyleGAN2Generator(
            size, latents=64, styles=128, mapping_layers=2, base_channels=base, classes=classes
        )
    return fastgan_projected(size, lite=options.generator == "fastgan-lite", width=width, classes=classes)


def build_discriminator(options: "Options", classes: int) -> Discriminator:
    """The discriminator of --discriminator."""
    if options.discriminator == "dcgan":
        return DCGANDiscriminator(options.size)
    if options.discriminator == "fastgan":
        return FastGANDiscriminator(max(options.size, 256))  # its smallest; it enlarges smaller images
    backbone = Backbone(options.backbone, weights=options.weights)
    projector = Projector(backbone, mixing=options.mixing, seed=options.run.seed)
    separable = options.generator == "stylegan2"
    return ProjectedDiscriminator(projector, separable=separable, classes=classes, resize=options.resize)


def initialize_(g: Generator, d: Discriminator) -> None:
    """Initialize both networks; StyleGAN2 and the projected discriminator initialize themselves."""
    if not isinstance(g, StyleGAN2Generator):
        init_normal_(g)
    if not isinstance(d, ProjectedDiscriminator):
        init_normal_(d)


def reconstruction_distance(options: "Options", device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """The distance with which FastGAN's discriminator learns to reconstruct; L1 for the others, unused."""
    if options.discriminator != "fastgan" or options.reconstruction == "l1":
        return l1_loss
    return partial(feature_distance, Backbone(options.backbone, weights=options.weights).to(device))


def build_augmentation(options: "Options", *, images_to_full: int) -> nn.Module:
    """The augmentation of --augment; an adaptive one rises from 0 to 1 over `images_to_full` images."""
    images = options.images_to_full or images_to_full
    if options.augment == "diffaugment":
        return projected_gan_diffaugment()
    if options.augment == "adaptive":
        return Adaptive(adaptive_diffaugment(), images_to_full=images)
    if options.augment == "ada":
        return Adaptive(ADA("bgc"), images_to_full=images)
    return nn.Identity()


def blurred(images: Tensor, sigma: float) -> Tensor:
    """(N, 3, H, W) through the official code's filter, whose weight is one half after `sigma` pixels."""
    radius = int(3 * sigma)
    deviation = sigma / math.sqrt(2 * math.log(2))
    return gaussian_blur2d(images, 2 * radius + 1, (deviation, deviation)) if radius else images
