"""Each recipe's step, in its default setting and in the best one, compared with the plain step.

    python tests/benchmarks/table.py
    python tests/benchmarks/table.py pix2pix srgan --rounds 3

Ratios are medians over the rounds, in which both take turns; their range is in brackets. Memory is the peak
of the default setting's process, divided by that of the plain one's.
"""

from functools import partial

import augment
import cyclegan_step
import cyclopts
import pix2pix_step
import pix2pixhd_step
import projected_step
import srgan_step
from step_timing import LAYOUTS, PRECISIONS, StepMaker, Timing, machine, measure

cyclegan = partial(partial, cyclegan_step.make_step, batch_size=1, identity_weight=5.0)
# By name: a title, the step, and the words that make a variant of it the recipe's.
ROWS: dict[str, tuple[str, StepMaker, str]] = {
    "cyclegan-256": ("CycleGAN 256, batch 1", cyclegan(size=256), ""),
    "cyclegan-128": ("CycleGAN 128, batch 1", cyclegan(size=128), ""),
    "pix2pix": ("pix2pix 256, batch 1", partial(pix2pix_step.make_step, size=256, batch_size=1), ""),
    "pix2pixhd": (
        "pix2pixHD 256x512, batch 1",
        partial(pix2pixhd_step.make_step, stage="global", size=(256, 512), channels=64, batch_size=1),
        "",
    ),
    "srgan": (
        "SRResNet, crops of 96, batch 16",
        partial(srgan_step.make_step, phase="pixels", size=96, batch_size=16),
        "",
    ),
    "projected": (
        "Projected GAN 256, batch 2",
        partial(projected_step.make_step, size=256, batch_size=2, lite=True, resize=224),
        " shared",
    ),
}
AUGMENTATIONS = {"DiffAugment, all": 32, "ADA, bgc": 8}  # batch sizes


def main(*rows: str, rounds: int = 5) -> None:
    """Print the table.

    Args:
        *rows: their names, such as "pix2pix" or "augment"; all if none is given.
        rounds: timed rounds of each pair, after two warm-up steps.
    """
    print(machine())
    print("| step | plain s | " + " | ".join(f"{p} default | best {p}" for p in PRECISIONS) + " | memory |")
    print("|---" * (3 + 2 * len(PRECISIONS)) + "|")
    for name, (title, make_step, words) in ROWS.items():
        if not rows or name in rows:
            print(_row(title, make_step, words, rounds), flush=True)
    for name, batch_size in AUGMENTATIONS.items():
        if not rows or "augment" in rows:
            make_step = partial(augment.make_step, augmentation=name, batch_size=batch_size, size=256)
            timing = measure(make_step, "gan-augment", rounds)
            print(f"| {name}, batch {batch_size} | {_plain(timing)} | {_ratio(timing)} |", flush=True)


def _row(title: str, make_step: StepMaker, words: str, rounds: int) -> str:
    cells, memory, plain = [], "", ""
    for precision in PRECISIONS:
        default = measure(make_step, precision + words, rounds)
        layouts = {each: measure(make_step, f"{precision} {each}{words}", rounds) for each in LAYOUTS}
        best = max(layouts, key=lambda each: layouts[each].ratio)
        cells += [_ratio(default), f"{_ratio(layouts[best])} {best}"]
        if not memory:
            memory, plain = f"{default.peak / default.plain_peak:.2f}", _plain(default)
    return f"| {title} | {plain} | {' | '.join(cells)} | {memory} |"


def _plain(timing: Timing) -> str:
    return f"{timing.seconds * timing.ratio:.2f}"


def _ratio(timing: Timing) -> str:
    return f"{timing.ratio:.2f} ({min(timing.ratios):.2f} to {max(timing.ratios):.2f})"


if __name__ == "__main__":
    cyclopts.run(main)
