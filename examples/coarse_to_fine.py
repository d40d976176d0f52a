"""Train an image-to-image network from coarse to fine, or all at once, with L1 alone.

Koshian's study of 2019-07-29, after the generator of Wang et al. 2018 (pix2pixHD), section 3.2.

    accelerate launch examples/coarse_to_fine.py                                  # colours flowers, minutes
    accelerate launch examples/coarse_to_fine.py --data ~/photos --task mosaic    # at the article's size
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from gan_colorspace import is_color
from gan_data import Degraded, Images, find_images, grayscale, mosaic, split_by_content, write_image
from gan_losses import l1_loss
from gan_metrics import PSNR, psnr
from gan_nets import CoarseToFineUNet, Usage
from gan_trainers import Precision, Run, frozen, plain_errors
from images import flowers
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

MODELS: dict[str, Callable[..., CoarseToFineUNet]] = {
    "coarse-to-fine": CoarseToFineUNet,
    "autoencoder": partial(CoarseToFineUNet, skips=False),
    "unet": partial(CoarseToFineUNet, inputs="finest"),
}


class Phase(NamedTuple):
    """A span of the training."""

    name: str
    stage: int  # whose picture is learned, from 1
    steps: int
    still: int  # how many of the coarser stages are frozen


def schedule(stages: int, steps: int, training: Literal["each", "all"]) -> list[Phase]:
    """The article's spans: each stage has as many steps, a fifth of them with the coarser ones frozen."""
    if training == "all":
        return [Phase("all", stages, steps, 0)]
    own = steps // stages
    if not own:
        raise SystemExit(f"error: --steps expects at least one for each of {stages} stages; got {steps}")
    phases = [Phase("stage 1", 1, own, 0)]
    for stage in range(2, stages + 1):
        phases.append(Phase(f"stage {stage} alone", stage, own // 5, stage - 1))
        phases.append(Phase(f"stage {stage}", stage, own - own // 5, 0))
    return phases


def main(
    data: Path | None = None,
    out: Path = Path("runs/coarse_to_fine"),
    task: Literal["color", "mosaic"] = "color",
    model: Literal["coarse-to-fine", "autoencoder", "unet"] = "coarse-to-fine",
    training: Literal["each", "all"] = "each",
    optimizer_state: Literal["fresh", "kept"] = "fresh",
    steps: int = 1_500,
    batch_size: int = 16,
    size: int | None = None,
    stages: int | None = None,
    width: int = 32,
    lr: float = 1e-3,
    validation: float = 0.1,
    validate_every: int = 100,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train one of the study's networks; the same command again goes on where it stopped.

    Args:
        data: a folder of photos, searched in depth; the flowers of this repository if not given.
        out: the run's folder.
        task: colour grey photos, or take a blurred mosaic of 16x16 tiles away.
        model: the U-Net that is fed at every resolution; the same without skips; the plain U-Net.
        training: each stage in its turn, or all at once; a plain U-Net has no stages to train.
        optimizer_state: what Adam has gathered is forgotten with each new phase (as pix2pixHD's official code
            does, by a new optimiser), or kept. The article does not say.
        steps: how long to train, all stages together, in equal parts.
        batch_size: photos a step, on each process.
        size: side of the square crops, in pixels; 32 for the flowers, 256 for --data.
        stages: how many resolutions there are, each half the finer one; if not given, down to 8x8.
        width: channels at the finest resolution.
        lr: learning rate; the article does not say.
        validation: share of the photos that is held out, chosen by their content.
        validate_every: steps between two looks at them, each with a preview and a checkpoint.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the network first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    if model == "unet" and training == "each":
        raise SystemExit("error: --model unet expects --training all; it has one input, so no coarser stages")
    size = size or (256 if data else 32)
    stages = stages or max(1, (size // 8).bit_length())
    resolutions = [size // 2**finer for finer in reversed(range(stages))]
    phases = schedule(stages, steps, training)
    train, test = read_photos(data, size, task, validation)

    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings | {"size": size, "stages": stages},
        trackers=trackers,
    )
    net = MODELS[model](1 if task == "color" else 3, 3, resolutions=resolutions, width=width)
    net.usage = Usage("colorize" if task == "color" else "translate")
    opt = Adam(net.parameters(), lr=lr, fused=True)
    run.keep(net=net, opt=opt)
    batches = run.loader(train, batch_size, workers=workers)
    held_out = run.loader(test, batch_size, shuffle=False, passes=1)
    run.resume()

    begins = 0  # the step before a phase's first
    for phase in phases:
        if run.step == begins and optimizer_state == "fresh":
            opt.state.clear()
        begins += phase.steps
        for source, target in run.steps(batches, until=phase.steps, phase=phase.name):
            run.set_lr(lr, opt)  # a checkpoint brings its own
            source, target = (reduced(picture, stages - phase.stage) for picture in (source, target))
            with frozen(*net.stages[: phase.still]):
                fake = net(source, phase.stage)
                loss = l1_loss(fake, target)
                run.update(opt, loss)
            run.log({"l1": loss, "train_psnr": psnr(fake.detach(), target)})
            if run.every(validate_every):
                scores, pictures = validate(net, phase.stage, held_out, run.device)
                run.log(scores)
                run.grid("validation", *pictures)
                run.save(score=scores["psnr_enlarged"])

    _, pictures = validate(net, stages, held_out, run.device)
    if run.is_main:
        net.save_pretrained(out / "net")
        for name, batch in zip(("input", "prediction", "truth"), pictures, strict=True):
            (out / "pictures" / name).mkdir(parents=True, exist_ok=True)
            for index, picture in enumerate(batch):
                write_image(out / "pictures" / name / f"{index:02d}.png", picture)
        print(f"held-out photos: {out / 'pictures'} and {out / 'previews'}")


def read_photos(data: Path | None, size: int, task: str, validation: float) -> tuple[Degraded, Degraded]:
    """Pairs (spoiled, clean) to learn from, and pairs that are held out."""
    photos, held_out = split_by_content(find_images(data or flowers()), validation)
    if task == "mosaic" and size % 16:
        raise SystemExit(f"error: --task mosaic expects --size in multiples of 16, for its tiles; got {size}")
    spoil = grayscale if task == "color" else partial(mosaic, factor=size // 16, blur_radius=size / 64)
    train = Images(photos, size=size, load_size=size, keep=is_color)
    test = Images(held_out, size=size, load_size=size, crop="center", flip=False, keep=is_color)
    return Degraded(train, spoil), Degraded(test, spoil)


def reduced(picture: Tensor, times: int) -> Tensor:
    """(N, C, H, W) halved so many times, each pixel the mean of those that it covers."""
    return F.avg_pool2d(picture, 2**times) if times else picture


@torch.no_grad()
def validate(
    net: CoarseToFineUNet, stage: int, pairs: Iterable[tuple[Tensor, Tensor]], device: torch.device
) -> tuple[dict[str, float], list[Tensor]]:
    """PSNR in dB at the stage's resolution, and enlarged to the finest; the first batch at the stage's."""
    net.eval()
    own, enlarged = PSNR().to(device), PSNR().to(device)
    pictures: list[Tensor] = []
    for source, target in pairs:
        coarse, wanted = (reduced(picture, len(net.stages) - stage) for picture in (source, target))
        fake = net(coarse, stage)
        own.update(fake, wanted)
        enlarged.update(F.interpolate(fake, size=target.shape[-2:], mode="bicubic"), target)
        pictures = pictures or [coarse, fake, wanted]
    net.train()
    return {"psnr": own.compute().item(), "psnr_enlarged": enlarged.compute().item()}, pictures


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
