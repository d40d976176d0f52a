"""BiGAN, or ALI: two generators trained by one discriminator of pairs, as a baseline of CycleGAN.

Donahue et al. 2017, "Adversarial Feature Learning"; Dumoulin et al. 2017, "Adversarially Learned Inference".
Both draw images from noise and encode them; CycleGAN's authors gave them images of a second domain in place
of the noise, and their own networks and details (Zhu et al. 2017, section 5.1.2, and their Lua code).

    accelerate launch examples/bigan.py                       # Noto's emoji to Twemoji's and back
    accelerate launch examples/bigan.py paper --data ~/maps
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch
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
    batched,
    check_ranges,
    frozen,
    linear_decay,
    run_recipe,
)
from support.common import adam
from support.cyclegan import cycles
from support.start import start_networks
from support.steps import steps_of_epochs
from support.translation import (
    Direction,
    both_directions,
    check_halved_twice,
    check_layers,
    check_source,
    evaluate_and_save,
    find_files,
    usage_of,
    write_results,
)
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]
Pairs = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are CycleGAN's, which its authors gave all baselines; the presets change some of them."""

    data: tuple[Path, ...] = ()  # a folder with trainA and trainB (and testA, testB), or one for each domain
    emoji: bool = False  # train on the emoji of this repository instead
    portraits: bool = False  # or on its label maps (A) and portraits (B)
    counterparts: bool = False  # test images of equal names are true pairs: score against them
    size: Count = 256  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    width: Count = 64  # channels of the first layers
    blocks: Count | None = None  # residual blocks; if not given, 6 below 256 pixels, else 9
    layers: Count = 3  # of the discriminator; 2, 3, 4 have receptive fields of 34, 70, 142 pixels
    pool_size: CountOrZero = 50  # earlier pairs of each kind that the discriminator still sees
    ema: bool = True  # evaluate and save the averages of the generators' weights; not in the paper
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... e=... d=...
    lr: Positive = 2e-4  # learning rate of all networks
    batch_size: Count = 1  # images of each domain per step and process
    epochs: Count = 200  # passes over the larger domain; the learning rate decays over the second half
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/bigan"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="bigan.py paper")
        check_halved_twice(self.size)
        check_layers(self.layers, self.size)


SMALL = Options(
    counterparts=True, size=64, load_size=64, width=32, blocks=3, steps=4_000
)  # as in the preset emoji of cyclegan.py
PRESETS = {
    "emoji": replace(SMALL, emoji=True),
    "portraits": replace(SMALL, portraits=True),
    "paper": Options(),
}


class Training(NamedTuple):
    """Generator A to B, encoder B to A, discriminator of pairs, optimizers, averages and pools of pairs."""

    g: ResnetGenerator
    e: ResnetGenerator
    d: PatchDiscriminator
    opt_g: Adam
    opt_e: Adam
    opt_d: Adam
    ema_g: EMA[ResnetGenerator]
    ema_e: EMA[ResnetGenerator]
    generated: ImagePool
    encoded: ImagePool


def build(options: Options) -> Training:
    """CycleGAN's appendix 7.2: generators with residual blocks, a 70x70 PatchGAN that sees two images."""
    g, e = (cyclegan_resnet_paper(options.size, width=options.width, blocks=options.blocks) for _ in range(2))
    d = PatchDiscriminator(6, layers=options.layers, width=options.width, norm="instance")
    for network in (g, e, d):
        init_normal_(network)  # N(0, 0.02)
    g.usage = e.usage = usage_of(options.size, options.load_size)
    opt_g, opt_e, opt_d = (adam(options.lr, network) for network in (g, e, d))
    half_life = 1_000 if options.ema else 0  # steps; 0: the averages are the weights themselves
    ema_g, ema_e = (EMA(network, half_life, ramp_up=0.05) for network in (g, e))
    generated, encoded = (ImagePool(options.pool_size, seed=2 * options.run.seed + n) for n in range(2))
    return Training(g, e, d, opt_g, opt_e, opt_d, ema_g, ema_e, generated, encoded)


def pairs(a: Tensor, b: Tensor, g: nn.Module, e: nn.Module) -> Pairs:
    """(a, g(a)) and (e(b), b), each (N, 6, H, W): A in the first three channels, B in the last."""
    return torch.cat([a, g(a)], dim=1), torch.cat([e(b), b], dim=1)


def generator_terms(d: nn.Module, generated: Tensor, encoded: Tensor) -> Terms:
    """BiGAN's equation 3 by least squares, with swapped targets: 0 for (a, g(a)), 1 for (e(b), b)."""
    return {  # a forward for each, since each has its own optimizer and backward
        "generator": least_squares_generator_loss(d(generated), target=0.0),
        "encoder": least_squares_generator_loss(d(encoded), target=1.0),
    }


def discriminator_loss(d: nn.Module, generated: Tensor, encoded: Tensor) -> Tensor:
    """1 for (a, g(a)), 0 for (e(b), b), by least squares; halved to slow the discriminator down."""
    return 0.5 * least_squares_discriminator_loss(*batched(d)(generated, encoded))


def train(
    run: Run, batches: Loader, steps: int, directions: tuple[Direction, ...], t: Training, options: Options
) -> None:
    """The loop: both generators, then the discriminator on new and earlier pairs (Lua code: it first)."""
    for a, b in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1], unpaired
        lr = options.lr * linear_decay(run.step, start=steps // 2, end=steps)
        run.set_lr(lr, t.opt_g, t.opt_e, t.opt_d)
        with frozen(t.d):
            generated, encoded = pairs(a, b, t.g, t.e)
            terms = generator_terms(t.d, generated, encoded)
            run.update(t.opt_g, terms["generator"])
            run.update(t.opt_e, terms["encoder"])
        run.log(terms)
        loss = discriminator_loss(t.d, t.generated.swap(generated), t.encoded.swap(encoded))
        run.update(t.opt_d, loss)
        run.log({"discriminator": loss})
        if run.every(1):
            t.ema_g.update()
            t.ema_e.update()
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, directions)


def main(options: Options) -> None:
    """Train a generator and an encoder that fool one discriminator; the same command again resumes."""
    files, test_files = find_files(options.data, emoji=options.emoji, portraits=options.portraits)
    dataset = UnpairedFolders(*files, size=options.size, load_size=options.load_size)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    ema_g, ema_e = training.ema_g, training.ema_e
    directions = both_directions(
        run, *cycles(ema_g, ema_e), test_files, size=options.size, counterparts=options.counterparts
    )
    run.resume()
    train(run, batches, steps, directions, training, options)
    write_results(run, directions, a_to_b=ema_g.average, b_to_a=ema_e.average)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
