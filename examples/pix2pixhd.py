"""pix2pixHD: photos from label maps, first at half of the size, then in all details.

Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs".

    accelerate launch examples/pix2pixhd.py                            # drawn faces from label maps
    accelerate launch examples/pix2pixhd.py paper --data ~/cityscapes  # 512x1024, then 1024x2048
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from gan_losses import (
    feature_matching_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    pix2pixhd_perceptual_loss,
)
from gan_nets import GlobalGenerator, InstanceEncoder, LocalEnhancer, MultiscaleDiscriminator, init_normal_
from gan_trainers import (
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
    linear_decay,
    run_recipe,
    total,
)
from images import PORTRAIT_COLORS
from support.common import adam, check_data, check_unused
from support.labels import report_labels
from support.pix2pixhd import Files, LabelToImage, evaluate_and_save, find_files, read, write_results
from support.start import start_networks, started_names
from torch import Tensor, nn
from torch.optim import Adam

Generator = GlobalGenerator | LocalEnhancer
Features = list[list[Tensor]]  # of each discriminator, the outputs of its layers; the logits are the last
Loss = Callable[[Tensor, Tensor], Tensor]
Steps = tuple[int, int]  # of the global generator and of the enhancer


def check_steps(steps: Steps, fix_global: int | None) -> None:
    """Refuse to train nothing, and to freeze the global generator for longer than the enhancer is trained."""
    if not any(steps):
        raise OptionError(
            "--steps must be above 0 for one generator; got 0 0, as few photos and --epochs make"
        )
    if fix_global is not None and fix_global > steps[1]:
        raise OptionError(f"--fix-global must be at most the enhancer's {steps[1]} steps; got {fix_global}")


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's for Cityscapes (section 4 and the official code)."""

    data: Path | None = None  # a folder with train_img, train_label, train_inst (and test_img and so on)
    portraits: bool = False  # train on this repository's portraits instead, their classes and areas
    classes: Count = 35  # of the label maps
    ignore: CountOrZero | None = 255  # label of pixels without a class; none: every pixel has one
    boundaries: bool = True  # between instances, as an input (section 3.3)
    features: CountOrZero = 0  # channels of the instance features, 3 in the paper; 0: without an encoder
    size: tuple[Count, Count] = (1024, 2048)  # height and width; the global generator has half of both
    validation: Fraction = 0.1  # part that is held out if there is no test_img, chosen by content
    width: Count = 32  # channels of the enhancer's first layer; twice as many in the other networks
    downsamplings: Count = 4  # of the global generator
    blocks: Count = 9  # residual blocks of the global generator
    upsample: Literal["transposed", "resized"] = (
        "transposed"  # resized: without the grid that the paper's leave
    )
    scales: tuple[Count, Count] = (2, 3)  # number of discriminators at half and at full size
    feature_matching_weight: Weight = 10.0  # lambda; 0: without feature matching
    perceptual: Literal["torchvision"] | Path | None = None  # VGG19's weights, for a perceptual loss
    perceptual_weight: Weight = 10.0  # of the perceptual loss
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune; or by name: global=... and so on
    lr: Positive = 2e-4  # learning rate of all networks
    batch_size: Count = 1  # photos per step and process
    epochs: tuple[CountOrZero, CountOrZero] = (200, 100)  # of global generator and enhancer; the learning
    # rate decays over the second half of each
    steps: tuple[CountOrZero, CountOrZero] | None = None  # instead of epochs
    fix_global: CountOrZero | None = None  # steps of the enhancer alone; if not given, a tenth of its steps
    run: RunOptions = RunOptions(out=Path("runs/pix2pixhd"))

    def __post_init__(self) -> None:
        check_ranges(self)
        multiple = 2 ** (self.downsamplings + 1)
        check_data(self.data, embedded=self.portraits, preset="pix2pixhd.py paper")
        if any(side % multiple or side < 2 * multiple for side in self.size):
            raise OptionError(
                f"--size must be multiples of {multiple}, {2 * multiple} or more; got {self.size[0]} "
                f"{self.size[1]}; or use fewer --downsamplings"
            )
        if self.ignore is not None and self.ignore < self.classes:
            raise OptionError(
                f"--ignore must be a label beyond --classes {self.classes}, or none; got {self.ignore}"
            )
        if self.perceptual is None:
            check_unused(self, "--perceptual", "perceptual_weight")
        if self.steps is not None:
            check_steps(self.steps, self.fix_global)


