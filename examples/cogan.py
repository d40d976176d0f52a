"""CoGAN: pairs of images of two domains, learned without pairs, and translation by their common latent.

Liu and Tuzel 2016, "Coupled Generative Adversarial Networks", as a baseline of CycleGAN (Zhu et al. 2017,
section 5.1.2).

    accelerate launch examples/cogan.py                           # Noto's emoji and Twemoji's
    accelerate launch examples/cogan.py paper --data ~/faces      # the paper's numbers
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_data import UnpairedFolders
from gan_losses import nonsaturating_discriminator_loss, nonsaturating_generator_loss
from gan_nets import CoGANDiscriminator, CoGANGenerator, init_normal_
from gan_trainers import (
    EMA,
    Count,
    Loader,
    OptionError,
    Positive,
    Run,
    RunOptions,
    check_ranges,
    frozen,
    run_recipe,
    seeded,
    total,
)
from support.cogan import Inversion, by_latent, latents_file
from support.common import adam
from support.start import start_networks
from support.translation import (
    Direction,
    both_directions,
    check_source,
    evaluate_and_save,
    find_files,
    write_results,
)
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4, and its appendix on faces); presets change some of them."""

    data: tuple[Path, ...] = ()  # a folder with trainA and trainB (and testA, testB), or one for each domain
    emoji: bool = False  # train on the emoji of this repository instead
    portraits: bool = False  # or on its label maps (A) and portraits (B)
    counterparts: bool = False  # test images of equal names are true pairs: score against them
    size: Count = 128  # side of the square crops, in pixels
    load_size: Count | Literal["jitter"] | None = 132  # shorter side, cropped; jitter: size * 286/256
    width: Count = 32  # channels of the layers at the full size
    latents: Count = 100  # dimensions of the latent, each from N(0, 1)
    starts: Count = 4  # latents from which the search for that of an image starts; the best result counts
    iterations: Count = 100  # of L-BFGS in each search
    ema: bool = True  # evaluate and save the averages of the generators' weights; not in the paper
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-4  # learning rate of all networks
    batch_size: Count = 128  # images of each domain per step and process
    steps: Count = 50_000  # in the authors' code, which counts the updates of both players, 100,000
    run: RunOptions = RunOptions(out=Path("runs/cogan"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_source(self.data, emoji=self.emoji, portraits=self.portraits, preset="cogan.py paper")
        if self.size & (self.size - 1) or not 8 <= self.size <= 256:
            raise OptionError(f"--size must be a power of 2 from 8 to 256; got {self.size}")


SMALL = Options(
    counterparts=True, size=64, load_size=64, starts=2, iterations=50, batch_size=8, steps=4_000
)  # a step takes about as long as one of CycleGAN with 1 image
PRESETS = {
    "emoji": replace(SMALL, emoji=True),
    "portraits": replace(SMALL, portraits=True),
    "paper": Options(),
}


class Training(NamedTuple):
    """Networks, optimizers and average. Both networks are pairs with shared layers."""

    g: CoGANGenerator
    d: CoGANDiscriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[CoGANGenerator]


def build(options: Options) -> Training:
    """Section 3: generators that share all but the last layer, discriminators all but the first."""
    g = CoGANGenerator(options.size, latents=options.latents, width=options.width)
    d = CoGANDiscriminator(options.size, width=options.width)
    for network in (g, d):
        init_normal_(network)  # N(0, 0.02)
    half_life = 1_000 if options.ema else 0  # steps; 0: the weights themselves
    # The authors' code decays weights by 1e-4 besides; the paper does not say so.
    return Training(g, d, adam(options.lr, g), adam(options.lr, d), EMA(g, half_life, ramp_up=0.05))


def logits(d: nn.Module, reals: Tensor, fakes: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 2) of unpaired real images and of generated pairs, (N, 6, H, W), with a column for each domain.

    They are one batch as in the authors' code for faces, since batch norm would hide how the two differ.
    """
    return d(torch.cat([reals, fakes])).chunk(2)


def generator_terms(d: nn.Module, reals: Tensor, fakes: Tensor) -> Terms:
    """The generators' part of equation 2, in its non-saturating form, of each domain."""
    _, fake_logits = logits(d, reals, fakes)
    return {
        f"adversarial_{domain}": nonsaturating_generator_loss(fake_logits[:, column])
        for column, domain in enumerate("ab")
    }


def discriminator_terms(d: nn.Module, reals: Tensor, fakes: Tensor) -> Terms:
    """The discriminators' part of equation 2, of each domain."""
    real_logits, fake_logits = logits(d, reals, fakes.detach())
    return {
        f"discriminator_{domain}": nonsaturating_discriminator_loss(
            real_logits[:, column], fake_logits[:, column]
        )
        for column, domain in enumerate("ab")
    }


def train(
    run: Run, batches: Loader, directions: tuple[Direction, ...], t: Training, options: Options
) -> None:
    """The loop: the discriminators, then the generators, on the same pairs (authors' code: on others)."""
    for a, b in run.steps(batches, until=options.steps):  # (N, 3, H, W) in [-1, 1], unpaired
        run.set_lr(options.lr, t.opt_g, t.opt_d)
        z = run.draw(len(a), lambda n: torch.randn(n, options.latents, device=run.device))
        reals, fakes = torch.cat([a, b], dim=1), t.g(z)
        terms = discriminator_terms(t.d, reals, fakes)
        run.update(t.opt_d, total(terms))
        run.log(terms)
        with frozen(t.d):
            terms = generator_terms(t.d, reals, fakes)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(options.steps)):
            with seeded(options.run.seed, run.device):
                pairs = t.ema(torch.randn(8, options.latents).to(run.device)).chunk(2, dim=1)
                run.grid("pairs", *pairs, titles=["A", "B"])
            if run.step < options.steps:
                run.save()
            else:  # images are translated after the training, since each needs a search
                evaluate_and_save(run, directions)


def main(options: Options) -> None:
    """Train two coupled generators, then translate by the latent that draws an image."""
    files, test_files = find_files(options.data, emoji=options.emoji, portraits=options.portraits)
    dataset = UnpairedFolders(*files, size=options.size, load_size=options.load_size)
    run = options.run.start(options)
    run.settings |= {"evaluate_every": options.run.evaluation_interval(options.steps)}
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    inversion = Inversion(options.starts, options.iterations, options.run.seed)
    states = by_latent(training.ema, inversion, lambda: latents_file(run))
    directions = both_directions(
        run, *states, test_files, size=options.size, counterparts=options.counterparts
    )
    run.resume()
    train(run, batches, directions, training, options)
    write_results(run, directions, generator=training.ema.average)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
