"""CUT and FastCUT: one-sided translation between two kinds of images, by contrasting patches.

Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation".

    accelerate launch examples/cut.py                              # Noto's emoji to Twemoji's, minutes
    accelerate launch examples/cut.py portraits                    # label maps to drawn faces
    accelerate launch examples/cut.py fastcut --data ~/horse2zebra
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_data import UnpairedFolders
from gan_losses import least_squares_discriminator_loss, least_squares_generator_loss, patch_nce_loss
from gan_nets import (
    PatchDiscriminator,
    PatchSampler,
    ResnetGenerator,
    init_xavier_,
    random_positions,
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
    batched,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
    total,
)
from support.common import adam
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
from torch import Tensor
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are CUT's (section 4 and appendix C); the presets change some of them."""

    data: tuple[Path, ...] = ()  # a folder with trainA and trainB (and testA, testB), or one for each domain
    emoji: bool = False  # train on the emoji of this repository instead
    portraits: bool = False  # or on its label maps (A) and drawn faces (B)
    counterparts: bool = False  # test images of equal names are true pairs: score against them
    direction: Literal["a-to-b", "b-to-a"] = "a-to-b"  # what is translated
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    antialias: bool = True  # blur when downsampling; off: CycleGAN's networks
    width: Count = 64  # channels of the first layers
    blocks: Count = 9  # residual blocks
    layers: Count = 3  # of the discriminator
    adversarial_weight: Weight = 1.0  # lambda_GAN
    nce_weight: Weight = 1.0  # lambda_NCE
    nce_identity: bool = True  # half of the contrastive loss is between B and its translation
    nce_layers: tuple[CountOrZero, ...] = (0, 4, 8, 12, 16)  # of the encoder; `encoder_features` numbers them
    negatives: Literal["image", "batch"] = "image"  # patches of the same image, or of all images of the batch
    patches: Count = 256  # places that are contrasted, in each layer
    temperature: Positive = 0.07  # tau
    flip_equivariance: bool = False  # mirror half of the inputs, and the features of their outputs
    ema: bool = True  # evaluate and save the average of the weights; not in the paper
    start: tuple[
        str, ...
    ] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=... sampler=...
    lr: Positive = 2e-4  # learning rate of all networks
    decay_start: Fraction = 0.5  # part of the training after which the learning rate decays
    batch_size: Count = 1  # images of each domain per step and process
    epochs: Count = 400  # passes over the larger domain
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/cut"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="cut.py cut")
        check_halved_twice(self.size)
        check_layers(self.layers, self.size)
        if not (self.adversarial_weight or self.nce_weight):
            raise OptionError("--adversarial-weight or --nce-weight must be above 0; got 0 for both")
        with torch.device("meta"):
            known = generator(self).encoder_layers
        if not self.nce_layers or not set(self.nce_layers) <= set(known):
            raise OptionError(
                f"--nce-layers must be from {' '.join(map(str, known))} for --blocks {self.blocks}; "
                f"got {' '.join(map(str, self.nce_layers)) or 'none'}"
            )


def generator(options: Options) -> ResnetGenerator:
    """CycleGAN's, by default without its checkerboards."""
    return ResnetGenerator(
        blocks=options.blocks,
        width=options.width,
        downsample="blurred" if options.antialias else "strided",
        upsample="resized" if options.antialias else "transposed",
    )


SMALL = Options(
    counterparts=True, size=64, load_size=64, width=32, blocks=3, nce_layers=(0, 4, 8, 12, 14), steps=4_000
)
PRESETS = {
    "emoji": dataclasses.replace(SMALL, emoji=True),
    "portraits": dataclasses.replace(SMALL, portraits=True),
    "cut": Options(),
    "fastcut": Options(
        nce_weight=10.0, nce_identity=False, flip_equivariance=True, epochs=200, decay_start=0.75
    ),
}


class Training(NamedTuple):
    """Networks, optimizers, and the average of the generator."""

    g: ResnetGenerator
    d: PatchDiscriminator
    sampler: PatchSampler
    opt_g: Adam
    opt_d: Adam
    ema: EMA[ResnetGenerator]


