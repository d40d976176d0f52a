"""The page of the colorization study: scores beside the trivial ones, pictures, and the verdicts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
import torch.nn.functional as F
from colorize import ARMS as SPACES
from colorize import SATURATION
from colorize_verdicts import (
    ALONE,
    BEST,
    COLOR,
    ERROR,
    FEATURES,
    RED,
    TRANSLATED,
    Logs,
    over_runs,
    verdicts,
    verdicts_of_training,
)
from comparison import Row, Setup, bold, last, read_squares, score_table, seed_folder, table, write_text
from gan_colorspace import is_color, rgb_to_gray
from gan_metrics import ChromaCorrelation, chroma_error, colorfulness, feature_distance
from gan_nets import translate
from gan_projected import Backbone
from gan_trainers import draw_curves, read_scalars, write_grid
from spread import Rows, Spread, over_seeds
from torch import Tensor
from trivial_colors import ConstantColor, LumaTable, NearestByLuma, gray

# The article's arms with the paper's network, and its best with another one.
ARMS: dict[str, dict[str, object]] = {
    **{colors: {"colors": colors, "network": "unet", "adversarial_weight": 1.0} for colors in SPACES},
    FEATURES: {"colors": BEST, "network": "features", "adversarial_weight": 0.2},
    ALONE: {"colors": BEST, "network": "features", "adversarial_weight": 0.0},
}
BLUE = "correlation of Cb"
DIGITS = {ERROR: 2, RED: 2, BLUE: 2, COLOR: 1}  # 3 for all others
STRENGTH = ("accuracy", "logit_gap", "discriminator", "adversarial")
CURVES = ["cr_correlation", "cb_correlation", COLOR, *STRENGTH, "pixel"]
SHOWN, SIDE = 6, 128  # photos in the picture of the page, and their side there, in pixels


class TestSet(NamedTuple):
    """Middle squares of images that no network has seen."""

    name: str
    photos: Tensor  # (N, 3, H, W) RGB
    shown: bool  # on the page


def in_color(files: Sequence[Path], size: int) -> Tensor:
    """(N, 3, size, size): the middle squares of the photos that are not gray."""
    return torch.stack([photo for photo in read_squares(files, size) if is_color(photo)])


def write_page(
    out: Path,
    page: Path,
    seeds: Sequence[int],
    train: Tensor,
    tests: Sequence[TestSet],
    features: Backbone,
    setup: Setup,
) -> None:
    """Write README.md, photos.png, curves.png and strip.png, the README's, into `page` from finished runs.

    Args:
        out: folder of the runs.
        page: folder of the page.
        seeds: of the runs.
        train: middle squares of the training photos, (N, 3, H, W) RGB.
        tests: a table each.
        features: of the feature distance.
        setup: the command and the first sentence.
    """
    page.mkdir(parents=True, exist_ok=True)
    runs = {arm: [seed_folder(out, arm, seed) for seed in seeds] for arm in ARMS}
    for photos in (test.photos[:SHOWN] for test in tests if test.shown):
        arms = [colorized(runs[arm][0], photos) for arm in ARMS]
        translated = colorized(runs[ALONE][0], photos, one_view=False)
        columns = [_reduced(images) for images in (_luma(photos), *arms, translated, photos)]
        write_grid(page / "photos.png", *columns)
        shown = zip(columns[0].expand_as(columns[-1]), *columns[-2:], strict=True)
        write_grid(page / "strip.png", *(torch.stack(states) for states in shown))  # a photo in each column
    logs = {arm: [read_scalars(run / "scalars.jsonl") for run in runs[arm]] for arm in ARMS}
    draw_curves({arm: of_seeds[0] for arm, of_seeds in logs.items()}, page / "curves.png", CURVES)
    tables, found = {}, {}
    for name, photos, _ in tests:
        truth = {"**true images**": over_seeds([scores(features, photos, photos)])}
        trivial = trivial_rows(train, photos, features)
        trained = {arm: trained_row(runs[arm], photos, features) for arm in ARMS}
        trained[TRANSLATED] = trained_row(runs[ALONE], photos, features, one_view=False)
        tables[name] = score_table(truth | trivial | bold(trained), DIGITS)
        found[name] = verdicts(trivial, trained)
    write_text(page, _text(setup, tables, found, logs), out)


def colorized(run: Path, photos: Tensor, *, one_view: bool = True) -> Tensor:
    """Photos (N, 3, H, W), colorized from their gray images by the network of a run.

    The network works at its own size, and all that is taken of its result is the chroma.

    Args:
        run: its folder.
        photos: RGB.
        one_view: with the chroma that the network gives; otherwise as `translate` does by default.
    """
    net = gan_nets.load(run / "colorizer")
    ensemble, saturation = (False, 1.0) if one_view else (None, None)
    return torch.cat(
        [
            translate(net, luma, rgb=True, ensemble=ensemble, saturation=saturation)
            for luma in _luma(photos).split(16)
        ]
    )


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
        COLOR: colorfulness(colored).item(),
        "feature distance": (torch.stack(distances).sum() / len(true)).item(),
    }


def trivial_rows(train: Tensor, photos: Tensor, features: Backbone) -> Rows:
    """The scores of what took no training."""
    makers: dict[str, Callable[[Tensor], Tensor]] = {
        "gray": gray,
        "one constant color": ConstantColor(train),
        "the mean color of each luma": LumaTable(train),
        "the five nearest by luma": NearestByLuma(train),
    }
    luma = _luma(photos)
    return {name: over_seeds([scores(features, make(luma), photos)]) for name, make in makers.items()}


def trained_row(
    runs: Sequence[Path], photos: Tensor, features: Backbone, *, one_view: bool = True
) -> dict[str, Spread]:
    """The scores of an arm over its seeds."""
    return over_seeds([scores(features, colorized(run, photos, one_view=one_view), photos) for run in runs])


def _luma(photos: Tensor) -> Tensor:
    return rgb_to_gray(photos)


def _reduced(images: Tensor) -> Tensor:
    """For a page that loads quickly."""
    return F.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True)


def _strength(logs: Logs) -> str:
    """The table of the discriminators, from the last row of each run's log."""

    def cell(runs: Sequence[list[Row]], name: str) -> str:
        known = any(name in row for row in runs[0])  # an arm may have no discriminator
        return over_runs(runs, lambda rows: last(rows, name)).text(2) if known else ""

    names = (*STRENGTH, "seconds")
    return table(
        ["arm", *names], ([arm, *(cell(runs, name) for name in names)] for arm, runs in logs.items())
    )


