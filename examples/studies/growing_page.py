"""The page of the growing study: scores beside the trivial ones, samples, curves, and the verdicts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import pstdev
from typing import Any, NamedTuple

import comparison
from comparison import Row, Setup, bold, folder, score_table, seed_folder, table, time_table
from gan_trainers import draw_curves, read_scalars, write_grid
from generation_scores import (
    DISTANCE,
    LOGGED,
    RECALL,
    SAMPLES,
    VARIETY,
    distance_after,
    sampled,
    trivial_sets,
)
from growing_scores import EYES_SCORE, FACE_DIGITS, Judges, face_scorer, read_faces
from growing_stages import stage_table, write_stages
from spread import Rows, Spread, higher, lower, over_seeds


class Arm(NamedTuple):
    """A recipe and its options."""

    recipe: str
    options: dict[str, Any]


STYLEGAN: dict[str, Any] = {
    "generator": "stylegan", "loss": "nonsaturating", "penalty_weight": 0.05, "mapping_layers": 4,
}  # fmt: skip
ARMS = {
    "ProGAN, grown": Arm("progan.py", {}),
    "ProGAN, at once": Arm("progan.py", {"growing": False}),
    "StyleGAN, grown": Arm("progan.py", STYLEGAN),
    "StyleGAN, at once": Arm("progan.py", STYLEGAN | {"growing": False}),
    "StyleGAN2": Arm("stylegan2.py", {"augment": "none"}),
}
FAMILIES = ("ProGAN", "StyleGAN")
GROWN = tuple(f"{family}, grown" for family in FAMILIES)
COLLAPSED = 0.5  # the variety below which a run has collapsed
LOGITS = "spread of the logits' gap"
SECONDS = "seconds"
SHOWN = 8


class Answer(NamedTuple):
    """What was found at a size."""

    size: int
    real: Rows
    trivial: Rows
    trained: Rows
    found: dict[str, str]
    stages: str  # a table of their seconds


def run_folder(out: Path, arm: str, size: int, seed: int) -> Path:
    """The folder of a run."""
    return seed_folder(out / str(size), arm, seed)


def write_page(
    out: Path, page: Path, sizes: Sequence[int], seeds: Sequence[int], judges: Judges, setup: Setup
) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    answers = [answer(out, page, size, seeds, judges) for size in sizes]
    comparison.write_text(page, describe(answers, out, seeds, setup), out)


def answer(out: Path, page: Path, size: int, seeds: Sequence[int], judges: Judges) -> Answer:
    """Score all runs of a size, and draw its pictures."""
    faces = read_faces(size)
    scores = face_scorer(judges, faces)
    real = {f"**{faces.name}**": over_seeds([scores(faces.held_out)])}
    trivial = {name: over_seeds([scores(images)]) for name, images in trivial_sets(faces).items()}
    runs = {arm: [run_folder(out, arm, size, seed) for seed in seeds] for arm in ARMS}
    logs = {arm: [read_scalars(run / "scalars.jsonl") for run in each] for arm, each in runs.items()}
    samples = {arm: [sampled(run) for run in each] for arm, each in runs.items()}
    write_grid(page / f"{size}.png", *(each[0][:SHOWN] for each in samples.values()), faces.held_out[:SHOWN])
    for arm in GROWN:
        write_stages(runs[arm][0], page / stage_file(arm, size), size, logs[arm][0])
    first = {arm: each[0] for arm, each in logs.items()}
    draw_curves(first, page / f"{size}_curves.png", [LOGGED, RECALL], against="images")
    trained = {
        arm: over_seeds(
            [scores(images) | {LOGITS: gap_spread(log)} for images, log in zip(each, logs[arm], strict=True)]
        )
        for arm, each in samples.items()
    }
    stages = stage_table({arm: logs[arm] for arm in GROWN}, size)
    return Answer(size, real, trivial, trained, verdicts(trivial, trained, logs), stages)


def stage_file(arm: str, size: int) -> str:
    """The name of the picture of an arm's stages."""
    return f"{size}_{folder(Path(), arm)}.png"


