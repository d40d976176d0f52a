"""The networks and augmentations of projected_gan.py, by name."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from gan_augment import ADA, Adaptive, adaptive_diffaugment, projected_gan_diffaugment
from gan_losses import l1_loss, r1_penalty, random_margin_discriminator_loss, reconstruction_loss
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
from gan_trainers import Run, global_mean
from torch import Tensor, nn

from support.latents import noise_maps
from support.logits import Logits

if TYPE_CHECKING:
    from projected_gan import Options

Generator = FastGANGenerator | StyleGAN2Generator | DCGANGenerator
Discriminator = ProjectedDiscriminator | FastGANDiscriminator | DCGANDiscriminator
Augment = Callable[[Tensor], Tensor]


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


def generated(run: Run, g: Generator, count: int, *labels: Tensor) -> Tensor:
    """New images (count, 3, H, W), from latents and noise that are the same for any number of processes."""
    z = run.draw(count, lambda n: torch.randn(n, g.latents, device=run.device))
    if isinstance(g, DCGANGenerator):
        return g(z)
    return g(z, *labels, noise=noise_maps(run, g, count))


def fastgan_baseline(
    options: "Options", d: nn.Module, run: Run
) -> Callable[[Tensor, Tensor, Augment], tuple[dict[str, Tensor], Logits]]:
    """FastGAN's own discriminator loss, of real and fake images and an augmentation.

    Liu et al. 2021, equations 2 to 4: hinge losses with random margins, and reconstructions of real images.
    The official code sums distances over the batch of all processes, and averages over the logits of both
    scales where their means are added here: together a factor of twice the batch size. Its distance is LPIPS;
    here it is that of the backbone's features, or L1.
    """
    distance = l1_loss
    if options.reconstruction == "features":
        extractor = Backbone(options.backbone, weights=options.weights).to(run.device)
        distance = partial(feature_distance, extractor)

    def uniform(logits: Tensor) -> Tensor:  # the same for any number of processes
        return run.draw(len(logits), lambda n: torch.rand(n, *logits.shape[1:], device=logits.device))

    def terms(real: Tensor, fake: Tensor, augment: Augment) -> tuple[dict[str, Tensor], Logits]:
        weight = 2 * len(real) * run.processes * options.run.accumulate
        quadrant = int(run.draw_shared(lambda: torch.randint(4, ())))  # that is reconstructed in detail
        real_logits, reconstructions = d(augment(real), quadrant=quadrant)
        fake_logits = d(augment(fake.detach()))
        reconstruction = weight * reconstruction_loss(reconstructions, distance=distance)
        discriminator = random_margin_discriminator_loss(real_logits, fake_logits, uniform=uniform)
        found = {"discriminator": discriminator, "reconstruction": reconstruction}
        return found, Logits(real_logits, fake_logits)

    return terms


def heads_penalty(d: ProjectedDiscriminator, real: Tensor, labels: Tensor | None) -> Tensor:
    """R1 on the inputs of the heads (Sauer et al. 2023, "Adversarial Diffusion Distillation", equation 3).

    In float32, without the equation's factor gamma / 2. The squared gradient of each head is multiplied by
    the mean square norm of its inputs, so that the slope along a relative change counts: the random
    projections have arbitrary scales.
    """
    with torch.no_grad():
        inputs = d.features(real)
        energies = [global_mean(x.square().flatten(1).sum(1)) for x in inputs]
    penalties = [
        energy * r1_penalty(partial(head, labels=labels), x)
        for energy, head, x in zip(energies, d.heads.heads, inputs, strict=True)
    ]
    return torch.stack(penalties).sum()


def build_augmentation(name: str, images_to_full: int, accumulate: int) -> nn.Module:
    """The augmentation of --augment; an adaptive one rises from 0 to 1 over `images_to_full` images at most.

    "adaptive" rises until the losses on real and fake images are equal (Keras example), "ada" until the mean
    sign of the real logits is 0.6. Its probability changes every four steps, of `accumulate` batches each.
    """
    interval = 4 * accumulate
    if name == "diffaugment":
        return projected_gan_diffaugment()
    if name == "adaptive":
        return Adaptive(adaptive_diffaugment(), images_to_full=images_to_full, interval=interval)
    if name == "ada":
        return Adaptive(ADA("bgc"), images_to_full=images_to_full, interval=interval)
    return nn.Identity()


def blurred(images: Tensor, sigma: float) -> Tensor:
    """(N, 3, H, W) through the official code's filter, whose weight is one half after `sigma` pixels."""
    radius = int(3 * sigma)
    if radius == 0:
        return images
    from kornia.filters import gaussian_blur2d  # whose import takes a second, and makes tensors

    deviation = sigma / math.sqrt(2 * math.log(2))
    return gaussian_blur2d(images, 2 * radius + 1, (deviation, deviation))
