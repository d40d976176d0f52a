"""Each recipe's step, in its default setting and in the best one, compared with the plain step.

    python tests/benchmarks/table.py
    python tests/benchmarks/table.py pix2pix srgan --rounds 3
    python tests/benchmarks/table.py --peers ~/peers         # with the other projects' code (peers.py)

Ratios are medians over the rounds, in which both take turns; their range is in brackets. Memory is the peak
of the default setting's process, divided by that of the other's, in each precision.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import augment
import cyclegan_step
import cyclopts
import peers
import pix2pix_step
import pix2pixhd_step
import projected_step
import srgan_step
from cyclopts import Parameter
from step_timing import LAYOUTS, PRECISIONS, Step, StepMaker, Timing, machine, measure


class Row(NamedTuple):
    """A recipe's step and what it is compared with."""

    title: str
    make_step: StepMaker
    words: str = ""  # that make a variant of the step the recipe's
    project: str = ""  # whose code does the same: the name of its clone
    peer: Callable[[Path], Step] | None = None  # its step, from the clone
    plain: bool = True  # there is a plain step to compare with where there is no clone


ZHU = "pytorch-CycleGAN-and-pix2pix"
cyclegan = partial(partial, cyclegan_step.make_step, batch_size=1, identity_weight=5.0)
srresnet = partial(srgan_step.make_step, phase="pixels", size=96, batch_size=16)
ROWS = {
    "cyclegan-256": Row(
        "CycleGAN 256, batch 1", cyclegan(size=256), "", ZHU, partial(peers.cyclegan, size=256)
    ),
    "cyclegan-128": Row(
        "CycleGAN 128, batch 1", cyclegan(size=128), "", ZHU, partial(peers.cyclegan, size=128)
    ),
    "pix2pix": Row(
        "pix2pix 256, batch 1",
        partial(pix2pix_step.make_step, size=256, batch_size=1),
        "",
        ZHU,
        partial(peers.pix2pix, size=256),
    ),
    "pix2pixhd": Row(
        "pix2pixHD 256x512, batch 1",
        partial(pix2pixhd_step.make_step, stage="global", size=(256, 512), channels=64, batch_size=1),
        "",
        "pix2pixHD",
        partial(peers.pix2pixhd, size=(256, 512)),
    ),
    "srgan": Row("SRResNet, crops of 96, batch 16", srresnet),
    "msrresnet": Row(
        "MSRResNet, crops of 96, batch 16",
        srresnet,
        " msrresnet",
        "BasicSR",
        partial(peers.msrresnet, size=96, batch_size=16),
        plain=False,
    ),
    "projected": Row(
        "Projected GAN 256, batch 2",
        partial(projected_step.make_step, size=256, batch_size=2, lite=True, resize=224),
        " shared",
    ),
}
AUGMENTATIONS = {"DiffAugment, all": 32, "ADA, bgc": 8}  # batch sizes


def main(*rows: str, rounds: int = 5, clones: Annotated[Path | None, Parameter("--peers")] = None) -> None:
    """Print the table.

    Args:
        *rows: their names, such as "pix2pix" or "augment"; all if none is given.
        rounds: timed rounds of each pair, after two warm-up steps.
        clones: a folder of the projects that peers.py names. A row whose project is there is compared with it
            instead of the plain step.
    """
    if unknown := set(rows) - {*ROWS, "augment"}:
        raise SystemExit(
            f"unknown rows: {', '.join(sorted(unknown))}; expected some of {', '.join(ROWS)}, augment"
        )
    if clones is not None and not any((clones / row.project).is_dir() for row in ROWS.values() if row.peer):
        raise SystemExit(f"--peers {clones}: expected clones in this folder, such as {clones / ZHU}")
    print(machine())
    print(
        "| step | against | its s | "
        + " | ".join(f"{p} default | best {p}" for p in PRECISIONS)
        + f" | memory, {', '.join(PRECISIONS)} |"
    )
    print("|---" * (4 + 2 * len(PRECISIONS)) + "|")
    for name, row in ROWS.items():
        if rows and name not in rows:
            continue
        if row.peer is not None and clones is not None and (clones / row.project).is_dir():
            peer = partial(row.peer, clones / row.project)
            row = row._replace(make_step=partial(peers.against, peer=peer, make_step=row.make_step))
        elif row.plain:
            row = row._replace(project="plain")
        else:
            print(f"{row.title}: left out, since it expects {row.project} in --peers", file=sys.stderr)
            continue
        print(_line(row, rounds), flush=True)
    for name, batch_size in AUGMENTATIONS.items():
        if not rows or "augment" in rows:
            make_step = partial(augment.make_step, augmentation=name, batch_size=batch_size, size=256)
            timing = measure(make_step, "gan-augment", rounds)
            print(
                f"| {name}, batch {batch_size} | plain | {_baseline(timing)} | {_ratio(timing)} |", flush=True
            )


def _line(row: Row, rounds: int) -> str:
    cells: list[str] = []
    memory: list[str] = []
    seconds = ""
    for precision in PRECISIONS:
        default = measure(row.make_step, precision + row.words, rounds)
        seconds = seconds or _baseline(default)
        layouts = {each: measure(row.make_step, f"{precision} {each}{row.words}", rounds) for each in LAYOUTS}
        best = max(layouts, key=lambda each: layouts[each].ratio)
        cells += [_ratio(default), f"{_ratio(layouts[best])} {best}"]
        memory.append(f"{default.peak / default.plain_peak:.2f}")
    return f"| {row.title} | {row.project} | {seconds} | {' | '.join(cells)} | {', '.join(memory)} |"


def _baseline(timing: Timing) -> str:
    return f"{timing.seconds * timing.ratio:.2f}"


def _ratio(timing: Timing) -> str:
    return f"{timing.ratio:.2f} ({min(timing.ratios):.2f} to {max(timing.ratios):.2f})"


if __name__ == "__main__":
    cyclopts.run(main)
