"""Data, evaluation and results of colorizers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gan_colorspace import is_color
from gan_data import Images, find_images, split_by_content, write_pictures
from gan_metrics import ImageMeans, colorfulness, psnr, ssim
from gan_nets import UNetGenerator
from gan_trainers import EMA, Run
from images import flowers
from torch import Tensor

from support.common import data_folder

if TYPE_CHECKING:
    from colorize import Arm, Options


def find_datasets(options: "Options") -> tuple[Images, Images]:
    """Color photos to train on, cropped from 286/256 of the size as in the paper; and held-out ones."""
    folder, size = data_folder(options.data, flowers() if options.flowers else None), options.size
    photos, held_out = split_by_content(find_images(folder), options.validation)
    train = Images(photos, size=size, load_size=size * 286 // 256, keep=is_color)
    return train, Images(held_out, size=size, load_size=size, crop="center", flip=False, keep=is_color)


def colorized(arm: "Arm", ema: EMA[UNetGenerator], rgb: Tensor) -> tuple[Tensor, Tensor]:
    """The gray image (N, 1, H, W) of photos, and their colorization (N, 3, H, W) in RGB."""
    gray = arm.gray(rgb)
    return gray, arm.generator.to_rgb(arm.image(gray, ema(gray)))


def evaluate_and_save(run: Run, arm: "Arm", ema: EMA[UNetGenerator], photos: Iterable[Tensor]) -> None:
    """Log the scores of all held-out photos, and save a checkpoint, scored by PSNR.

    A preview shows the first batch: gray, colorized, true.
    """
    scores = ImageMeans()
    for index, rgb in enumerate(photos):
        gray, color = colorized(arm, ema, rgb)
        scores.add(
            psnr=psnr(color, rgb, reduction="none"),
            ssim=ssim(color, rgb, reduction="none"),
            colorfulness=colorfulness(color, reduction="none"),
            true_colorfulness=colorfulness(rgb, reduction="none"),
        )
        if index == 0:
            run.grid("validation", gray, color, rgb)
    found = scores.compute()
    run.log(found)
    run.save(score=found["psnr"])


def write_results(run: Run, arm: "Arm", ema: EMA[UNetGenerator], photos: Iterable[Tensor]) -> None:
    """Write the colorizer, and the first batch of held-out photos gray, colorized and true."""
    if not run.is_main:
        return
    ema.average.save_pretrained(run.out / "colorizer")
    rgb = next(iter(photos))
    gray, color = colorized(arm, ema, rgb)
    names = [f"{index:02d}" for index in range(len(rgb))]
    write_pictures(run.out / "pictures", names, gray=gray, colored=color, true=rgb)
    print(f"held-out photos, colorized: {run.out / 'pictures'} and {run.out / 'previews'}")