def _text(setup: Setup, tables: Mapping[str, str], found: Mapping[str, Mapping[str, str]], logs: Logs) -> str:
    statements = next(iter(found.values()))
    answers = ([statement, *(of[statement] for of in found.values())] for statement in statements)
    sections = "\n\n".join(f"## {name}\n\n{scores}" for name, scores in tables.items())
    return f"""# Colorization in several color spaces

```sh
{setup.command}
```

![images](photos.png)

Held-out images, from left to right: the gray input, {", ".join(ARMS)}, the
last one as translated, and the true image. An arm is named
after the color spaces of its generator and its discriminator; "gray": the discriminator sees the gray image
too. "{FEATURES}" is {BEST} with a generator that reads the features of an ImageNet classifier, and a weaker
discriminator; "{ALONE}", without one, is the recipe's default. "{TRANSLATED}"
is what `gan-nets translate` gives of its networks: the mean of the results at three sizes, mirrored too, with
{SATURATION} of the chroma; all other rows are of one view.

{setup.opening}

{table(["statement", *found], answers)}

"Yes" and "no" are differences larger than that between the seeds; where neither side is better than doing
nothing, there is no answer.

{sections}

The chroma error is the mean absolute difference of Cr and Cb, in percent of their largest value; the feature
distance is EfficientNet-Lite0's, not LPIPS. The luma is always that of the image, as in `gan-nets translate`.

## The discriminators

{table(["article 002", "here"], ([*each] for each in verdicts_of_training(logs).items()))}

{_strength(logs)}

Means over the last steps: the share of patches that the discriminator tells right, the difference between its
mean logits of real and generated images, and the two losses (the generator's with its weight).

![curves](curves.png)
"""
