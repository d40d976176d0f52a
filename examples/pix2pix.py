"""pix2pix: translation of images, learned from pairs of input and output.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

    accelerate launch examples/pix2pix.py                                        # Noto's emoji to Twemoji's
    accelerate launch examples/pix2pix.py paper --data ~/facades --pairs halves --direction b-to-a
    accelerate launch examples/pix2pix.py super-resolution --data ~/photos
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_data import Kernel
from gan_losses import l1_loss, nonsaturating_discriminator_loss, nonsaturating_generator_loss
from gan_nets import (
    PatchDiscriminator,
    PixelDiscriminator,
    cyclegan_resnet_paper,
    init_normal_,
    pix2pix_unet_official,
    pix2pix_unet_paper,
)
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    Fraction,
    Loader,
    OptionError,
    Positive,
    Run,
    RunOptions,
    Weight,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
    total,
)
from support.common import adam, check_unused
from support.pix2pix import (
    Generator,
    check_generator,
    evaluate_and_save,
    find_datasets,
    in_direction,
    print_unet_depth,
    unet_depth,
    write_results,
)
from support.start import start_networks
from support.steps import steps_of_epochs
from support.translation import check_layers, check_source, usage_of
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 3 and appendix 6); the presets change some of them."""

    data: tuple[Path, ...] = ()  # one folder, or with --pairs folders one for A and one for B
    emoji: bool = False  # train on the emoji of this repository instead
    portraits: bool = False  # or on its label maps (A) and portraits (B)
    pairs: Literal["folders", "halves", "photos"] = "folders"  # equal names in trainA and trainB; left half A
    # and right half B; photos, of which A is a shrunken and enlarged copy
    direction: Literal["a-to-b", "b-to-a"] = "a-to-b"  # which of the two is the input
    scale: Count = 4  # of shrinking, with --pairs photos
    kernel: Kernel = "matlab-bicubic"  # of shrinking, with --pairs photos
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    flip: bool = True  # mirror pairs at random
    validation: Fraction = 0.1  # part that is held out if there is no test folder, by a hash of content
    generator: Literal["paper", "encoder-decoder", "official", "resnet"] = "paper"  # a U-Net; without skips;
    # with the PyTorch code's dropout; or CycleGAN's, as in its comparison
    blocks: Count | None = None  # of resnet; if not given, 6 below 256 pixels, else 9
    discriminator: Literal["conditional", "unconditional", "none"] = "conditional"  # none: L1 alone
    width: Count = 64  # channels of the first layers
    layers: CountOrZero = 3  # of the discriminator; 0 to 4 see patches of 1, 16, 34, 70, 142 pixels
    l1_weight: Weight = 100.0  # lambda
    ema: bool = False  # evaluate and save the generator's averaged weights; not in the paper
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-4  # learning rate of both networks
    batch_size: Count = 1  # pairs per step and process
    epochs: Count = 200  # passes over the data; in the second half the rate decays (PyTorch code)
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/pix2pix"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="pix2pix.py paper")
        check_generator(self)
        check_layers(self.layers, self.size)
        if self.pairs != "photos":
            check_unused(self, "--pairs photos", "scale", "kernel")
        if self.pairs == "photos" and self.size % self.scale:
            raise OptionError(f"--size must be a multiple of --scale {self.scale}; got {self.size}")
        if self.discriminator == "none" and not self.l1_weight:
            raise OptionError("--l1-weight must be above 0 without a discriminator; got 0.0")


SMALL = Options(size=64, load_size=64, flip=False, width=32)
UPPER_BOUND = replace(  # of unpaired translation: CycleGAN's generator and steps, and its averaged weights
    SMALL, flip=True, generator="resnet", blocks=3, ema=True, steps=4_000
)
PRESETS = {
    "emoji": replace(SMALL, emoji=True, batch_size=4, steps=3_000),
    "emoji-resnet": replace(UPPER_BOUND, emoji=True),
    "portraits": replace(UPPER_BOUND, portraits=True),
    "paper": Options(),
    "super-resolution": Options(pairs="photos", load_size=None),
}


class Training(NamedTuple):
    """Networks, optimizers and average."""

    g: Generator
    d: PatchDiscriminator | PixelDiscriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[Generator]


def build(options: Options) -> Training:
    """Appendix 6.1: a U-Net, and a PatchGAN that sees input and output."""
    if options.generator == "resnet":
        g = cyclegan_resnet_paper(options.size, width=options.width, blocks=options.blocks)
    else:
        unet = {
            "paper": pix2pix_unet_paper,
            "encoder-decoder": partial(pix2pix_unet_paper, skips=False),
            "official": pix2pix_unet_official,
        }[options.generator]
        g = unet(depth=unet_depth(options.size), width=options.width)
    channels = 3 if options.discriminator == "unconditional" else 6
    if options.layers:
        d = PatchDiscriminator(channels, layers=options.layers, width=options.width)
    else:
        d = PixelDiscriminator(channels, width=options.width)
    init_normal_(g)
    init_normal_(d)
    g.usage = usage_of(options.size, options.load_size)
    ema = EMA(g, half_life=200 if options.ema else 0)  # steps; 0: the weights themselves
    return Training(g, d, adam(options.lr, g), adam(options.lr, d), ema)


def discriminator_input(source: Tensor, image: Tensor, options: Options) -> Tensor:
    """The discriminator's input: (N, 6, H, W), or the image alone if it is unconditional."""
    return image if options.discriminator == "unconditional" else torch.cat([source, image], dim=1)


def discriminator_loss(
    d: nn.Module, source: Tensor, target: Tensor, fake: Tensor, options: Options
) -> Tensor:
    """Equation 1 (2 if it is unconditional), halved to slow the discriminator down (section 3.3)."""
    real_logits = d(discriminator_input(source, target, options))
    fake_logits = d(discriminator_input(source, fake.detach(), options))
    return 0.5 * nonsaturating_discriminator_loss(real_logits, fake_logits)


def generator_terms(d: nn.Module, source: Tensor, target: Tensor, fake: Tensor, options: Options) -> Terms:
    """Equation 4, L_cGAN(G, D) + lambda L_L1(G), term by term."""
    terms: Terms = {}
    if options.discriminator != "none":
        terms["adversarial"] = nonsaturating_generator_loss(d(discriminator_input(source, fake, options)))
    if options.l1_weight:
        terms["pixel"] = options.l1_weight * l1_loss(fake, target)
    return terms


def train(run: Run, batches: Loader, steps: int, test_batches: Loader, t: Training, options: Options) -> None:
    """The loop: the discriminator, then the generator, on the same fakes."""
    for pair in run.steps(batches, until=steps):
        run.set_lr(options.lr * linear_decay(run.step, start=steps // 2, end=steps), t.opt_g, t.opt_d)
        source, target = in_direction(pair, options.direction)  # (N, 3, H, W) in [-1, 1]
        fake = t.g(source)
        if options.discriminator != "none":
            loss = discriminator_loss(t.d, source, target, fake, options)
            run.update(t.opt_d, loss)
            run.log({"discriminator": loss})
        with frozen(t.d):
            terms = generator_terms(t.d, source, target, fake, options)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, t.ema, test_batches, options)


def main(options: Options) -> None:
    """Train a generator on pairs; the same command again resumes."""
    dataset, test = find_datasets(options)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    if run.is_main and options.generator != "resnet":
        print_unet_depth(options.size)
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test, 1, shuffle=False, passes=1)  # one by one: batch norm uses test statistics
    run.resume()
    train(run, batches, steps, test_batches, training, options)
    write_results(run, training.ema, test, options)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