def build(options: Options) -> Training:
    """Section 4 and appendix C.1: CycleGAN's networks without aliasing, and an MLP for each layer."""
    g = generator(options)
    downsample = "blurred" if options.antialias else "strided"
    d = PatchDiscriminator(
        3, layers=options.layers, width=options.width, norm="instance", downsample=downsample
    )
    with torch.no_grad():
        maps = g.encoder_features(torch.zeros(1, 3, 8, 8), options.nce_layers)
    sampler = PatchSampler([each.shape[1] for each in maps])  # two layers of 256
    for network in (g, d, sampler):
        init_xavier_(network)  # gain 0.02
    g.usage = usage_of(options.size, options.load_size)
    # One Adam for generator and MLPs; the authors' two have the same settings.
    opt_g, opt_d = adam(options.lr, g, sampler), adam(options.lr, d)  # betas 0.5 and 0.999
    half_life = 1_000 if options.ema else 0  # steps; 0: the average is the weights themselves
    return Training(g, d, sampler, opt_g, opt_d, EMA(g, half_life, ramp_up=0.05))


def contrastive_loss(
    source: Tensor, translated: Tensor, t: Training, options: Options, *, mirrored: bool
) -> Tensor:
    """Equations 3 and 4: at each place, tell the source's patch from its others; the mean over layers."""
    with torch.no_grad():  # the source's patches are constants
        maps = t.g.encoder_features(source, options.nce_layers)
        positions = random_positions(maps, options.patches)
        keys = t.sampler(maps, positions)
    maps = t.g.encoder_features(translated, options.nce_layers)
    queries = t.sampler([each.flip(3) for each in maps] if mirrored else maps, positions)
    losses = [
        patch_nce_loss(query, key, temperature=options.temperature, negatives=options.negatives)
        for query, key in zip(queries, keys, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_terms(
    source: Tensor, target: Tensor, fake: Tensor, identity: Tensor | None, t: Training, options: Options,
    *, mirrored: bool,
) -> Terms:  # fmt: skip
    """Equation 5, term by term.

    lambda_GAN L_GAN(g(x), d) + lambda_NCE (L_NCE(x, g(x)) + L_NCE(y, g(y))) / 2; without the second
    contrastive term (`identity` is None) the first one counts whole.
    """
    terms: Terms = {}
    if options.adversarial_weight:
        terms["adversarial"] = options.adversarial_weight * least_squares_generator_loss(t.d(fake))
    if options.nce_weight:
        weight = options.nce_weight / (1 if identity is None else 2)
        terms["nce"] = weight * contrastive_loss(source, fake, t, options, mirrored=mirrored)
        if identity is not None:
            nce_identity = contrastive_loss(target, identity, t, options, mirrored=mirrored)
            terms["nce_identity"] = weight * nce_identity
    return terms


def discriminator_loss(d: PatchDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Least squares, halved, as in CycleGAN."""
    return 0.5 * least_squares_discriminator_loss(*batched(d)(real, fake))


def train(run: Run, batches: Loader, steps: int, direction: Direction, t: Training, options: Options) -> None:
    """The loop: the discriminator, then the generator and the MLPs, on the same fakes."""
    for source, target in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1], unpaired
        lr = options.lr * linear_decay(run.step, start=int(options.decay_start * steps), end=steps)
        run.set_lr(lr, t.opt_g, t.opt_d)
        flip = run.draw_shared(lambda: torch.rand((), device="cpu") < 0.5)
        mirrored = options.flip_equivariance and bool(flip)
        images = source, target if options.nce_identity and options.nce_weight else None
        if mirrored:
            images = tuple(each if each is None else each.flip(3) for each in images)
        fake, identity = batched(t.g)(*images)
        if options.adversarial_weight:
            loss = discriminator_loss(t.d, target, fake.detach())
            run.update(t.opt_d, loss)
            run.log({"discriminator": loss})
        with frozen(t.d):
            losses = partial(generator_terms, source, target, fake, identity, t, options, mirrored=mirrored)
            terms = run.draw_shared(losses)  # the places of the patches, on which all images are compared
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if run.every(1):  # after a whole step, not after each of --accumulate's batches
            t.ema.update()
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, [direction])


def main(options: Options) -> None:
    """Train a generator in one direction; the same command again resumes."""
    files, test_files = find_files(options.data, emoji=options.emoji, portraits=options.portraits)
    sources_and_targets = files if options.direction == "a-to-b" else files[::-1]
    dataset = UnpairedFolders(*sources_and_targets, size=options.size, load_size=options.load_size)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    direction = one_direction(
        run, training.ema, test_files,
        direction=options.direction, size=options.size, counterparts=options.counterparts,
    )  # fmt: skip
    if options.negatives == "batch":
        run.needs_same_processes("--negatives batch contrasts the patches of each process's own batch")
    run.resume()
    train(run, batches, steps, direction, training, options)
    write_results(run, [direction], **{direction.name: training.ema.average})


if __name__ == "__main__":
    run_recipe(main, PRESETS)
