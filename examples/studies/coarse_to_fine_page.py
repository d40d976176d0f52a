"""The page of the coarse-to-fine study: pictures, scores, times and verdicts of each task on each set."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from cases import Case, read_case
from coarse_to_fine import Options as RecipeOptions
from coarse_to_fine_verdicts import PSNR, verdicts
from comparison import Setup, score_cells, seed_folder, table, write_text
from gan_data import Degraded
from gan_metrics import chroma_error, feature_distance, psnr, ssim
from gan_projected import Backbone
from gan_trainers import draw_curves, write_grid
from spread import Rows, Spread, over_seeds
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from trivial_restoration import stacked, trivial

TASKS = {"color": "Colorization", "mosaic": "Mosaic removal"}
ARMS: dict[str, dict[str, object]] = {
    "coarse-to-fine, each": {"model": "coarse-to-fine", "training": "each"},
    "coarse-to-fine, all": {"model": "coarse-to-fine", "training": "all"},
    "autoencoder, each": {"model": "autoencoder", "training": "each"},
    "autoencoder, inward": {"model": "autoencoder", "training": "inward"},
    "autoencoder, all": {"model": "autoencoder", "training": "all"},
    "U-Net": {"model": "unet", "training": "all"},
}
DIGITS = {PSNR: 2, "chroma error, %": 2}  # 3 for all others
SHOWN, MEASURED, FITTED = 8, 200, 200  # pictures on the page, in a table, and that trivial rows learn from


class Question(NamedTuple):
    """A task on a set."""

    kind: str  # the set
    task: str
    options: RecipeOptions  # of the recipe, without those of a case
    train: Degraded
    held_out: Degraded

    @property
    def name(self) -> str:
        """Of the section and its pictures."""
        return f"{self.kind}-{self.task}"

    @property
    def title(self) -> str:
        """Of the section."""
        return f"{TASKS[self.task]}, {self.kind}"


class Answer(NamedTuple):
    """All that the page says of a question."""

    question: Question
    cases: dict[str, list[Case]]  # for each seed
    trivial: Rows
    trained: Rows
    found: dict[str, str]


def run_folder(out: Path, question: Question, arm: str, seed: int) -> Path:
    """The folder of a run."""
    return seed_folder(out / question.name, arm, seed)


def write_page(
    out: Path,
    page: Path,
    questions: Sequence[Question],
    seeds: Sequence[int],
    features: Backbone,
    setup: Setup,
) -> None:
    """Write README.md and its pictures into `page` from the finished runs."""
    page.mkdir(parents=True, exist_ok=True)
    answers = [answer(out, question, seeds, features) for question in questions]
    for each in answers:
        source, target = stacked(each.question.held_out, SHOWN)
        outputs = (restored(cases[0], source) for cases in each.cases.values())
        columns = source.expand(-1, 3, -1, -1), *outputs, target
        write_grid(page / f"{each.question.name}.png", *columns, titles=["input", *each.cases, "true"])
        logs = {arm: cases[0].rows for arm, cases in each.cases.items()}
        file = page / f"{each.question.name}-curves.png"
        draw_curves(logs, file, ["train_psnr", "psnr_enlarged"], against="passes")
    write_text(page, describe(answers, setup), out)


def answer(out: Path, question: Question, seeds: Sequence[int], features: Backbone) -> Answer:
    """Score the cases of a question beside the trivial rows."""
    cases = {arm: [read(out, question, arm, seed) for seed in seeds] for arm in ARMS}
    source, target = stacked(question.held_out, MEASURED)
    methods = trivial(question.task, *stacked(question.train, FITTED))
    outputs = {arm: [restored(case, source) for case in runs] for arm, runs in cases.items()}

    def rows(images: Mapping[str, Sequence[Tensor]]) -> Rows:
        return {
            name: over_seeds([scores(question.task, features, one, target) for one in each])
            for name, each in images.items()
        }

    fixed, trained = rows({name: [restore(source)] for name, restore in methods.items()}), rows(outputs)
    pairs = zip(outputs["autoencoder, all"], outputs["U-Net"], strict=True)
    natural = Spread(tuple(nearer(features, one, other, target) for one, other in pairs))
    return Answer(question, cases, fixed, trained, verdicts(fixed, trained, cases, natural, question.task))


def read(out: Path, question: Question, arm: str, seed: int) -> Case:
    """A finished run."""
    options = replace(question.options, **ARMS[arm])
    return read_case(run_folder(out, question, arm, seed), options, len(question.train))


@torch.no_grad()
def restored(case: Case, source: Tensor) -> Tensor:
    """Degraded pictures (N, C, H, W), restored: (N, 3, H, W)."""
    net = case.network()
    return torch.cat([net(some) for some in source.split(16)])


@torch.no_grad()
def scores(task: str, features: Backbone, images: Tensor, target: Tensor) -> dict[str, float]:
    """How near pictures (N, 3, H, W) are to the true ones."""
    found = {PSNR: psnr(images, target).item(), "SSIM": ssim(images, target).item()}
    if task == "color":
        found["chroma error, %"] = 100 * chroma_error(images, target).item()
    return found | {"feature distance": _distances(features, images, target).mean().item()}


def nearer(features: Backbone, one: Tensor, other: Tensor, target: Tensor) -> float:
    """The part of the pictures on which one set is nearer to the truth than another, by features."""
    first, second = (_distances(features, images, target) for images in (one, other))
    return (first < second).double().mean().item()


def _distances(features: Backbone, images: Tensor, target: Tensor) -> Tensor:
    pairs = zip(images.split(16), target.split(16), strict=True)
    with torch.no_grad():
        return torch.cat([feature_distance(features, a, b, reduction="none") for a, b in pairs])


def stage_table(each: Answer) -> str:
    """Seconds of a pass over the pictures in each stage, and what the number of operations says."""
    cases = each.cases["coarse-to-fine, each"]
    # Of two phases of a stage, the later one counts, in which nothing is frozen.
    last = {phase.stage: phase for phase in cases[0].phases}
    times = {
        stage: Spread(tuple(case.seconds_per_pass(phase) for case in cases)) for stage, phase in last.items()
    }
    costs = {stage: operations(cases[0], each.question, stage) for stage in last}
    finest = max(last)
    lines = [
        ["seconds of a pass", *(times[stage].text(1) for stage in last)],
        ["part of the last stage's", *(f"{times[stage].mean / times[finest].mean:.2f}" for stage in last)],
        ["by the number of operations", *(f"{costs[stage] / costs[finest]:.2f}" for stage in last)],
    ]
    return table(["stage by stage", *(f"stage {stage}" for stage in last)], lines)


def operations(case: Case, question: Question, stage: int) -> int:
    """Floating-point operations of one picture in a stage."""
    net = case.network()
    source = torch.zeros_like(question.held_out[0][0])[None]
    side = 2 ** (len(net.stages) - stage)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(source[..., ::side, ::side], stage)
    return counter.get_total_flops()


def describe(answers: Sequence[Answer], setup: Setup) -> str:
    """The page's text."""
    statements = list(dict.fromkeys(statement for each in answers for statement in each.found))
    header = ["the article", *(each.question.title for each in answers)]
    rows = ([one, *(each.found.get(one, "") for each in answers)] for one in statements)
    sections = "\n".join(describe_question(each) for each in answers)
    return f"""# From coarse to fine, or all at once

```sh
{setup.command}
```

Koshian's study of 2019-07-29, repeated: six combinations of network and training, with L1 alone, on two
tasks. "Each" trains one stage after the other, a fifth of the steps of a stage with the coarser stages
frozen; "all" trains the last stage from the start. {setup.budget}

{table(header, rows)}

"Yes" and "no" are differences of the held-out PSNR larger than that between the seeds; it is the mean over
the last fifth of the steps. Where no network is better than doing nothing, the other questions are open.

{sections}
Each number is the mean over the seeds, and ± half the distance between the lowest and the highest. The
feature distance is EfficientNet-Lite0's, not LPIPS. Pictures were reduced by Pillow's bicubic filter and
cropped at the center; a mosaic takes the pixel at the center of each tile.
"""


def describe_question(each: Answer) -> str:
    """The section of one task on one set."""
    header = ["", *next(iter(each.trivial.values())), "parameters", "seconds"]
    lines = [[name, *score_cells(row, DIGITS)] for name, row in each.trivial.items()]
    for arm, row in each.trained.items():
        cases = each.cases[arm]
        size = sum(parameter.numel() for parameter in cases[0].network().parameters())
        seconds = Spread(tuple(case.seconds() for case in cases)).text(0)
        lines.append([f"**{arm}**", *score_cells(row, DIGITS), f"{size / 1e6:.2f} M", seconds])
    name, title = each.question.name, each.question.title
    return f"""## {title}

![{title}]({name}.png)

Held-out pictures, from left to right: the input, {", ".join(ARMS)}, and the true picture.

{table(header, lines)}

{len(each.question.train):,} pictures to train on, {len(each.question.held_out):,} held out.

{stage_table(each)}

![PSNR against passes]({name}-curves.png)
"""
