"""Colour black-and-white photos with pix2pix, in the colour spaces that article 002 compares.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

    accelerate launch examples/colorize.py                     # the flowers of this repository, minutes
    accelerate launch examples/colorize.py --data ~/photos     # your own, at the paper's size
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from gan_colorspace import LAB, RGB, YCRCB, ColorSpace, is_color, merge, rgb_to_gray, split
from gan_data import Images, find_images, split_by_content, write_image
from gan_losses import l1_loss
from gan_metrics import PSNR, SSIM, Colorfulness
from gan_nets import PatchDiscriminator, UNetGenerator, Usage, init_normal_
from gan_trainers import EMA, Pix2Pix, Precision, Run, frozen, linear_decay, plain_errors
from images import flowers
from torch import Tensor, nn
from torch.optim import Adam
from torchmetrics import MetricCollection


class Arm(NamedTuple):
    """Where the two players see colour, and what the generator is told about it."""

    generator: ColorSpace  # RGB: it draws three planes; else: it adds two of colour to the one it is given
    discriminator: ColorSpace
    shows_gray: bool  # whether the discriminator sees the grey picture as well, as in the paper
    pixel_loss: Callable[[Tensor, Tensor], Tensor]  # of fake and real, in the generator's space

    def gray(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 1, H, W): what a black-and-white photo shows."""
        return rgb_to_gray(rgb) if self.generator is RGB else split(self.generator.from_rgb(rgb))[0]

    def picture(self, gray: Tensor, drawn: Tensor) -> Tensor:
        """What the generator made of the grey picture, as (N, 3, H, W) in its space."""
        return drawn if self.generator is RGB else merge(gray, drawn)

    def seen(self, picture: Tensor) -> Tensor:
        """A picture in the generator's space as the discriminator sees it."""
        same = self.discriminator is self.generator
        return picture if same else self.discriminator.from_rgb(self.generator.to_rgb(picture))


def all_planes(fake: Tensor, real: Tensor) -> Tensor:
    """100 x L1, as in the paper."""
    return 100 * l1_loss(fake, real)


def chroma(fake: Tensor, real: Tensor) -> Tensor:
    """100 x L1 of the colour planes, as the paper colours in Lab."""
    return 100 * l1_loss(fake[:, 1:], real[:, 1:])


def chroma_and_rgb(fake: Tensor, real: Tensor) -> Tensor:
    """75 x L1 of the colour planes and 25 x L1 in RGB, against extreme colours near black and white."""
    rgb = l1_loss(YCRCB.to_rgb(fake), YCRCB.to_rgb(real))
    return 75 * l1_loss(fake[:, 1:], real[:, 1:]) + 25 * rgb


ARMS = {
    "ycrcb-rgb": Arm(YCRCB, RGB, False, chroma_and_rgb),  # the article's best
    "ycrcb-ycrcb": Arm(YCRCB, YCRCB, False, chroma_and_rgb),
    "rgb-rgb-gray": Arm(RGB, RGB, True, all_planes),  # the paper's conditional discriminator
    "rgb-rgb": Arm(RGB, RGB, False, all_planes),
    "lab-lab": Arm(LAB, LAB, False, chroma),  # L is a plane of Lab, so the grey is seen without being added
}


