"""Data, evaluation and test images of super-resolution."""

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
    write_image,
)
from gan_metrics import ImageMeans, feature_distance, psnr_y, ssim_y
from gan_nets import MSRResNet, SRResNet, tiled
from gan_projected import Backbone
from gan_trainers import Run
from torch import Tensor

from support.common import numbered_name, photo_files

if TYPE_CHECKING:
    from srgan import Options

Generator = SRResNet | MSRResNet
Pair = tuple[Tensor, Tensor]


def find_datasets(options: "Options", degrade: Downscale) -> tuple[Degraded, Degraded]:
    """Pairs (small, large) to train on, and held-out pairs."""
    photos, held_out = photo_files(options.data, options.validation)
    train = Images(photos, size=options.size)
    test = Images(held_out, size=options.size, crop="center", flip=False)
    return Degraded(train, degrade), Degraded(test, degrade)


def find_test_files(options: "Options") -> list[Path]:
    """The images of --test, if it is given."""
    return [] if options.test is None else find_images(options.test)


class Evaluation:
    """Scores of a generator on held-out crops: PSNR (dB) and SSIM of the luma, and Lite0's feature distance.

    Args:
        run: of the training.
        g: the generator.
        pairs: batches (small, large) of held-out crops.
        lite0: the feature extractor.
        interval: steps between evaluations.
    """

    def __init__(self, run: Run, g: Generator, pairs: Iterable[Pair], lite0: Backbone, interval: int) -> None:
        self.run, self.g, self._pairs, self._interval = run, g, pairs, interval
        self._lite0 = lite0.to(run.device)

    def scores(self, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        """The scores of each image of a batch, (N,)."""
        return {
            "psnr_y": psnr_y(fake, real, border=self.g.scale, reduction="none"),
            "ssim_y": ssim_y(fake, real, border=self.g.scale, reduction="none"),
            "lite0_distance": feature_distance(self._lite0, fake, real, reduction="none"),
        }

    @torch.no_grad()
    def evaluate_and_save_if_due(self) -> None:
        """Every `interval` steps, log the scores over all crops and save a checkpoint.

        A preview shows the first batch: bicubic, upscaled, true.
        """
        if not self.run.every(self._interval):
            return
        self.g.eval()
        means = ImageMeans()
        for index, (small, large) in enumerate(self._pairs):
            fake, bicubic = self.g(small), bicubic_upscale(small, self.g.scale)
            means.add(**self.scores(fake, large))
            means.add(bicubic_psnr_y=psnr_y(bicubic, large, border=self.g.scale, reduction="none"))
            if index == 0:
                self.run.grid("validation", bicubic, fake, large)
        self.g.train()
        self.run.log(means.compute())
        self.run.save()


def write_results(evaluation: Evaluation, files: Sequence[Path], degrade: Downscale) -> None:
    """Write the generator; shrink and upscale the test images, and print their scores beside bicubic's."""
    run, g = evaluation.run, evaluation.g
    if run.is_main:
        g.save_pretrained(run.out / "enlarger")
        print(f"held-out photos, upscaled: {run.out / 'previews'}; the network: {run.out / 'enlarger'}")
    if not files:
        return
    g.eval()
    methods: dict[str, Callable[[Tensor], Tensor]] = {
        "bicubic": lambda small: bicubic_upscale(small, g.scale),
        "enlarger": lambda small: tiled(g, small, tile=256),
    }
    for name, upscale in methods.items():
        found = _upscale_files(evaluation, upscale, files, degrade, run.out / "test" / name)
        if run.is_main:
            print(name, found)


def _upscale_files(
    evaluation: Evaluation,
    upscale: Callable[[Tensor], Tensor],
    files: Sequence[Path],
    degrade: Downscale,
    folder: Path,
) -> dict[str, float]:
    """Shrink and upscale images, each process its share, and write them; their scores."""
    means, scale, process = ImageMeans(), evaluation.g.scale, PartialState()
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(process.process_index, len(files), process.num_processes):
        large = read_image(files[index]).to(evaluation.run.device)
        height, width = (side // scale * scale for side in large.shape[-2:])
        large = large[:, :height, :width]
        upscaled = upscale(degrade(large)[None])
        means.add(**evaluation.scores(upscaled, large[None]))
        write_image(folder / f"{numbered_name(index, files[index])}.png", upscaled[0])
    return {name: round(value, 4) for name, value in means.compute().items()}
