"""Evaluation and results of colorizers."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gan_data import write_pictures
from gan_metrics import PSNR, SSIM, Colorfulness
from gan_trainers import EMA, Run
from torch import Tensor
from torchmetrics import MetricCollection

if TYPE_CHECKING:
    from colorize import Arm


def colorized(arm: "Arm", ema: EMA, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """The gray image (N, 1, H, W) of photos, and their colorization (N, 3, H, W) in RGB."""
    gray = arm.gray(rgb)
    return gray, arm.generator.to_rgb(arm.image(gray, ema(gray)))


def evaluate(run: Run, arm: "Arm", ema: EMA, photos: Iterable[Tensor]) -> dict[str, float]:
    """Scores over all held-out photos; a preview shows the first batch gray, colorized and true."""
    scores = MetricCollection({"psnr": PSNR(), "ssim": SSIM(), "colorfulness": Colorfulness()}).to(run.device)
    true_colorfulness = Colorfulness().to(run.device)
    for index, rgb in enumerate(photos):
        gray, color = colorized(arm, ema, rgb)
        scores.update(color, rgb)
        true_colorfulness.update(rgb)
        if index == 0:
            run.grid("validation", gray, color, rgb)
    found = {**scores.compute(), "true_colorfulness": true_colorfulness.compute()}
    return {name: score.item() for name, score in found.items()}


def write_results(run: Run, arm: "Arm", ema: EMA, photos: Iterable[Tensor]) -> None:
    """Write the colorizer, and the first batch of held-out photos gray, colorized and true."""
    if not run.is_main:
        return
    ema.average.save_pretrained(run.out / "colorizer")
    rgb = next(iter(photos))
    gray, color = colorized(arm, ema, rgb)
    names = [f"{index:02d}" for index in range(len(rgb))]
    write_pictures(run.out / "pictures", names, gray=gray, colored=color, true=rgb)
    print(f"held-out photos, colorized: {run.out / 'pictures'} and {run.out / 'previews'}")
