"""waifu2x's setting: drawings twice as large and with less JPEG noise, in RGB or by the luma alone."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import torch
from comparison import Job, folder, table
from gan_data import Downscale, bicubic_upscale
from gan_metrics import feature_distance, psnr_y
from gan_nets import MSRResNet
from gan_projected import Backbone
from srgan_scores import Enlarge
from support.srgan import Noise, enlarged, make_degradation
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

SCALE, KERNEL = 2, "area"
LEVELS: tuple[Noise, ...] = get_args(Noise)
COLORS: tuple[Literal["rgb", "y"], ...] = ("rgb", "y")
TILE = 128  # pixels of the small image


class Pairs(NamedTuple):
    """Images as the networks of a noise level see them, and the true ones."""

    small: Sequence[Tensor]
    true: Sequence[Tensor]


def run_folder(out: Path, level: str, colors: str) -> Path:
    """The folder of a run."""
    return folder(out, f"waifu2x {level} {colors}")


def jobs(out: Path, shared: dict[str, object], seed: int) -> Iterator[Job]:
    """A network by pixels alone for each noise level, in RGB and of the luma alone.

    Args:
        out: folder of the runs.
        shared: the options of srgan.py that all arms have; the size of the crops is waifu2x's own.
        seed: of all runs.
    """
    own = {name: value for name, value in shared.items() if name != "size"} | {"steps": 0, "seed": seed}
    for level in LEVELS:
        for colors in COLORS:
            options = own | {"jpeg": level, "colors": colors}
            yield Job("srgan.py", "waifu2x", options, run_folder(out, level, colors))


def read_pairs(level: Noise, images: Sequence[Tensor]) -> Pairs:
    """Small images with the noise of a level, the same in each call."""
    degrade: Downscale = make_degradation(SCALE, KERNEL, level)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Pairs([degrade(image[0])[None] for image in images], images)  # of one image at a time


def trivial() -> dict[str, Enlarge]:
    """What takes no training, by name."""
    interpolate = partial(bicubic_upscale, factor=SCALE)
    return {
        "bicubic": interpolate,
        "blurred, then bicubic": lambda small: interpolate(gaussian_blur(small, [5, 5], [0.7, 0.7])),
    }


def methods(out: Path, level: Noise) -> dict[str, Enlarge]:
    """The trivial ones, and the networks that were trained with the noise of a level."""
    found = trivial()
    for colors in COLORS:
        net = MSRResNet.from_pretrained(run_folder(out, level, colors) / "enlarger").eval()
        found[f"**{colors}**"] = partial(enlarged, net, tile=TILE)
    return found


@torch.no_grad()
def noise_table(out: Path, images: Sequence[Tensor], unseen: Backbone) -> str:
    """PSNR-Y in dB and the distance of unseen features, for each noise level.

    Args:
        out: folder of the runs.
        images: held-out drawings, (1, 3, H, W) of even sides each.
        unseen: features with which no network was trained.
    """
    rows: dict[str, list[str]] = {}
    for level in LEVELS:
        small, true = read_pairs(level, images)
        for name, method in methods(out, level).items():
            made = [method(image).clamp(-1, 1) for image in small]
            psnr = [psnr_y(*pair, border=SCALE).item() for pair in zip(made, true, strict=True)]
            distance = [feature_distance(unseen, *pair).item() for pair in zip(made, true, strict=True)]
            cell = f"{sum(psnr) / len(psnr):.2f} / {sum(distance) / len(distance):.3f}"
            rows.setdefault(name, []).append(cell)
    return table(["", *LEVELS], ([name, *cells] for name, cells in rows.items()))
