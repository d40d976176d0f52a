"""The stages of runs that grow: what their generators draw at the end of each, and how long each takes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from comparison import Row, table
from gan_trainers import write_grid
from gan_trainers.logs.previews import read_grid
from spread import Spread
from torch import Tensor

SHOWN = 6  # samples, of the same latents in all stages


class Stage(NamedTuple):
    """A phase of a run that grows from 4x4 pixels on; here all have as many steps, as with one batch size."""

    name: str
    last: int  # step


def stages(size: int, steps: int) -> list[Stage]:
    """The stages of a run of so many steps up to a size."""
    sizes = [2**power for power in range(3, size.bit_length())]
    names = ["4", *(name for each in sizes for name in (f"{each} fades in", f"{each}"))]
    return [Stage(name, steps * number // len(names)) for number, name in enumerate(names, 1)]


def write_stages(run: Path, file: Path, size: int, log: Sequence[Row]) -> None:
    """Write what a run draws at the end of each stage, a column each, from its previews."""
    columns: list[Tensor] = []
    each_stage = stages(size, int(log[-1]["step"]))
    for stage in each_stage:
        preview = run / "previews" / "samples" / f"{stage.last:08d}.png"
        grid = read_grid(preview)
        if grid is None:
            raise ValueError(f"{preview}: expected a preview; got another picture")
        columns.append(grid[0, :SHOWN] * 2 - 1)
    write_grid(file, *columns, titles=[stage.name for stage in each_stage])


def stage_table(logs: Mapping[str, Sequence[Sequence[Row]]], size: int) -> str:
    """Seconds of each stage, evaluations included, for each arm that grows."""
    names = [stage.name for stage in stages(size, 0)]
    seconds = {arm: [stage_seconds(log, size) for log in each] for arm, each in logs.items()}
    lines = (
        [arm, *(Spread(tuple(run[place] for run in each)).text(0) for place in range(len(names)))]
        for arm, each in seconds.items()
    )
    return table(["seconds of each stage", *names], lines)


def stage_seconds(log: Sequence[Row], size: int) -> list[float]:
    """Seconds of each stage of a run."""
    ends = [0.0]
    for stage in stages(size, int(log[-1]["step"])):
        ends.append(max(row["seconds"] for row in log if row["step"] <= stage.last))
    return [end - start for start, end in pairwise(ends)]
