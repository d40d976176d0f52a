"""The tasks of the coarse-to-fine study, its evaluation and its results."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import torch
from gan_colorspace import is_color
from gan_data import Degraded, Images, grayscale, mosaic, write_pictures
from gan_metrics import ImageMeans, psnr
from gan_nets import CoarseToFineUNet
from gan_trainers import Run
from torch import Tensor
from torch.nn import functional as F

from support.common import photo_files

if TYPE_CHECKING:
    from coarse_to_fine import Options

Pairs = Iterable[tuple[Tensor, Tensor]]


def find_datasets(options: "Options") -> tuple[Degraded, Degraded]:
    """Pairs (degraded, clean) to train on, and held-out pairs."""
    size = options.size
    photos, held_out = photo_files(options.data, options.validation, drawings=options.portraits)
    blurred_mosaic = partial(mosaic, factor=size // 16, blur_radius=size / 64)
    degrade = grayscale if options.task == "color" else blurred_mosaic
    train = Images(photos, size=size, load_size=size, keep=is_color)
    test = Images(held_out, size=size, load_size=size, crop="center", flip=False, keep=is_color)
    return Degraded(train, degrade), Degraded(test, degrade)


def reduced(image: Tensor, times: int) -> Tensor:
    """(N, C, H, W) halved so many times, each pixel the mean of those that it covers."""
    return F.avg_pool2d(image, 2**times) if times else image


@torch.no_grad()
def evaluate_and_save(run: Run, net: CoarseToFineUNet, stage: int, innermost: int, pairs: Pairs) -> None:
    """Log the PSNR in dB at the stage's resolution, and enlarged to the finest; save a checkpoint.

    A preview shows the first batch.
    """
    net.eval()
    means = ImageMeans()
    for index, pair in enumerate(pairs):
        source, target = (reduced(image, len(net.stages) - stage) for image in pair)
        fake = net(source, stage, innermost=innermost)
        enlarged = F.interpolate(fake, size=pair[1].shape[-2:], mode="bicubic")
        means.add(
            psnr=psnr(fake, target, reduction="none"),
            psnr_enlarged=psnr(enlarged, pair[1], reduction="none"),
        )
        if index == 0:
            run.grid("validation", source, fake, target, titles=["input", "restored", "true"])
    net.train()
    scores = means.compute()
    run.log(scores)
    run.save(score=scores["psnr_enlarged"] if innermost == 1 else None)  # else a part of it is untrained


@torch.no_grad()
def write_results(run: Run, net: CoarseToFineUNet, pairs: Pairs) -> None:
    """Write the network, and the first batch of held-out photos as input, prediction and truth."""
    if not run.is_main:
        return
    net.save_pretrained(run.out / "net")
    net.eval()
    source, target = next(iter(pairs))
    names = [f"{index:02d}" for index in range(len(source))]
    prediction = net(source, len(net.stages))
    write_pictures(run.out / "pictures", names, input=source, prediction=prediction, truth=target)
    print(f"held-out photos: {run.out / 'pictures'} and {run.out / 'previews'}")