PRESETS = {
    "portraits": Options(
        portraits=True, classes=len(PORTRAIT_COLORS), ignore=None, features=3, size=(64, 64), width=16,
        downsamplings=1, blocks=6, upsample="resized", batch_size=8, steps=(1_500, 800),
    ),
    "paper": Options(),
}  # fmt: skip


class Stage(NamedTuple):
    """The training of one generator."""

    name: str
    model: LabelToImage
    d: MultiscaleDiscriminator
    opt_g: Adam
    opt_d: Adam
    batches: Loader
    test_batches: Loader
    first: int  # its first step, from 0
    end: int  # the step after its last


class Phase(NamedTuple):
    """A part of a stage."""

    name: str
    stage: Stage
    first: int  # its first step, from 0
    steps: int
    frozen: tuple[nn.Module, ...]
    reset: tuple[Adam, ...]  # optimizers that start again


def build(options: Options, run: Run, files: Files, test_files: Files, steps: Steps) -> tuple[Stage, Stage]:
    """Section 3.2: networks, optimizers and data of the global generator, and of the enhancer around it."""
    downsamplings, blocks = options.downsamplings, options.blocks
    condition = options.classes + options.boundaries
    coarse, fine = (
        network(
            condition + options.features,
            width=width,
            downsamplings=downsamplings,
            blocks=blocks,
            upsample=options.upsample,
        )
        for network, width in ((GlobalGenerator, 2 * options.width), (LocalEnhancer, options.width))
    )
    d_coarse, d_fine = (
        MultiscaleDiscriminator(condition + 3, scales=scales, width=2 * options.width)
        for scales in options.scales
    )
    networks: dict[str, nn.Module] = {
        "global": coarse, "enhancer": fine, "d_global": d_coarse, "d_enhancer": d_fine
    }  # fmt: skip
    encoder = None
    if options.features:
        width = max(1, options.width // 2)
        encoder = InstanceEncoder(3, options.features, width=width, downsamplings=downsamplings)
        networks["encoder"] = encoder
    for network in networks.values():
        init_normal_(network)
    started = start_networks(options.start, networks, options, run)
    run.register(**networks)
    encoders = [encoder] if encoder else []

    def stage(
        name: str, g: Generator, d: MultiscaleDiscriminator, size: tuple[int, int], first: int, end: int
    ) -> Stage:
        opt_g, opt_d = adam(options.lr, g, *encoders), adam(options.lr, d)
        run.register(**{f"opt_g_{name}": opt_g, f"opt_d_{name}": opt_d})
        photos = read(files, size, options, flip=True)
        batches = run.loader(photos, options.batch_size, workers=options.run.workers)
        test_batches = run.loader(read(test_files, size, options), options.batch_size, passes=1)
        model = LabelToImage(g, encoder, options.classes, options.ignore, options.boundaries)
        return Stage(name, model, d, opt_g, opt_d, batches, test_batches, first, end)

    half = options.size[0] // 2, options.size[1] // 2
    stages = (
        stage("global", coarse, d_coarse, half, 0, steps[0]),
        stage("enhancer", fine, d_fine, options.size, steps[0], sum(steps)),
    )
    if "global" in started and not started & {"enhancer", "d_enhancer"}:
        initialize_enhancer(*stages)
    return stages


def schedule(stages: tuple[Stage, Stage], steps: Steps, fix_global: int | None) -> list[Phase]:
    """The global generator; the enhancer with the global generator frozen; both (section 3.2).

    Adam starts again in each phase, as in the official code, but for the discriminators' in the third. The
    encoder is frozen in the second, since its gradients would pass through the frozen generator.
    """
    first, second = stages
    alone = steps[1] // 10 if fix_global is None else fix_global
    encoder = second.model.encoder
    frozen_modules = (second.model.generator.get_submodule("coarse"), *([encoder] if encoder else []))
    reset = (first.opt_g, first.opt_d)
    return [
        Phase("global", first, 0, steps[0], (), reset=()),
        Phase("enhancer, global frozen", second, first.end, alone, frozen_modules, reset),
        Phase("joint", second, first.end + alone, steps[1] - alone, (), reset=(second.opt_g,)),
    ]


def initialize_enhancer(first: Stage, second: Stage) -> None:
    """Copy the weights of the global generator, and of the discriminators of the same sizes."""
    trunk = first.model.generator.get_submodule("trunk")
    second.model.generator.get_submodule("coarse").load_state_dict(trunk.state_dict())
    for learned, scale in zip(first.d.scales, second.d.scales[1:], strict=False):
        scale.load_state_dict(learned.state_dict())


def generator_terms(
    real_features: Features,
    fake_features: Features,
    fake: Tensor,
    photo: Tensor,
    perceptual: Loss | None,
    options: Options,
) -> dict[str, Tensor]:
    """Equation 5, with the official code's mean over k of L_FM, not the sum; and the perceptual loss."""
    terms = {"adversarial": least_squares_generator_loss(logits(fake_features))}
    if options.feature_matching_weight:
        matching = feature_matching_loss(real_features, fake_features, weighting="official")
        terms["feature_matching"] = options.feature_matching_weight * matching
    if perceptual and options.perceptual_weight:
        terms["perceptual"] = options.perceptual_weight * perceptual(fake, photo)
    return terms


def discriminator_loss(real: Features, fake: Features) -> Tensor:
    """Least squares at each scale, halved to slow the discriminators down (official code)."""
    return 0.5 * least_squares_discriminator_loss(logits(real), logits(fake))


def logits(features: Features) -> list[Tensor]:
    """The last output of each discriminator."""
    return [outputs[-1] for outputs in features]


def train(run: Run, phase: Phase, perceptual: Loss | None, options: Options, steps: int) -> None:
    """The loop of one phase: the generator, then the discriminators, on the same images and features."""
    stage, model = phase.stage, phase.stage.model

    def features(image: Tensor) -> Features:
        return stage.d(torch.cat([condition, image], dim=1), features=True)

    for labels, instances, photo in run.steps(stage.batches, until=phase.steps, phase=phase.name):
        decay = linear_decay(run.step, start=(stage.first + stage.end) // 2, end=stage.end)
        run.set_lr(options.lr * decay, stage.opt_g, stage.opt_d)
        condition = model.condition(labels, instances)  # (N, classes + 1, H, W), or without boundaries
        real = features(photo)  # for both updates: D does not change before its own
        with frozen(*phase.frozen):
            fake = model.image(condition, model.instance_features(instances, photo))
            with frozen(stage.d):
                terms = generator_terms(real, features(fake), fake, photo, perceptual, options)
                run.update(stage.opt_g, total(terms))
        run.log(terms)
        loss = discriminator_loss(real, features(fake.detach()))
        run.update(stage.opt_d, loss)
        run.log({"discriminator": loss})
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, stage, last=stage.end == steps)


def main(options: Options) -> None:
    """Train the global generator, then the enhancer around it; the same command again resumes."""
    run = options.run.start(options)
    files, test_files = find_files(options, run.out)
    per_step = options.batch_size * run.processes * options.run.accumulate
    steps = options.steps or (
        options.epochs[0] * len(files) // per_step,
        options.epochs[1] * len(files) // per_step,
    )
    check_steps(steps, options.fix_global)
    run.settings |= {"steps": steps, "evaluate_every": options.run.evaluation_interval(sum(steps))}
    stages = build(options, run, files, test_files, steps)
    perceptual = pix2pixhd_perceptual_loss(weights=options.perceptual) if options.perceptual else None
    if perceptual is not None:
        run.prepare(perceptual)
    run.resume()
    if run.step == 0:
        report_labels(files, options.classes, options.ignore, shown=run.is_main)
    for phase in schedule(stages, steps, options.fix_global):
        if run.step == phase.stage.first > 0 and not {"enhancer", "d_enhancer"} & started_names(run):
            initialize_enhancer(*stages)
        if run.step == phase.first:
            for optimizer in phase.reset:
                optimizer.state.clear()
                optimizer.zero_grad()
        train(run, phase, perceptual, options, sum(steps))
    trained = {stage.name: stage.model for stage in stages if stage.first < stage.end}
    write_results(run, trained, files, test_files, options)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
