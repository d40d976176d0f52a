"""Scalars read from a run's folder, and drawn."""

import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

Row = dict[str, float]


class ScalarLines(NamedTuple):
    """The lines of a log that can be read.

    Attributes:
        rows: the scalars of each line.
        texts: the lines themselves, in the same order.
        damage: a sentence about the lines that cannot be read, or None.
    """

    rows: list[Row]
    texts: list[str]
    damage: str | None


def read_scalars(file: Path) -> list[Row]:
    """The lines of a `scalars.jsonl`; a last line that a kill cut short is left out.

    There is a warning if other lines are damaged; they are left out, and those after them are not.

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("scalars.jsonl").write_text('{"step": 10, "loss": 2.0}')
        >>> read_scalars(Path("scalars.jsonl"))
        [{'step': 10, 'loss': 2.0}]
    """
    lines = read_lines(file)
    if lines.damage:
        warnings.warn(lines.damage, stacklevel=2)
    return lines.rows


def read_lines(file: Path) -> ScalarLines:
    """What `read_scalars` reads, with the sentence of its warning."""
    rows: list[Row] = []
    texts: list[str] = []
    damaged: list[int] = []
    lines = file.read_text("utf-8", errors="replace").split("\n")
    for number, text in enumerate(lines, start=1):
        row = _row(text)
        if row is not None:
            rows.append(row)
            texts.append(text)
        elif text.strip() and number < len(lines):  # the last one has no end: a kill cut it short
            damaged.append(number)
    numbers = ", ".join(map(str, damaged[:5])) + (", ..." if len(damaged) > 5 else "")
    noun = "line is" if len(damaged) == 1 else "lines are"
    sentence = f"{file}: {len(damaged)} damaged {noun} left out ({numbers}); all others are kept"
    return ScalarLines(rows, texts, sentence if damaged else None)


def _row(text: str) -> Row | None:
    """The numbers of a line, or None if it is not an object of numbers with a step."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or "step" not in row:
        return None
    row = {name: value for name, value in row.items() if value is not None}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in row.values())
    return row if numbers and math.isfinite(row.get("step", math.nan)) else None


def draw_curves(
    runs: Mapping[str, list[Row]], file: Path, names: list[str] | None = None, *, against: str = "step"
) -> None:
    """Draw scalars, one small chart for each name and one line for each run.

    Args:
        runs: rows of `read_scalars`, by the label of their run.
        file: the picture to write.
        names: the scalars to draw, in this order; None for all. Nothing is written if there are none.
        against: the scalar of the horizontal axis, which all rows have, such as "seconds" or "images".

    Examples:
        >>> from pathlib import Path
        >>> rows = [{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.0}]
        >>> draw_curves({"mine": rows}, Path("curves.png"))
        >>> Path("curves.png").is_file()
        True
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
    width, height = 4.2 * columns, 2.8 * lines  # inches
    figure = Figure(figsize=(width, height))
    # Margins by hand: a layout of matplotlib's own draws everything twice.
    sides = {"left": 0.6 / width, "right": 1 - 0.15 / width, "bottom": 0.5 / height, "top": 1 - 0.3 / height}
    figure.subplots_adjust(**sides, wspace=0.22, hspace=0.42)
    for index, name in enumerate(names):
        axes = figure.add_subplot(lines, columns, index + 1)
        for number, (label, rows) in enumerate(runs.items()):  # a run without this scalar keeps its color
            points = [row for row in rows if name in row and against in row]
            places, heights = ([row[each] for row in points] for each in (against, name))
            marker = "." if len(points) == 1 else None  # a line of one point does not show
            axes.plot(places, heights, label=label, linewidth=1, color=f"C{number % 10}", marker=marker)
        axes.set_title(name, fontsize=10, y=1)  # where it would be: matplotlib measures all labels to find it
        axes.locator_params(nbins=5)  # ticks take most of the time
        axes.set_xlabel(against, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
        if len(runs) > 1 and index == 0:
            axes.legend(fontsize=8)
    figure.savefig(file, dpi=100)
