"""A generator that is kept close to its input by a pixel or a feature loss: two baselines of CycleGAN.

Pixel loss + GAN, as in SimGAN (Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images
through Adversarial Training"), and feature loss + GAN, with the networks and details of CycleGAN (Zhu et al.
2017, section 5.1.2).

    accelerate launch examples/content_gan.py                        # pixels; Noto's emoji to Twemoji's
    accelerate launch examples/content_gan.py --content features
    accelerate launch examples/content_gan.py paper --data ~/maps --direction b-to-a
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from gan_data import UnpairedFolders
from gan_losses import least_squares_discriminator_loss, least_squares_generator_loss
from gan_nets import PatchDiscriminator, ResnetGenerator, cyclegan_resnet_paper, init_normal_
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    ImagePool,
    Loader,
    Positive,
    Run,
    RunOptions,
    Weight,
    batched,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
    total,
)
from support.common import adam, check_unused
from support.content_gan import content_distance
from support.start import start_networks
from support.steps import steps_of_epochs
from support.translation import (
    Direction,
    check_halved_twice,
    check_layers,
    check_source,
    evaluate_and_save,
    find_files,
    one_direction,
    usage_of,
    write_results,
)
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are CycleGAN's, which its authors gave all baselines; the presets change some of them."""

    data: tuple[Path, ...] = ()  # a folder with trainA and trainB (and testA, testB), or one for each domain
    emoji: bool = False  # train on the emoji of this repository instead
    portraits: bool = False  # or on its label maps (A) and portraits (B)
    direction: Literal["a-to-b", "b-to-a"] = "a-to-b"  # which domain is the input
    counterparts: bool = False  # test images of equal names are true pairs: score against them
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    width: Count = 64  # channels of the first layers
    blocks: Count | None = None  # residual blocks; if not given, 6 below 256 pixels, else 9
    layers: Count = 3  # of the discriminator; 2, 3, 4 have receptive fields of 34, 70, 142 pixels
    content: Literal["pixel", "features"] = "pixel"  # what of the output is compared with the input
    content_weight: Weight = 10.0  # lambda
    features: Literal["lite0", "vgg19"] = "lite0"  # network of --content features; the paper's is VGG16
    vgg19: Path | None = None  # file of VGG19's weights; if not given, torchvision's are downloaded
    feature_size: Count = 224  # the features' images are resized to this side (Lua code)
    pool_size: CountOrZero = 50  # earlier fakes that the discriminator still sees
    ema: bool = True  # evaluate and save the average of the generator's weights; not in the paper
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-4  # learning rate of both networks
    batch_size: Count = 1  # images of each domain per step and process
    epochs: Count = 200  # passes over the larger domain; the learning rate decays over the second half
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/content_gan"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="content_gan.py paper")
        check_halved_twice(self.size)
        check_layers(self.layers, self.size)
        if self.content != "features":
            check_unused(self, "--content features", "features", "vgg19")
        if self.features != "vgg19":
            check_unused(self, "--content features --features vgg19", "vgg19")


SMALL = Options(
    counterparts=True, size=64, load_size=64, width=32, blocks=3, feature_size=128, steps=4_000
)  # as in the preset emoji of cyclegan.py
PRESETS = {
    "emoji": replace(SMALL, emoji=True),
    "portraits": replace(SMALL, portraits=True),
    "paper": Options(),
}


class Training(NamedTuple):
    """Networks, content distance (not saved), optimizers, average and image pool."""

    g: ResnetGenerator
    d: PatchDiscriminator
    content: nn.Module
    opt_g: Adam
    opt_d: Adam
    ema: EMA[ResnetGenerator]
    pool: ImagePool


def build(options: Options) -> Training:
    """CycleGAN's appendix 7.2: a generator with residual blocks, a 70x70 PatchGAN of its output alone."""
    g = cyclegan_resnet_paper(options.size, width=options.width, blocks=options.blocks)
    d = PatchDiscriminator(3, layers=options.layers, width=options.width, norm="instance")
    for network in (g, d):
        init_normal_(network)  # N(0, 0.02)
    g.usage = usage_of(options.size, options.load_size)
    half_life = 1_000 if options.ema else 0  # steps; 0: the average is the weights themselves
    ema = EMA(g, half_life, ramp_up=0.05)
    opt_g, opt_d = adam(options.lr, g), adam(options.lr, d)  # betas 0.5 and 0.999
    pool = ImagePool(options.pool_size, seed=options.run.seed)
    return Training(g, d, content_distance(options), opt_g, opt_d, ema, pool)


def generator_terms(source: Tensor, fake: Tensor, t: Training, options: Options) -> Terms:
    """L_GAN(g, d) + lambda |phi(g(source)) - phi(source)|; phi: pixels (SimGAN, equation 4) or features."""
    terms = {"adversarial": least_squares_generator_loss(t.d(fake))}
    if options.content_weight:
        terms["content"] = options.content_weight * t.content(fake, source)
    return terms


def discriminator_loss(d: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """CycleGAN's section 4, least squares; halved to slow the discriminator down (appendix 7.1)."""
    return 0.5 * least_squares_discriminator_loss(*batched(d)(real, fake))


def train(run: Run, batches: Loader, steps: int, direction: Direction, t: Training, options: Options) -> None:
    """The loop: the generator, then the discriminator on new and earlier fakes."""
    for a, b in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1], unpaired
        run.set_lr(options.lr * linear_decay(run.step, start=steps // 2, end=steps), t.opt_g, t.opt_d)
        source, real = (a, b) if options.direction == "a-to-b" else (b, a)
        with frozen(t.d):
            fake = t.g(source)
            terms = generator_terms(source, fake, t, options)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        loss = discriminator_loss(t.d, real, t.pool.swap(fake))
        run.update(t.opt_d, loss)
        run.log({"discriminator": loss})
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, [direction])


def main(options: Options) -> None:
    """Train a generator of one direction; the same command again resumes."""
    files, test_files = find_files(options.data, emoji=options.emoji, portraits=options.portraits)
    dataset = UnpairedFolders(*files, size=options.size, load_size=options.load_size)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    registered = training._asdict()
    run.prepare(registered.pop("content"))
    run.register(**registered)
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    direction = one_direction(
        run,
        training.ema,
        test_files,
        direction=options.direction,
        size=options.size,
        counterparts=options.counterparts,
    )
    run.resume()
    train(run, batches, steps, direction, training, options)
    write_results(run, [direction], **{direction.name: training.ema.average})


if __name__ == "__main__":
    run_recipe(main, PRESETS)