def main(
    data: Path | None = None,
    out: Path = Path("runs/colorize"),
    colors: Literal["ycrcb-rgb", "ycrcb-ycrcb", "rgb-rgb-gray", "rgb-rgb", "lab-lab"] = "ycrcb-rgb",
    steps: int = 1_500,
    batch_size: int = 16,
    size: int | None = None,
    width: int = 64,
    dropout: float = 0.5,
    lr: float = 2e-4,
    validation: float = 0.1,
    validate_every: int = 250,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train a colouriser; the same command again goes on where it stopped.

    Args:
        data: a folder of photos, searched in depth; the flowers of this repository if not given.
        out: the run's folder.
        colors: colour space of the generator, of the discriminator, and whether that one sees the grey.
        steps: how long to train; the learning rate falls over the second half.
        batch_size: photos a step, on each process.
        size: side of the square crops, in pixels; 32 for the flowers, 256 for --data.
        width: channels of the networks' first layers.
        dropout: probability in the three blocks next to the bottleneck, as in the paper; off at test.
        lr: learning rate of both players.
        validation: share of the photos that is held out, chosen by their content.
        validate_every: steps between two looks at them, each with a preview and a checkpoint.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    size = size or (256 if data else 32)
    photos, held_out = split_by_content(find_images(data or flowers()), validation)
    enlarged = size * 286 // 256  # the paper's jitter: a crop of 256 from 286 pixels
    train = Images(photos, size=size, load_size=enlarged, keep=is_color)
    test = Images(held_out, size=size, load_size=size, crop="center", flip=False, keep=is_color)

    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings,
        trackers=trackers,
    )
    arm = ARMS[colors]
    planes = 3 if arm.generator is RGB else 2
    depth = min(8, (size & -size).bit_length() - 1)  # as often as the size can be halved
    dropouts = (dropout,) * min(3, depth - 1)
    g = UNetGenerator(1, planes, depth=depth, width=width, dropout=dropouts)
    g.usage = Usage("colorize", arm.generator.name)  # type: ignore[arg-type]  # one of the three
    d = PatchDiscriminator(4 if arm.shows_gray else 3, layers=3, width=width)
    init_normal_(g)
    init_normal_(d)
    opt_g = Adam(g.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    opt_d = Adam(d.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    ema = EMA(g, half_life=200)  # steps
    game = Pix2Pix(lambda image: d(arm.seen(image)), conditional=arm.shows_gray, pixel_loss=arm.pixel_loss)
    run.keep(g=g, d=d, opt_g=opt_g, opt_d=opt_d, ema=ema)
    batches = run.loader(train, batch_size, workers=workers)
    held_out_once = run.loader(test, batch_size, passes=1)
    run.resume()

    for rgb in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1]
        run.set_lr(lr * linear_decay(run.step, start=steps // 2, end=steps), opt_g, opt_d)
        gray, real = arm.gray(rgb), arm.generator.from_rgb(rgb)
        fake = arm.picture(gray, g(gray))
        loss, terms = game.discriminator_loss(gray, real, fake)  # the critic's turn
        run.update(opt_d, loss)
        run.log(terms)
        with frozen(d):  # the painter's turn
            loss, terms = game.generator_loss(gray, real, fake)
            run.update(opt_g, loss)
        run.log(terms)
        if run.every(1):  # however many batches there are to a step
            ema.update()
        if run.every(validate_every):
            scores, pictures = validate(arm, ema, held_out_once, run.device)
            run.log(scores)
            run.grid("validation", *pictures)
            run.save(score=scores["psnr"])

    _, pictures = validate(arm, ema, held_out_once, run.device)
    if run.is_main:
        ema.average.save_pretrained(out / "colorizer")
        for name, batch in zip(("gray", "colored", "true"), pictures, strict=True):
            (out / "pictures" / name).mkdir(parents=True, exist_ok=True)
            for index, picture in enumerate(batch):
                write_image(out / "pictures" / name / f"{index:02d}.png", picture)
        print(f"held-out photos, coloured: {out / 'pictures'} and {out / 'previews'}")


def validate(
    arm: Arm, g: nn.Module, photos: Iterable[Tensor], device: torch.device
) -> tuple[dict[str, float], list[Tensor]]:
    """Colour all held-out photos; return the scores, and the first batch grey, coloured and true."""
    scores = MetricCollection({"psnr": PSNR(), "ssim": SSIM(), "colorfulness": Colorfulness()}).to(device)
    truth = Colorfulness().to(device)
    pictures: list[Tensor] = []
    for rgb in photos:
        gray = arm.gray(rgb)
        colored = arm.generator.to_rgb(arm.picture(gray, g(gray)))
        scores.update(colored, rgb)
        truth.update(rgb)
        pictures = pictures or [gray, colored, rgb]
    found = {**scores.compute(), "true_colorfulness": truth.compute()}
    return {name: value.item() for name, value in found.items()}, pictures


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
