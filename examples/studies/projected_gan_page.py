"""The page of the Projected GAN study: speed-ups, scores beside the trivial ones, samples, verdicts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import comparison
from comparison import Row, Setup, bold, score_table, seed_folder, table, time_table
from gan_projected import Backbone
from gan_trainers import draw_curves, read_scalars, write_grid
from generation_scores import (
    COPIES,
    DIGITS,
    DISTANCE,
    LOGGED,
    PRECISION,
    RECALL,
    Pictures,
    effort,
    sampled,
    set_scorer,
    trivial_sets,
)
from spread import Rows, Spread, higher, lower, over_seeds
from torch import Tensor


class Arm(NamedTuple):
    """A recipe and its options."""

    recipe: str
    options: dict[str, Any]


def _projected(**options: Any) -> Arm:
    return Arm("projected_gan.py", options)


CLAIM = "projected"
BASELINES = {
    "FastGAN": _projected(discriminator="fastgan"),
    "DCGAN's discriminator": _projected(discriminator="dcgan"),
    "StyleGAN2": Arm("stylegan2.py", {"augment": "diffaugment"}),
}
PARTS = {  # sections 3.2 and 4 of the paper, and the article
    "channels mixed, not scales": _projected(mixing="channels"),
    "nothing mixed": _projected(mixing="none"),
    "without the average": _projected(ema=False),
    "adaptive augmentation": _projected(augment="adaptive"),
    "ADA": _projected(augment="ada"),
    "no augmentation": _projected(augment="none"),
}
ARMS = {CLAIM: _projected(), **BASELINES, **PARTS}
CURVES = ["adversarial", "discriminator", "real_logits", "fake_logits"]
SHOWN = 8

Logs = Mapping[str, Sequence[Sequence[Row]]]  # of each arm, a log for each seed


def write_page(
    out: Path,
    page: Path,
    pictures: Pictures,
    arms: Sequence[str],
    seeds: Sequence[int],
    judge: Backbone,
    setup: Setup,
) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    scores = set_scorer(judge, pictures)
    runs = {arm: [seed_folder(out, arm, seed) for seed in seeds] for arm in arms}
    logs = {arm: [read_scalars(run / "scalars.jsonl") for run in each] for arm, each in runs.items()}
    samples: dict[str, list[Tensor]] = {arm: [sampled(run) for run in each] for arm, each in runs.items()}
    real = {f"**{pictures.name}**": over_seeds([scores(pictures.held_out)])}
    trivial = {name: over_seeds([scores(images)]) for name, images in trivial_sets(pictures).items()}
    trained = {arm: over_seeds([scores(images) for images in each]) for arm, each in samples.items()}
    shown = min(SHOWN, len(pictures.held_out))
    columns = [*(each[0] for each in samples.values()), pictures.held_out]
    write_grid(page / "samples.png", *(images[:shown] for images in columns))
    write_grid(page / "gallery.png", *samples[CLAIM][0][:64].split(8))
    first = {arm: logs[arm][0] for arm in (CLAIM, *BASELINES)}
    for against in ("images", "seconds"):
        draw_curves(first, page / f"{against}.png", [LOGGED, PRECISION, RECALL], against=against)
    draw_curves(first, page / "curves.png", CURVES, against="images")
    sections = [
        verdict_table(verdicts(trivial, trained, logs)),
        speed_table(logs),
        score_table(real | trivial | bold(trained), DIGITS),
        time_table(runs),
    ]
    comparison.write_text(page, describe(sections, arms, setup), out)


def speed_ups(logs: Logs, baseline: str, against: str) -> Spread:
    """How many times less it takes, seed by seed, to reach the least distance of a baseline; 0: never."""
    factors: list[float] = []
    for ours, theirs in zip(logs[CLAIM], logs[baseline], strict=True):
        goal = min(row[LOGGED] for row in theirs if LOGGED in row)
        factors.append(effort(theirs, goal, against) / effort(ours, goal, against))
    return Spread(tuple(factors))


def speed_table(logs: Logs) -> str:
    """The speed-up over each baseline."""
    lines = [
        [name, *(speed_ups(logs, name, against).text(1) for against in ("images", "seconds"))]
        for name in BASELINES
    ]
    return table(["times less than it takes", "in images", "in seconds"], lines)


def verdicts(trivial: Rows, trained: Rows, logs: Logs) -> dict[str, str]:
    """Each statement of paper and article, and what was found."""
    nothing = min(trivial, key=lambda name: trivial[name][DISTANCE].mean)
    ours = trained[CLAIM]
    found = {
        "It is better than doing nothing": lower(ours[DISTANCE], trivial[nothing][DISTANCE], nothing, 0),
        "Its samples are no copies: at most 1 in 50": _text(
            max(ours[COPIES].values) <= 2, f"{ours[COPIES].text(1)} % are near copies"
        ),
    }
    for name in BASELINES:
        images, seconds = (speed_ups(logs, name, against) for against in ("images", "seconds"))
        found |= {
            f"It ends nearer to the data than {name}": lower(
                ours[DISTANCE], trained[name][DISTANCE], name, 0
            ),
            f"with more variety (recall) than {name}": higher(ours[RECALL], trained[name][RECALL], name),
            f"It is faster than {name}": _text(
                min(images.values) > 1 and min(seconds.values) > 1,
                f"{images.text(1)} times in images, {seconds.text(1)} in seconds",
            ),
        }
    statements = {
        "Mixing scales helps": "channels mixed, not scales",
        "Mixing channels helps": "nothing mixed",
        "Averaging the weights helps": "without the average",
        "Augmentation helps": "no augmentation",
        "The article's adaptive augmentation is worse than DiffAugment": "adaptive augmentation",
        "ADA is worse than DiffAugment": "ADA",
    }
    for statement, name in statements.items():
        if name in trained:
            against = "channels mixed, not scales" if statement == "Mixing channels helps" else CLAIM
            found[statement] = lower(trained[against][DISTANCE], trained[name][DISTANCE], name, 0)
    found["The logits stay apart: the discriminator wins"] = _gap(logs)
    return found


def _gap(logs: Logs) -> str:
    """Whether real and fake logits come closer from the first half to the second."""

    def gaps(log: Sequence[Row]) -> tuple[float, float]:
        values = [row["real_logits"] - row["fake_logits"] for row in log if "real_logits" in row]
        half = (len(values) + 1) // 2
        return fmean(values[:half]), fmean(values[half:] or values)

    first, second = zip(*map(gaps, logs[CLAIM]), strict=True)
    text = f"{Spread(second).text(1)} in the second half, {Spread(first).text(1)} in the first"
    return _text(Spread(second).mean >= Spread(first).mean, text)


def _text(yes: bool, numbers: str) -> str:
    return f"**{'Yes' if yes else 'No'}**: {numbers}"


def verdict_table(found: Mapping[str, str]) -> str:
    """The statements beside what was found."""
    return table(["the paper and the article", "here"], ([*each] for each in found.items()))


def describe(sections: Sequence[str], arms: Sequence[str], setup: Setup) -> str:
    """The page's text."""
    found, speed, scores, times = sections
    return f"""# Does a projected discriminator learn faster?

```sh
{setup.command}
```

![samples](gallery.png)

64 samples of Projected GAN, the first seed's, not chosen.

{setup.opening}

{found}

"Yes" and "no" are differences larger than that between the seeds. A speed-up is that to the least distance of
the baseline, seed by seed; below 1 is slower, 0 means that it never got there.

{speed}

## Samples

![samples](samples.png)

From left to right: {", ".join(arms)}, and real pictures.

## Scores

{scores}

Distance, precision and recall are those of 256 samples to the data, in the features of EfficientNet-Lite1,
which no discriminator here uses; they are not FID. Variety is the mean distance between two pictures over
that between two real ones. A near copy is less than half as far from its nearest real picture as real ones
are from theirs. The samples are of the best checkpoint by the distance. The trivial rows have 256 pictures,
too; the row of real ones has fewer, which makes a distance larger.

## Curves

![against images](images.png)
![against seconds](seconds.png)

The losses and mean logits:

![losses](curves.png)

{times}
"""
