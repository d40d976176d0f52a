"""Data, evaluation and test images of super-resolution."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import PartialState
from gan_data import (
    Degraded,
    Downscale,
    Images,
    bicubic_upscale,
    find_images,
    read_image,
    split_by_content,
    write_image,
)
from gan_metrics import PSNRY, SSIMY, FeatureDistance
from gan_nets import MSRResNet, SRResNet, tiled
from gan_projected import Backbone
from gan_trainers import Run
from images import flowers
from torch import Tensor
from torchmetrics import MetricCollection

from support.common import data_folder

if TYPE_CHECKING:
    from srgan import Options

Generator = SRResNet | MSRResNet


def find_datasets(options: "Options", degrade: Downscale) -> tuple[Degraded, Degraded]:
    """Pairs (small, large) to train on, and held-out pairs."""
    folder = data_folder(options.data, flowers() if options.flowers else None)
    photos, held_out = split_by_content(find_images(folder), options.validation)
    train = Images(photos, size=options.size)
    test = Images(held_out, size=options.size, crop="center", flip=False)
    return Degraded(train, degrade), Degraded(test, degrade)


def test_images(folder: Path | None) -> list[Path]:
    """The images of the test folder, if there is one."""
    return [] if folder is None else find_images(folder)


def new_scores(scale: int, lite0: Backbone) -> MetricCollection:
    """PSNR (dB) and SSIM of the luma, and the distance between Lite0's features."""
    return MetricCollection(
        {"psnr_y": PSNRY(scale), "ssim_y": SSIMY(scale), "lite0_distance": FeatureDistance(lite0)}
    )


@torch.no_grad()
def evaluate(
    run: Run, g: Generator, pairs: Iterable[tuple[Tensor, Tensor]], scores: MetricCollection
) -> None:
    """Log the scores over all held-out crops; a preview of the first batch: bicubic, upscaled, true."""
    g.eval()
    scores.reset()
    bicubic_psnr = PSNRY(g.scale).to(run.device)
    for index, (small, large) in enumerate(pairs):
        fake, bicubic = g(small), bicubic_upscale(small, g.scale)
        scores.update(fake, large)
        bicubic_psnr.update(bicubic, large)
        if index == 0:
            run.grid("validation", bicubic, fake, large)
    g.train()
    found = {**scores.compute(), "bicubic_psnr_y": bicubic_psnr.compute()}
    # Bicubic enlargement of flat crops is exact; their PSNR is infinite, which a log takes for divergence.
    run.log({name: score.item() for name, score in found.items() if score != math.inf})


def upscale_test_images(
    run: Run, g: Generator, files: Sequence[Path], degrade: Downscale, scores: MetricCollection
) -> None:
    """Shrink and upscale test images, each process its share; print the scores beside bicubic's."""
    if not files:
        return
    g.eval()
    process = PartialState()
    methods: dict[str, Callable[[Tensor], Tensor]] = {
        "bicubic": lambda small: bicubic_upscale(small, g.scale),
        "enlarger": lambda small: tiled(g, small, tile=256),
    }
    for name, upscale in methods.items():
        folder = run.out / "test" / name
        folder.mkdir(parents=True, exist_ok=True)
        scores.reset()
        for index in range(process.process_index, len(files), process.num_processes):
            large = read_image(files[index]).to(run.device)
            height, width = (side // g.scale * g.scale for side in large.shape[-2:])
            large = large[:, :height, :width]
            upscaled = upscale(degrade(large)[None])
            scores.update(upscaled, large[None])
            write_image(folder / f"{index:04d}-{files[index].stem}.png", upscaled[0])
        found = {score: round(value.item(), 4) for score, value in scores.compute().items()}
        if run.is_main:
            print(name, found)
