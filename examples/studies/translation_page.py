"""The page of the CycleGAN study: tables, pictures and verdicts of each direction of each set."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from comparison import Setup, bold, folder, read_images, score_table, table, time_table, write_text
from gan_trainers import write_grid
from spread import Rows, Spread
from translation_arms import ARMS, CYCLEGAN, SHOWN, STYLE_TRANSFER, run_folder
from translation_tables import COMPARED, Task, method_rows, reconstructions, translated, trivial_rows
from translation_verdicts import verdicts

NAMES = {
    ("portraits", "a_to_b"): "Labels to pictures",
    ("portraits", "b_to_a"): "Pictures to labels",
    ("emoji", "a_to_b"): "Noto to Twemoji",
    ("emoji", "b_to_a"): "Twemoji to Noto",
}
DIGITS = {"pixel accuracy": 1, "class accuracy": 1, "class IoU": 1, "PSNR": 2}  # 3 for all others


class Result(NamedTuple):
    """All that the page says of one direction."""

    task: Task
    truth: dict[str, Spread]  # the scores of the true counterparts
    trivial: Rows
    methods: Rows
    cycles: dict[str, Spread]  # PSNR of the reconstructions, and of the mean image


def evaluate(task: Task, out: Path, seeds: Sequence[int]) -> Result:
    """Score a direction."""
    truth = {name: Spread((value,)) for name, value in task.score(task.targets).items()}
    return Result(
        task, truth, trivial_rows(task), method_rows(task, out, seeds), reconstructions(task, out, seeds)
    )


def write_page(results: Sequence[Result], out: Path, page: Path, seeds: Sequence[int], setup: Setup) -> None:
    """Write README.md and its images into `page`."""
    page.mkdir(parents=True, exist_ok=True)
    sections = []
    for result in results:
        name = f"{result.task.kind}_{result.task.direction}.png"
        write_pictures(page / name, result.task, out, seeds[0])
        sections.append(_section(result, name))
    write_text(page, _text(sections, results, _durations(out, results, seeds), setup), out)


def write_pictures(file: Path, task: Task, out: Path, seed: int) -> None:
    """Some test images, a row each: the input, each method's translation, and the counterpart."""
    columns = [task.sources, *(translated(task, out, name, seed) for name in ARMS)]
    if task.direction == "a_to_b":
        pictures = (folder(out / task.kind, name) / "pictures/a_to_b/translated" for name in STYLE_TRANSFER)
        columns += [read_images(each) for each in pictures]
    write_grid(file, *(images[:: len(images) // SHOWN][:SHOWN] for images in (*columns, task.targets)))


def _section(result: Result, picture: str) -> str:
    task = result.task
    name = NAMES[task.kind, task.direction]
    names = [*ARMS, *(STYLE_TRANSFER if task.direction == "a_to_b" else ())]
    rows = {"**true counterparts**": result.truth, **result.trivial, **bold(result.methods)}
    return f"""## {name}

![{name}]({picture})

From left to right: the input, {", ".join(names)}, and the true counterpart.

{score_table(rows, DIGITS)}
"""


def _verdict_table(results: Sequence[Result]) -> str:
    found = [verdicts(r.trivial, r.methods, r.cycles, r.task.direction) for r in results]
    statements = list(dict.fromkeys(statement for one in found for statement in one))
    header = ["the paper, sections 5.1.3 to 5.1.6", *(NAMES[r.task.kind, r.task.direction] for r in results)]
    return table(header, ([each, *(one.get(each, "open") for one in found)] for each in statements))


def _cycle_table(results: Sequence[Result]) -> str:
    names = list(results[0].cycles)
    header = ["PSNR of the reconstruction, dB", *(NAMES[r.task.kind, r.task.direction] for r in results)]
    return table(header, ([name, *(r.cycles[name].text(2) for r in results)] for name in names))


def _durations(out: Path, results: Sequence[Result], seeds: Sequence[int]) -> str:
    """Seconds of one run of each method, all sets and directions."""
    tasks = [result.task for result in results]
    runs = {
        name: {run_folder(out, task.kind, name, task.direction, seed) for task in tasks for seed in seeds}
        for name in ARMS
    }
    return time_table(runs)


def _text(sections: Sequence[str], results: Sequence[Result], times: str, setup: Setup) -> str:
    return f"""# CycleGAN beside its ablations and baselines

```sh
{setup.command}
```

{setup.opening}

{_verdict_table(results)}

"Yes" and "no" are differences larger than that between the seeds, by the class IoU where there are classes,
else by the kernel distance. CycleGAN is close to pix2pix if it is nearer to it than to the best baseline.
Where {CYCLEGAN} is not better than doing nothing, the other questions are open.

{chr(10).join(sections)}
## Reconstructions

{_cycle_table(results)}

## Time

{times}

## How it was measured

The methods learn from unpaired images; pix2pix and the rows "from pairs" have pairs. The FCN score (labels
to pictures) is how well a segmentation network that was trained on real pictures (`examples/segmentation.py`)
finds in a translation the labels that it was made from; the row of the true counterparts is its ceiling.
Painted labels (pictures to labels) are read by the nearest class color. Pixel accuracy, class accuracy and
class IoU are in percent. PSNR (dB), SSIM and the feature distance (of EfficientNet-Lite0 at four scales; not
LPIPS) compare with the counterpart, and reward blur. The kernel distance, in the means of the same feature
maps scaled to unit variance, compares with {COMPARED} training images of the target domain. "Taken for real"
is the share that a linear classifier in the same features takes for the target domain, and not for the other
one or a blurred image of either. Variety is the mean distance between two images divided by that between two
real ones.
"""
