"""The page on many pictures: what their order and their paths cost, from a thousand to fifty million.

    python tests/benchmarks/scale.py docs/scale

It writes README.md and curves.png into the folder. The manifest of fifty million pictures takes 3 GB in the
temporary folder.
"""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import cyclopts
import manifest
import order
from gan_data import Images
from matplotlib.figure import Figure
from step_timing import machine

COUNTS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000)
PHOTOGRAPHS = Path(__file__).parents[2] / "examples" / "images" / "photographs" / "train"


def main(page: Path) -> None:
    """Measure, and write the page.

    Args:
        page: its folder. What is written by hand is in its notes.md.
    """
    orders, paths = list(order.costs(COUNTS)), list(manifest.costs(COUNTS))
    page.mkdir(parents=True, exist_ok=True)
    draw(page / "curves.png", orders, paths)
    (page / "README.md").write_text(describe(orders, paths, read_milliseconds()), encoding="utf-8")


def read_milliseconds(size: int = 256) -> float:
    """CPU time to read, resize and crop a photograph of this repository: the mean over all."""
    files = sorted(PHOTOGRAPHS.glob("*.jpg"))
    images = Images(files, size=size, load_size=round(size * 286 / 256))
    list(itertools.islice(images, 4))  # what is loaded once
    start = time.process_time()
    for index in range(len(images)):
        images[index]
    return (time.process_time() - start) / len(images) * 1e3


def draw(file: Path, orders: Sequence[order.Cost], paths: Sequence[manifest.Cost]) -> None:
    """Seconds to the first batch, and memory, against the number of pictures."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    seconds, mebibytes = figure.subplots(1, 2)
    for costs, names in ((orders, ("computed", "stored")), (paths, ("indexed", "listed"))):
        for name in names:
            own = [cost for cost in costs if cost.name == name]
            label = f"{'order' if costs is orders else 'paths'}, {name}"
            for axes, values in (
                (seconds, [c.first for c in own]),
                (mebibytes, [max(c.memory, 0.1) for c in own]),
            ):
                axes.plot([cost.samples for cost in own], values, marker="o", label=label)
    for axes, title in ((seconds, "CPU seconds to the first batch"), (mebibytes, "MiB of memory")):
        axes.set(xscale="log", yscale="log", xlabel="pictures", title=title)
        axes.grid(alpha=0.3)
    seconds.legend()
    figure.savefig(file, dpi=120)


def describe(orders: Sequence[order.Cost], paths: Sequence[manifest.Cost], read: float) -> str:
    """The page's text."""
    order_rows = "\n".join(
        f"| {c.samples:,} | {c.name} | {1e3 * c.first:.2f} ms | {c.each:.2f} us | {c.memory:.1f} MiB |"
        for c in orders
    )
    path_rows = "\n".join(
        f"| {c.samples:,} | {c.name} | {c.file:.1f} MiB | {c.first:.3f} s | {c.each:.0f} us "
        f"| {c.memory:.1f} MiB |"
        for c in paths
    )
    return f"""# Many pictures

```sh
python tests/benchmarks/scale.py docs/scale
```

![Seconds to the first batch, and memory, from a thousand to fifty million pictures](curves.png)

A run needs the order of its samples and the paths of its pictures. The order is computed, sample by sample;
the paths are read from a manifest (`gan-data index`), row by row. Both are compared with what is usual: a
random permutation and a list of paths in memory, up to a million.

## The order of the samples

| pictures | order | to the first batch of 16 | each sample | memory |
|---|---|---|---|---|
{order_rows}

## Their paths

The manifests list pictures that do not exist. The first batch comes when the training part is found, its
sizes are checked, and 16 paths in random order are known.

| pictures | paths | manifest | to the first batch | each further path | memory |
|---|---|---|---|---|---|
{path_rows}

## A picture

To read, resize and crop one of this repository's photographs to 256 pixels takes {read:.1f} ms of CPU.

All times are CPU time of one process, each in a new interpreter, after its imports. The machine:
{machine()}.

[Notes](notes.md), written by hand: what this means for 32 GPUs.
"""


if __name__ == "__main__":
    cyclopts.run(main)
