"""A U-Net trained from coarse to fine, or all at once, with L1 only.

Koshian's study of 2019-07-29, after the generator of Wang et al. 2018 (pix2pixHD), section 3.2.

    accelerate launch examples/coarse_to_fine.py                                        # colorizes photos
    accelerate launch examples/coarse_to_fine.py article --data ~/photos --task mosaic  # the article's size
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from gan_losses import l1_loss
from gan_metrics import psnr
from gan_nets import CoarseToFineUNet, Usage
from gan_trainers import Count, Fraction, OptionError, Positive, RunOptions, check_ranges, frozen, run_recipe
from support.coarse_to_fine import evaluate_and_save, find_datasets, reduced, write_results
from support.common import check_data
from support.start import start_networks
from torch.optim import Adam

MODELS: dict[str, Callable[..., CoarseToFineUNet]] = {
    "coarse-to-fine": CoarseToFineUNet,
    "autoencoder": partial(CoarseToFineUNet, skips=False),
    "unet": partial(CoarseToFineUNet, inputs="finest"),
}


@dataclass(frozen=True)
class Options:
    """The defaults are the article's, but for 300 passes; it names no batch size, learning rate or width."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    portraits: bool = False  # train on this repository's portraits, which are drawings, instead
    task: Literal["color", "mosaic"] = "color"  # colorize gray photos, or remove a mosaic of 16x16 tiles
    model: Literal["coarse-to-fine", "autoencoder", "unet"] = "coarse-to-fine"  # a U-Net with an input at
    # every resolution; the same without skip connections; the plain U-Net
    training: Literal["each", "inward", "all"] = "each"  # one stage after the other, the coarsest first; the
    # finest first, as a stacked autoencoder; or all at once
    optimizer_state: Literal["fresh", "kept"] = "fresh"  # Adam's, in each phase; as in pix2pixHD's code
    size: Count = 256  # side of the square crops, in pixels
    stages: Count | None = None  # resolutions, each half of the next; if not given, down to 8x8
    width: Count = 32  # channels at the finest resolution
    validation: Fraction = 0.1  # part of the photos of --data that is held out, chosen by content
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune
    lr: Positive = 1e-3  # learning rate
    batch_size: Count = 16  # photos per step and process
    steps: Count = 1_500  # of all stages together, in equal parts
    run: RunOptions = RunOptions(out=Path("runs/coarse_to_fine"), evaluate_every=100)

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits)
        if self.model == "unet" and self.training == "each":
            raise OptionError(
                "--model unet expects --training all or inward; it has one input, so no coarser stages"
            )
        if self.training != "all" and self.steps < len(self.resolutions):
            raise OptionError(
                f"--steps must be at least 1 for each of {len(self.resolutions)} stages; got {self.steps}"
            )
        finest = 2 ** (len(self.resolutions) - 1)
        if self.size % finest:
            raise OptionError(
                f"--size must be a multiple of {finest}, to be halved for {len(self.resolutions)} stages; "
                f"got {self.size}; or use fewer --stages"
            )
        if self.task == "mosaic" and self.size % 16:
            raise OptionError(
                f"--size must be a multiple of 16 with --task mosaic, for its tiles; got {self.size}"
            )

    @property
    def resolutions(self) -> list[int]:
        """Sides of the stages' images, in pixels, the coarsest first."""
        stages = self.stages or max(1, (self.size // 8).bit_length())
        return [self.size // 2**finer for finer in reversed(range(stages))]


PRESETS = {"photos": Options(size=64), "article": Options()}


class Phase(NamedTuple):
    """A part of the training."""

    name: str
    stage: int  # whose output is trained, from 1
    steps: int
    frozen: tuple[int, ...] = ()  # stages
    innermost: int = 1  # the coarsest stage that is used


def schedule(options: Options) -> list[Phase]:
    """The article's phases: as many steps for each stage, a fifth of them with the earlier stages frozen."""
    stages = len(options.resolutions)
    if options.training == "all":
        return [Phase("all", stages, options.steps)]
    own = options.steps // stages
    inward = options.training == "inward"
    order = list(range(1, stages + 1))[:: -1 if inward else 1]
    phases: list[Phase] = []
    for index, stage in enumerate(order):
        trained, innermost = (stages, stage) if inward else (stage, 1)
        alone = own // 5 if index else 0
        if index:
            earlier = tuple(order[:index])
            phases.append(Phase(f"stage {stage} alone", trained, alone, earlier, innermost))
        phases.append(Phase(f"stage {stage}", trained, own - alone, (), innermost))
    return phases


def main(options: Options) -> None:
    """Train one of the study's networks; the same command again resumes."""
    train, test = find_datasets(options)
    run = options.run.start(options)
    planes = 1 if options.task == "color" else 3
    net = MODELS[options.model](planes, 3, resolutions=options.resolutions, width=options.width)
    net.usage = Usage("colorize" if options.task == "color" else "translate", trained_size=options.size)
    opt = Adam(net.parameters(), lr=options.lr, fused=True)
    start_networks(options.start, {"net": net}, options, run)
    run.register(net=net, opt=opt)
    batches = run.loader(train, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test, options.batch_size, shuffle=False, passes=1)
    run.resume()

    first_step = 0  # of the phase, counted from 0
    for phase in schedule(options):
        if run.step == first_step and options.optimizer_state == "fresh":
            opt.state.clear()
        first_step += phase.steps
        for pair in run.steps(batches, until=phase.steps, phase=phase.name):
            run.set_lr(options.lr, opt)  # a checkpoint restores its own
            source, target = (reduced(image, len(net.stages) - phase.stage) for image in pair)
            with frozen(*(net.stages[stage - 1] for stage in phase.frozen)):
                fake = net(source, phase.stage, innermost=phase.innermost)
                loss = l1_loss(fake, target)
                run.update(opt, loss)
            run.log({"l1": loss, "train_psnr": psnr(fake.detach(), target)})
            if run.every(options.run.evaluation_interval(options.steps)):
                evaluate_and_save(run, net, phase.stage, phase.innermost, test_batches)

    write_results(run, net, test_batches)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
