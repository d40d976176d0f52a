"""Scalars read from a run's folder, and drawn."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

Row = dict[str, float]


def read_scalars(file: Path) -> list[Row]:
    """The lines of a `scalars.jsonl`; a last line that a kill cut short is left out."""
    rows = []
    for line in file.read_text("utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def draw_curves(
    runs: Mapping[str, list[Row]], file: Path, names: list[str] | None = None, *, against: str = "step"
) -> None:
    """Draw scalars, one small chart for each name and one line for each run.

    Args:
        runs: rows of `read_scalars`, by the label of their run.
        file: the picture to write.
        names: the scalars to draw, in this order; None for all. Nothing is written if there are none.
        against: the scalar of the horizontal axis, which all rows have, such as "seconds" or "images".
    """
    from matplotlib.figure import Figure  # imported late: it loads more slowly than all the rest

    heading = ("step", "seconds", "images")
    if names is None:
        seen = dict.fromkeys(name for rows in runs.values() for row in rows for name in row)
        names = [name for name in seen if name not in heading]
    if not names:
        return
    columns = min(3, len(names))
    lines = math.ceil(len(names) / columns)
    figure = Figure(figsize=(4.2 * columns, 2.8 * lines), layout="tight")
    for index, name in enumerate(names):
        axes = figure.add_subplot(lines, columns, index + 1)
        for number, (label, rows) in enumerate(runs.items()):  # a run without this scalar keeps its color
            points = [row for row in rows if name in row]
            places, heights = ([row[each] for row in points] for each in (against, name))
            axes.plot(places, heights, label=label, linewidth=1, color=f"C{number % 10}")
        axes.set_title(name, fontsize=10)
        axes.set_xlabel(against, fontsize=8)
        axes.grid(alpha=0.3)
        if len(runs) > 1 and index == 0:
            axes.legend(fontsize=8)
    figure.savefig(file, dpi=100)
