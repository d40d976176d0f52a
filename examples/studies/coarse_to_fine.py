"""Koshian's study of training from coarse to fine: five models, two tasks.

    python examples/studies/coarse_to_fine.py
    python examples/studies/coarse_to_fine.py article --data ~/photos --size 64

The page, README.md in the folder of the runs, has held-out photos restored by each network, PSNR against
passes and against seconds, seconds per pass and stage, and whether each conclusion of the article holds. A
finished case is not trained again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import comparison
import gan_nets
import torch
from cases import Case, read_case
from coarse_to_fine import PRESETS as RECIPE_PRESETS
from coarse_to_fine import Options as RecipeOptions
from gan_data import Degraded
from gan_trainers import Count, RunOptions, check_ranges, draw_curves, run_recipe, write_grid
from support.coarse_to_fine import find_datasets
from torch import Tensor

TASKS = {"color": "Colorization", "mosaic": "Mosaic removal"}
ARMS = {
    "coarse-to-fine, each": {"model": "coarse-to-fine", "training": "each"},
    "coarse-to-fine, all": {"model": "coarse-to-fine", "training": "all"},
    "autoencoder, each": {"model": "autoencoder", "training": "each"},
    "autoencoder, all": {"model": "autoencoder", "training": "all"},
    "U-Net": {"model": "unet", "training": "all"},
}
SAME = 0.2  # dB that do not count as a difference
RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "at least": lambda one, other: one >= other - SAME,
    "equal": lambda one, other: abs(one - other) < SAME,
    "at most half": lambda one, other: one <= 0.5 * other,
    "about half": lambda one, other: 1 / 3 <= one / other <= 2 / 3,
}

Cases = dict[str, dict[str, Case]]  # by task and by arm
Pairs = list[tuple[float, float]]


@dataclass(frozen=True)
class Options:
    """Options that all cases share."""

    data: Path | None = None  # a folder of photos, searched in depth; if not given, this repository's
    show: Path | None = None  # a folder of photos for the page; if not given, the data
    size: Count = 256  # side of the square crops, in pixels
    width: Count = 32  # channels at the finest resolution
    batch_size: Count = 16  # photos per step
    steps: Count = 1_500  # of each case
    page: Path | None = None  # folder of the page; if not given, that of the runs
    run: RunOptions = RunOptions(out=Path("runs/coarse_to_fine_arms"), evaluate_every=100)

    def __post_init__(self) -> None:
        check_ranges(self)


PRESETS = {"photos": Options(size=64), "article": Options()}


def main(options: Options) -> None:
    """Train all cases, one after the other, and compare them."""
    out = options.run.out
    for task in TASKS:
        shared = comparison.shared_options(options, "show") | {"task": task}
        comparison.train("coarse_to_fine.py", "article", ARMS, shared, out / task)
    data = replace(
        RECIPE_PRESETS["article"],
        **{name: getattr(options, name) for name in ("data", "size", "steps")},
    )
    shown = replace(data, data=options.show) if options.show else data
    photos = len(find_datasets(data)[0])
    held_out = {task: find_datasets(replace(shown, task=task))[1] for task in TASKS}
    budget = f"{options.steps:,} steps of {options.batch_size} photos of {options.size}x{options.size} pixels"
    write_page(
        out, options.page or out, read_cases(out, data, photos), held_out, f"{budget}, {photos:,} in all"
    )


def read_cases(out: Path, data: RecipeOptions, photos: int) -> Cases:
    """The logs of all cases, of which `data` has data, size and steps."""
    return {
        task: {
            arm: read_case(comparison.folder(out / task, arm), replace(data, task=task, **model), photos)
            for arm, model in ARMS.items()
        }
        for task in TASKS
    }


def write_page(out: Path, page: Path, cases: Cases, held_out: Mapping[str, Degraded], budget: str) -> None:
    """Write README.md and its images into `page`; `held_out` has pairs to show, by task."""
    page.mkdir(parents=True, exist_ok=True)
    for task, arms in cases.items():
        write_grid(page / f"{task}.png", *restored(arms, held_out[task]))
        logs = {arm: case.rows for arm, case in arms.items()}
        for against in ("passes", "seconds"):
            file = page / f"{task}_{against}.png"
            draw_curves(logs, file, ["train_psnr", "psnr_enlarged"], against=against)
    comparison.write_text(page, describe(cases, budget), out)


@torch.no_grad()
def restored(arms: Mapping[str, Case], pairs: Degraded) -> list[Tensor]:
    """Eight degraded photos, the output of each case, and the true photos: (8, C, H, W) each."""
    indices = range(0, len(pairs), max(1, len(pairs) // 8))[:8]
    source, true = (torch.stack(side) for side in zip(*(pairs[index] for index in indices), strict=True))
    return [source, *(gan_nets.load(case.folder / "net")(source) for case in arms.values()), true]


def describe(cases: Cases, budget: str) -> str:
    """The page's text."""
    tasks = "\n".join(describe_task(task, arms) for task, arms in cases.items())
    header = ["the article", "here", "held-out PSNR in dB, or seconds"]
    return f"""# From coarse to fine, or all at once

Koshian's study of 2019-07-29, repeated on other photos: five combinations of network and training, with L1
alone, on two tasks. Each case had {budget}, and the same seed.
"Each" trains one stage after the other, a fifth of the steps of a stage with the coarser stages frozen;
"all" trains the last stage from the start.

{tasks}
## The article's conclusions

{comparison.table(header, conclusions(cases))}

Differences below {SAME} dB count as none.
"""


