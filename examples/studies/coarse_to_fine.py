"""Train all ten cases of Koshian's study from coarse to fine and write the page that compares them.

    python examples/coarse_to_fine_arms.py --data ~/photos --size 64

The page, README.md in the output folder, shows held-out photos restored by each network, PSNR against passes
and against seconds, seconds a pass by stage, and what becomes of each of the article's conclusions. A case
that was finished before is not trained again.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from pathlib import Path
from statistics import fmean, median
from typing import Literal, NamedTuple

import gan_nets
import torch
import tyro
from coarse_to_fine import Phase, read_photos, schedule
from comparison import Row, train
from gan_data import Degraded
from gan_trainers import draw_curves, plain_errors, read_scalars, write_grid
from torch import Tensor

TASKS = {"color": "Colourisation", "mosaic": "Mosaic removal"}
ARMS: dict[str, tuple[str, Literal["each", "all"]]] = {
    "coarse-to-fine, each": ("coarse-to-fine", "each"),
    "coarse-to-fine, all": ("coarse-to-fine", "all"),
    "auto-encoder, each": ("autoencoder", "each"),
    "auto-encoder, all": ("autoencoder", "all"),
    "U-Net": ("unet", "all"),
}
MODELS = ("coarse-to-fine", "auto-encoder")  # those that have stages to train
SAME = 0.2  # dB that do not count as a difference


class Case(NamedTuple):
    """One way to train, on one task."""

    folder: Path
    phases: list[Phase]
    rows: list[Row]  # of its log, with the number of passes over the photos in each


Cases = dict[str, dict[str, Case]]  # by task and by arm


def main(
    out: Path = Path("runs/coarse_to_fine_arms"),
    page: Path | None = None,
    data: Path | None = None,
    steps: int = 1_500,
    batch_size: int = 16,
    size: int | None = None,
    width: int = 32,
    seed: int = 0,
    precision: str = "auto",
    show: Path | None = None,
) -> None:
    """Train all cases, one after the other, and compare them.

    Args:
        out: the folder of the runs, one for each case.
        page: where the page and its pictures go; `out` if not given.
        data: a folder of photos; the flowers of this repository if not given.
        steps: how long each case trains.
        batch_size: photos a step.
        size: side of the square crops, in pixels; 32 for the flowers, 256 for --data.
        width: channels at the finest resolution.
        seed: the same for all cases.
        precision: what the networks compute in.
        show: photos of which a tenth is shown on the page, where the licence forbids to show those of --data.
    """
    size = size or (256 if data else 32)
    for task, (arm, (model, training)) in product(TASKS, ARMS.items()):
        options = {
            "--task": task,
            "--model": model,
            "--training": training,
            "--out": folder(out, task, arm),
            "--data": data,
            "--steps": steps,
            "--batch-size": batch_size,
            "--size": size,
            "--width": width,
            "--seed": seed,
            "--precision": precision,
        }
        train("coarse_to_fine.py", options)
    photos = len(read_photos(data, size, "color", validation=0.1)[0])
    cases = {
        task: {arm: read_case(folder(out, task, arm), size, steps, ARMS[arm][1], photos) for arm in ARMS}
        for task in TASKS
    }
    budget = f"{steps:,} steps of {batch_size} photos of {size}x{size} pixels, {photos:,} in all"
    shown = {task: read_photos(show or data, size, task, validation=0.1)[1] for task in TASKS}
    write_page(cases, shown, page or out, budget)


def folder(runs: Path, task: str, arm: str) -> Path:
    """The run's folder."""
    return runs / task / arm.replace(", ", "-").lower()


