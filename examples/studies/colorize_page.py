"""The page of the colorization study: scores beside the trivial ones, pictures, and the verdicts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
from colorize import ARMS as SPACES
from colorize_verdicts import ALONE, BEST, ERROR, FEATURES, RED, Logs, over_runs, verdicts
from comparison import bold, last, score_table, seed_folder, table, write_text
from gan_colorspace import rgb_to_gray
from gan_metrics import ChromaCorrelation, chroma_error, colorfulness, feature_distance
from gan_nets import translate
from gan_projected import Backbone
from gan_trainers import draw_curves, read_scalars, write_grid
from spread import Rows, Spread, over_seeds
from torch import Tensor
from trivial_colors import ConstantColor, LumaTable, NearestByLuma, gray

ARMS: dict[
    str, dict[str, str | float]
] = {  # the article's with the paper's network, and its best with another
    **{colors: {"colors": colors, "network": "unet", "adversarial_weight": 1.0} for colors in SPACES},
    FEATURES: {"colors": BEST, "network": "features"},
    ALONE: {"colors": BEST, "network": "features", "adversarial_weight": 0.0},
}
BLUE = "correlation of Cb"
DIGITS = {ERROR: 2, RED: 2, BLUE: 2, "colorfulness": 1}
STRENGTH = ("accuracy", "logit_gap", "discriminator", "adversarial")
CURVES = ["cr_correlation", "cb_correlation", "colorfulness", *STRENGTH, "pixel"]
SHOWN = 6


class Data(NamedTuple):
    """Middle squares of photos, (N, 3, H, W) RGB."""

    train: Tensor
    shown: Tensor  # held out, on the page
    measured: Tensor  # with which the table is made


def write_page(
    out: Path, page: Path, seeds: Sequence[int], data: Data, features: Backbone, budget: str
) -> None:
    """Write README.md, photos.png and curves.png into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    runs = {arm: [seed_folder(out, arm, seed) for seed in seeds] for arm in ARMS}
    first = [colorized(runs[arm][0], data.shown) for arm in ARMS]
    write_grid(page / "photos.png", *(images[:SHOWN] for images in (_luma(data.shown), *first, data.shown)))
    trivial, truth = trivial_rows(data, features), {"**true photos**": _one(features, data.measured, data)}
    trained = {arm: trained_row(runs[arm], data, features) for arm in ARMS}
    logs = {arm: [read_scalars(run / "scalars.jsonl") for run in runs[arm]] for arm in ARMS}
    draw_curves({arm: of_seeds[0] for arm, of_seeds in logs.items()}, page / "curves.png", CURVES)
    write_text(page, _text(budget, truth | trivial, trained, verdicts(trivial, trained, logs), logs), out)


def colorized(run: Path, photos: Tensor) -> Tensor:
    """Photos (N, 3, H, W), colorized from their gray images by the network of a run, as a user does it.

    The network works at its own size, and all that is taken of its result is the chroma.
    """
    net = gan_nets.load(run / "colorizer")
    return torch.cat([translate(net, luma, rgb=True) for luma in _luma(photos).split(16)])


def scores(features: Backbone, colored: Tensor, true: Tensor) -> dict[str, float]:
    """How near the colors of photos (N, 3, H, W) are to the true ones."""
    correlation = ChromaCorrelation()
    correlation.add(colored, true)
    cr, cb = correlation.compute()
    distances = [
        feature_distance(features, a, b) * len(a)
        for a, b in zip(colored.split(16), true.split(16), strict=True)
    ]
    return {
        ERROR: 100 * chroma_error(colored, true).item(),
        RED: cr,
        BLUE: cb,
        "colorfulness": colorfulness(colored).item(),
        "feature distance": (torch.stack(distances).sum() / len(true)).item(),
    }


def trivial_rows(data: Data, features: Backbone) -> Rows:
    """The scores of what took no training."""
    makers: dict[str, Callable[[Tensor], Tensor]] = {
        "gray": gray,
        "one constant color": ConstantColor(data.train),
        "the mean color of each luma": LumaTable(data.train),
        "the five nearest by luma": NearestByLuma(data.train),
    }
    return {name: _one(features, make(_luma(data.measured)), data) for name, make in makers.items()}


def trained_row(runs: Sequence[Path], data: Data, features: Backbone) -> dict[str, Spread]:
    """The scores of an arm over its seeds."""
    return over_seeds([scores(features, colorized(run, data.measured), data.measured) for run in runs])


def _one(features: Backbone, colored: Tensor, data: Data) -> dict[str, Spread]:
    return over_seeds([scores(features, colored, data.measured)])


def _luma(photos: Tensor) -> Tensor:
    return rgb_to_gray(photos)


def _strength(logs: Logs) -> str:
    """The table of the discriminators, from the last row of each run's log."""
    names = (*STRENGTH, "seconds")
    return table(
        ["arm", *names],
        (
            [arm, *(over_runs(runs, lambda rows, name=name: last(rows, name)).text(2) for name in names)]
            for arm, runs in logs.items()
        ),
    )


def _text(budget: str, fixed: Rows, trained: Rows, found: Mapping[str, str], logs: Logs) -> str:
    return f"""# Colorization in several color spaces

```sh
python examples/studies/colorize.py
```

![photos](photos.png)

Held-out photos, from left to right: the gray input, {", ".join(ARMS)}, and the true photo. An arm is named
after the color spaces of its generator and its discriminator; "gray": the discriminator sees the gray image
too. "{FEATURES}" is {BEST} with a generator that reads the features of an ImageNet classifier.

{budget} Each number is the mean over the seeds, and ± half the distance between the lowest and the highest.

{score_table(fixed | bold(trained), DIGITS)}

The chroma error is the mean absolute difference of Cr and Cb, in percent of their largest value; the feature
distance is EfficientNet-Lite0's, not LPIPS.

{table(["article 002", "here"], ([*each] for each in found.items()))}

"Yes" and "no" are differences larger than that between the seeds.

## The discriminators

{_strength(logs)}

Means over the last steps: the share of patches that the discriminator tells right, the difference between its
mean logits of real and generated images, and the two losses.

![curves](curves.png)
"""