def describe_task(task: str, arms: dict[str, Case]) -> str:
    """The section of one task."""
    stages = range(1, 1 + max(phase.stage for case in arms.values() for phase in case.phases))
    lines: list[list[str]] = []
    for arm, case in arms.items():
        scores = [f"{case.settled(name):.2f}" for name in ("train_psnr", "psnr")]
        # Of two phases of a stage, the later one counts, in which nothing is frozen.
        passes = {phase.stage: f"{case.seconds_per_pass(phase):.1f}" for phase in case.phases}
        by_stage = [passes.get(stage, "") for stage in stages]
        lines.append([arm, f"{case.parameters() / 1e6:.2f} M", *scores, f"{case.seconds():.0f}", *by_stage])
    header = ["case", "parameters", "PSNR, training", "PSNR, held out", "seconds in all"]
    return f"""## {TASKS[task]}

![{TASKS[task]}]({task}.png)

Held-out photos, from left to right: the input, {", ".join(arms)}, and the true photo.

{comparison.table([*header, *(f"stage {stage}" for stage in stages)], lines)}

PSNR in dB is the mean over the last fifth of the steps, or over the last phase if that is shorter. The
columns of the stages have the seconds of one pass over the photos while nothing is frozen: the median over
the log of the run, without evaluations. A case that trains all at once has the last stage only. The seconds
in all are the sum over the phases, each at its median speed.

![PSNR against passes]({task}_passes.png)
![PSNR against seconds]({task}_seconds.png)

`psnr_enlarged` is the PSNR of held-out photos with the output of a coarser stage enlarged to full size;
`train_psnr` is measured at the size of the stage.
"""


def conclusions(cases: Cases) -> list[tuple[str, str, str]]:
    """The conclusions of the article, whether each holds here, and the numbers."""

    def psnrs(*arms: tuple[str, str]) -> Pairs:
        both = product(arms, cases.values())
        return [(case[one].settled("psnr"), case[other].settled("psnr")) for (one, other), case in both]

    models = ("coarse-to-fine", "autoencoder")  # those with stages
    orders = psnrs(*((f"{model}, all", f"{model}, each") for model in models))
    inputs, skips = psnrs(("coarse-to-fine, all", "U-Net")), psnrs(("U-Net", "autoencoder, all"))
    staged = [(task[f"{model}, each"], task[f"{model}, all"]) for model in models for task in cases.values()]
    times = [(each.seconds(), all_.seconds()) for each, all_ in staged]
    passes = [(all_.passes_until(each.settled("psnr")), all_.rows[-1]["passes"]) for each, all_ in staged]
    decibels, seconds = "{:.2f} against {:.2f}", "{:.0f} s against {:.0f} s"
    found = {
        "Training all at once ends at least as high as stage by stage": (orders, "at least", decibels),
        "and gets there in half of the passes or fewer": (passes, "at most half", "{:.0f} of {:.0f} passes"),
        "Stage by stage takes about half the time (a third to two thirds)": (times, "about half", seconds),
        "Inputs at every resolution do not help the U-Net": (inputs, "equal", decibels),
        "The U-Net is at least as good as the autoencoder": (skips, "at least", decibels),
    }
    return [
        (
            text,
            verdict([RELATIONS[relation](*pair) for pair in pairs]),
            "; ".join(form.format(*pair) for pair in pairs),
        )
        for text, (pairs, relation, form) in found.items()
    ]


def verdict(holds: list[bool]) -> str:
    """Whether a conclusion holds in every comparison, in bold."""
    return "**Confirmed.**" if all(holds) else "**In part.**" if any(holds) else "**Not confirmed.**"


if __name__ == "__main__":
    run_recipe(main, PRESETS)