def read_case(run: Path, size: int, steps: int, training: Literal["each", "all"], photos: int) -> Case:
    """Read what a finished run has logged."""
    rows = read_scalars(run / "scalars.jsonl")
    phases = [phase for phase in schedule((size // 8).bit_length(), steps, training) if phase.steps]
    return Case(run, phases, [row | {"passes": row["images"] / photos} for row in rows])


def write_page(cases: Cases, photos: Mapping[str, Degraded], page: Path, budget: str) -> None:
    """Write README.md and its pictures into `page`; `photos` has pairs to show, by task."""
    page.mkdir(parents=True, exist_ok=True)
    for task, arms in cases.items():
        write_grid(page / f"{task}.png", *restored(arms, photos[task]))
        curves = {arm: case.rows for arm, case in arms.items()}
        for against in ("passes", "seconds"):
            names = ["train_psnr", "psnr_enlarged"]
            draw_curves(curves, page / f"{task}_{against}.png", names, against=against)
    (page / "README.md").write_text(describe(cases, budget), encoding="utf-8")
    print(f"the comparison is in {page / 'README.md'}")


@torch.no_grad()
def restored(arms: Mapping[str, Case], pairs: Degraded) -> list[Tensor]:
    """Eight spoiled photos, what each case makes of them, and the true ones: (8, C, H, W) each."""
    spread = range(0, len(pairs), max(1, len(pairs) // 8))[:8]
    source, truth = (torch.stack(side) for side in zip(*(pairs[index] for index in spread), strict=True))
    return [source, *(gan_nets.load(case.folder / "net")(source) for case in arms.values()), truth]


def describe(cases: Cases, budget: str) -> str:
    """The page's text."""
    tasks = "\n".join(describe_task(task, arms) for task, arms in cases.items())
    verdicts = "\n".join(f"| {' | '.join(line)} |" for line in conclusions(cases))
    return f"""# From coarse to fine, or all at once

Koshian's study of 2019-07-29, repeated on other photos: five ways to train a network from picture to picture
with L1 alone, on two tasks. Each case had {budget}, and the same seed.
"Each" trains stage by stage, a fifth of a stage's steps with the coarser ones frozen; "all" trains the last
stage from the start.

{tasks}
## The article's conclusions

| the article | here | held-out PSNR in dB, or seconds |
|---|---|---|
{verdicts}

Differences below {SAME} dB count as none.
"""


def describe_task(task: str, arms: dict[str, Case]) -> str:
    """The chapter of one task."""
    stages = max(phase.stage for case in arms.values() for phase in case.phases)
    lines = []
    for arm, case in arms.items():
        figures = [f"{settled(case, name):.2f}" for name in ("train_psnr", "psnr")]
        passes = {
            phase.stage: f"{seconds_a_pass(case, phase):.1f}" for phase in case.phases
        }  # the joint span's
        by_stage = [passes.get(stage, "") for stage in range(1, stages + 1)]
        size = f"{parameters(case) / 1e6:.2f} M"
        lines.append(" | ".join([f"| {arm}", size, *figures, f"{seconds(case):.0f}", *by_stage]) + " |")
    columns = " | ".join(f"stage {stage}" for stage in range(1, stages + 1))
    table = "\n".join(lines)
    return f"""## {TASKS[task]}

![{TASKS[task]}]({task}.png)

Photos that no network has learned from; from left to right: the input, {", ".join(arms)}, and the true photo.

| case | parameters | PSNR, training | PSNR, held out | seconds in all | {columns} |
|{"---|" * (5 + stages)}
{table}

PSNR in dB, the mean over the last fifth of the steps, or over the last phase if that is shorter. Under each
stage, the seconds of one pass over the photos while nothing is frozen: the median over the run's log, without
validation. A case that trains all at once has the last stage only. The seconds in all are those of every
phase at its median.

![PSNR against passes]({task}_passes.png)
![PSNR against seconds]({task}_seconds.png)

`psnr_enlarged` is that of the held-out photos, a coarser stage's picture enlarged to full size; `train_psnr`
is at the stage's own size.
"""


def parameters(case: Case) -> int:
    """How many numbers the trained network has."""
    return sum(parameter.numel() for parameter in gan_nets.load(case.folder / "net").parameters())


def conclusions(cases: Cases) -> list[tuple[str, str, str]]:
    """What the article concludes, whether it holds here, and the figures."""
    held = {(task, arm): settled(case, "psnr") for task, arms in cases.items() for arm, case in arms.items()}

    def compare(left: str, right: str) -> list[tuple[float, float]]:
        return [(held[task, left], held[task, right]) for task in TASKS]

    turns = [pair for model in MODELS for pair in compare(f"{model}, all", f"{model}, each")]
    inputs = compare("coarse-to-fine, all", "U-Net")
    skips = compare("U-Net", "auto-encoder, all")
    staged = [
        (cases[task][f"{model}, each"], cases[task][f"{model}, all"])
        for model, task in product(MODELS, TASKS)
    ]
    times = [(seconds(each), seconds(all_)) for each, all_ in staged]
    passed = [(passes_until(all_, settled(each, "psnr")), all_.rows[-1]["passes"]) for each, all_ in staged]
    return [
        (
            "Training all at once ends at least as high as stage by stage",
            verdict([all_ >= each - SAME for all_, each in turns]),
            listed(turns, "{:.2f} against {:.2f}"),
        ),
        (
            "and gets there in half of the passes or fewer",
            verdict([needed <= 0.5 * there_are for needed, there_are in passed]),
            listed(passed, "{:.0f} of {:.0f} passes"),
        ),
        (
            "Stage by stage takes about half the time (a third to two thirds)",
            verdict([1 / 3 <= each / all_ <= 2 / 3 for each, all_ in times]),
            listed(times, "{:.0f} s against {:.0f} s"),
        ),
        (
            "Pictures fed at every resolution are of no use to the U-Net",
            verdict([abs(every - finest) < SAME for every, finest in inputs]),
            listed(inputs, "{:.2f} against {:.2f}"),
        ),
        (
            "The U-Net is at least as good as the auto-encoder",
            verdict([unet >= without - SAME for unet, without in skips]),
            listed(skips, "{:.2f} against {:.2f}"),
        ),
    ]


def verdict(holds: list[bool]) -> str:
    """In bold, whether it holds in every comparison."""
    return "**Confirmed.**" if all(holds) else "**In part.**" if any(holds) else "**Not confirmed.**"


def listed(pairs: list[tuple[float, float]], form: str) -> str:
    """All pairs in words."""
    return "; ".join(form.format(*pair) for pair in pairs)


def settled(case: Case, name: str) -> float:
    """The mean of a scalar over the last fifth of the run; from one moment to the next it jumps about.

    Where the last phase is shorter than that, over this phase: those before it are of smaller pictures.
    """
    end = case.rows[-1]["step"]
    begins = end - min(0.2 * end, case.phases[-1].steps)
    return fmean(row[name] for row in case.rows if name in row and row["step"] > begins)


def passes_until(case: Case, wanted: float) -> float:
    """Passes until the held-out PSNR has reached so many dB; infinite if it never does."""
    reached = (row["passes"] for row in case.rows if row.get("psnr", 0.0) >= wanted)
    return next(reached, float("inf"))


def seconds(case: Case) -> float:
    """How long the case trained, every phase at its usual speed."""
    passes_a_step = case.rows[-1]["passes"] / case.rows[-1]["step"]
    return sum(phase.steps * passes_a_step * seconds_a_pass(case, phase) for phase in case.phases)


def seconds_a_pass(case: Case, phase: Phase) -> float:
    """The median over a phase's windows in the log, those with a validation left out if there are others."""
    begins = sum(before.steps for before in case.phases[: case.phases.index(phase)])
    windows = [
        (b["seconds"] - a["seconds"], b["passes"] - a["passes"], "psnr" in b)
        for a, b in pairwise([dict.fromkeys(("step", "seconds", "passes"), 0.0), *case.rows])
        if begins < b["step"] <= begins + phase.steps
    ]
    undisturbed = [window for window in windows if not window[2]] or windows
    return median(elapsed / passes for elapsed, passes, _ in undisturbed)


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