def gap_spread(log: Sequence[Row]) -> float:
    """The standard deviation of the mean real logit less the mean fake one, over the last half of a run."""
    gaps = [row["real_logits"] - row["fake_logits"] for row in log if "real_logits" in row]
    return pstdev(gaps[len(gaps) // 2 :])


def verdicts(trivial: Rows, trained: Rows, logs: Mapping[str, Sequence[Sequence[Row]]]) -> dict[str, str]:
    """Each question that article 000 leaves open, and what was found."""
    nothing = min(trivial, key=lambda name: trivial[name][DISTANCE].mean)
    best = min(trained, key=lambda name: trained[name][DISTANCE].mean)
    found = {
        "The best network is better than doing nothing": lower(
            trained[best][DISTANCE], trivial[nothing][DISTANCE], f"{nothing}; the network is {best}", 0
        )
    }
    if not trivial[nothing][DISTANCE].above(trained[best][DISTANCE]):
        return found  # nothing can be concluded from networks that have not learned
    for family in FAMILIES:
        grown, at_once = f"{family}, grown", f"{family}, at once"
        ours, theirs = trained[grown], trained[at_once]
        seconds = {arm: Spread(tuple(log[-1][SECONDS] for log in logs[arm])) for arm in (grown, at_once)}
        after = Spread(tuple(distance_after(log, seconds[grown].mean) for log in logs[at_once]))
        ended = Spread(tuple(distance_after(log, float("inf")) for log in logs[grown]))
        found |= {
            f"{family}: growing is better after as many images": lower(
                ours[DISTANCE], theirs[DISTANCE], at_once, 0
            ),
            f"{family}: growing is better after as much time": lower(ended, after, at_once, 0),
            f"{family}: growing takes less time": lower(seconds[grown], seconds[at_once], at_once, 0),
            f"{family}: growing finds more variety (recall)": higher(ours[RECALL], theirs[RECALL], at_once),
            f"{family}: growing is steadier ({LOGITS})": lower(ours[LOGITS], theirs[LOGITS], at_once),
            f"{family}: growing collapses less": collapses(ours[VARIETY], theirs[VARIETY]),
            f"{family}: growing learns structure ({EYES_SCORE})": higher(
                ours[EYES_SCORE], theirs[EYES_SCORE], at_once, 1
            ),
        }
    grown = "StyleGAN, grown"
    found["StyleGAN2 needs no growing"] = lower(
        trained["StyleGAN2"][DISTANCE], trained[grown][DISTANCE], grown, 0
    )
    return found


def collapses(ours: Spread, theirs: Spread) -> str:
    """How many runs of each have collapsed."""
    counts = [sum(value < COLLAPSED for value in each.values) for each in (ours, theirs)]
    word = "Yes" if counts[0] < counts[1] else "No" if counts[0] > counts[1] else "Open, as often"
    return f"**{word}**: {counts[0]} of {len(ours.values)} runs against {counts[1]} of {len(theirs.values)}"


def describe(answers: Sequence[Answer], out: Path, seeds: Sequence[int], setup: Setup) -> str:
    """The page's text."""
    statements = list(dict.fromkeys(statement for each in answers for statement in each.found))
    header = ["article 000 asks", *(f"{each.size}x{each.size}" for each in answers)]
    rows = ([one, *(each.found.get(one, "") for each in answers)] for one in statements)
    return f"""# Does growing help a GAN?

```sh
{setup.command}
```

{setup.opening}

{table(header, rows)}

"Yes" and "no" are differences larger than that between the seeds. A run has collapsed if its variety is below
{COLLAPSED}.

{"".join(section(each, out, seeds) for each in answers)}
## How it was measured

Distance, precision and recall are those of {SAMPLES} samples to the training pictures, in the features of
EfficientNet-Lite1, which no network here has seen; they are not FID. The trivial rows have as many
pictures, the held-out ones are 200. Variety is the mean distance between two
pictures over that between two real ones. A face has two eyes if a segmentation network that was trained on
real faces finds, on each side of the middle, half as many pixels of eyes as in the median of held-out faces.
The gap of the logits is the mean real one less the mean fake one.
"""


def section(each: Answer, out: Path, seeds: Sequence[int]) -> str:
    """A size's picture, table, curves and times."""
    runs = {arm: [run_folder(out, arm, each.size, seed) for seed in seeds] for arm in ARMS}
    return f"""## {each.size}x{each.size}

![samples]({each.size}.png)

Samples of the first seed, from left to right: {", ".join(ARMS)}, and held-out pictures.

{score_table(each.real | each.trivial | bold(each.trained), FACE_DIGITS | {LOGITS: 2})}

{time_table(runs)}

![curves]({each.size}_curves.png)

What ProGAN's generator draws at the end of each stage, from the same latents:

![stages]({stage_file(GROWN[0], each.size)})

and StyleGAN's:

![stages]({stage_file(GROWN[1], each.size)})

{each.stages}

"""
