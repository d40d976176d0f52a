"""Data, evaluation and results of colorizers."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from gan_colorspace import is_color, rgb_to_gray
from gan_data import Images, read_image, write_pictures
from gan_metrics import ChromaCorrelation, ImageMeans, chroma_error, colorfulness
from gan_nets import FeatureUNet, translate
from gan_trainers import EMA, Run
from torch import Tensor
from torch.nn import functional as F

from support.common import jittered, numbered_name, photo_files

if TYPE_CHECKING:
    from colorize import Arm, Generator, Options

SHOWN = 16  # photos among the results
LARGEST = 512  # shorter side of those, in pixels


def find_datasets(options: "Options") -> tuple[Images, Images]:
    """Color photos to train on, cropped at random; and the middle of held-out ones."""
    whole, multiple = photo_size(options), FeatureUNet.size_multiple
    square = options.size if options.network == "unet" else whole // multiple * multiple
    photos, held_out = photo_files(options.data, options.validation, drawings=options.portraits)
    train = Images(photos, size=options.size, load_size=load_size(options), keep=is_color)
    return train, Images(held_out, size=square, load_size=whole, crop="center", flip=False, keep=is_color)


def load_size(options: "Options") -> int:
    """Shorter side, in pixels, of the photos that are cropped."""
    return options.load_size or jittered(options.size)


def photo_size(options: "Options") -> int:
    """Shorter side, in pixels, at which whole photos are colorized.

    Their things are then as large as in the crops; but the paper's U-Net takes them at its own size alone.
    """
    return options.size if options.network == "unet" else load_size(options)


def colorized(arm: "Arm", ema: EMA["Generator"], rgb: Tensor) -> tuple[Tensor, Tensor]:
    """The gray image (N, 1, H, W) of photos, and their colorization (N, 3, H, W) in RGB."""
    gray = arm.gray(rgb)
    return gray, arm.generator.to_rgb(arm.image(gray, ema(gray)))


def strength(real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
    """How far the discriminator is ahead: the share of patches that it tells right, and its logits' gap."""
    right = (real_logits > 0).float().mean() + (fake_logits < 0).float().mean()
    return {"accuracy": right / 2, "logit_gap": (real_logits.mean() - fake_logits.mean()).detach()}


def evaluate_and_save(run: Run, arm: "Arm", ema: EMA["Generator"], photos: Iterable[Tensor]) -> None:
    """Log how near the colors of all held-out photos are to the true ones, and save a checkpoint.

    The score of a checkpoint is the mean correlation of Cr and Cb. A preview shows the first batch: gray,
    colorized, true.
    """
    means, correlation = ImageMeans(), ChromaCorrelation()
    for index, rgb in enumerate(photos):
        gray, color = colorized(arm, ema, rgb)
        correlation.add(color, rgb)
        means.add(
            chroma_error=chroma_error(color, rgb, reduction="none"),
            gray_chroma_error=chroma_error(torch.zeros_like(rgb), rgb, reduction="none"),
            colorfulness=colorfulness(color, reduction="none"),
            true_colorfulness=colorfulness(rgb, reduction="none"),
        )
        if index == 0:
            run.grid("validation", gray, color, rgb, titles=["gray", "colorized", "true"])
    cr, cb = correlation.compute()
    run.log({"cr_correlation": cr, "cb_correlation": cb} | means.compute())
    run.save(score=(cr + cb) / 2)


def write_results(run: Run, ema: EMA["Generator"], photos: Sequence[Path]) -> None:
    """Write the colorizer, and some whole held-out photos gray, colorized, and true."""
    if not run.is_main:
        return
    net = ema.average
    net.save_pretrained(run.out / "colorizer")
    for index, path in enumerate(photos[:SHOWN]):
        rgb = reduced(read_image(path))[None]
        gray = rgb_to_gray(rgb)
        colored = translate(net, gray, rgb=True, size=net.usage.trained_size or "trained")  # without a note
        write_pictures(
            run.out / "pictures", [numbered_name(index, path)], gray=gray, colored=colored, true=rgb
        )
    print(f"held-out photos, colorized: {run.out / 'pictures'} and {run.out / 'previews'}")


def reduced(rgb: Tensor) -> Tensor:
    """A photo (3, H, W) of any size, with a shorter side of at most `LARGEST` pixels."""
    scale = LARGEST / min(rgb.shape[-2:])
    if scale >= 1:
        return rgb
    size = [round(side * scale) for side in rgb.shape[-2:]]
    return F.interpolate(rgb[None], size=size, mode="bilinear", antialias=True)[0]
