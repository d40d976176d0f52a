"""Quality and duration of one case of the coarse-to-fine study, from the log of its run."""

from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import comparison
import gan_nets
from coarse_to_fine import Options, Phase, schedule
from gan_nets import CoarseToFineUNet
from gan_trainers import read_scalars


class Case(NamedTuple):
    """A model that was trained on a task."""

    folder: Path
    phases: list[Phase]
    rows: list[comparison.Row]  # of the log, with the number of passes over the photos in each

    def network(self) -> CoarseToFineUNet:
        """What was trained."""
        net = gan_nets.load(self.folder / "net").eval()
        assert isinstance(net, CoarseToFineUNet)
        return net

    def settled(self, name: str) -> float:
        """The mean of a scalar over the last fifth of the steps, since it fluctuates.

        Over the last phase if that is shorter: the phases before it have smaller images.
        """
        end = self.rows[-1]["step"]
        begin = end - min(0.2 * end, self.phases[-1].steps)
        return fmean(row[name] for row in self.rows if name in row and row["step"] > begin)

    def settled_after(self, name: str, seconds: float) -> float:
        """The mean of a scalar over the last fifth of the steps that fit into a time, in the last phase."""
        end = min(self.rows[-1]["passes"], seconds / self.seconds_per_pass(self.phases[-1]))
        rows = [row for row in self.rows if name in row]
        near = [row for row in rows if 0.8 * end < row["passes"] <= end]
        if not near:  # evaluated more seldom than that
            near = [min(rows, key=lambda row: abs(row["passes"] - end))]
        return fmean(row[name] for row in near)

    def seconds(self) -> float:
        """Duration of the training with every phase at its median speed."""
        passes_per_step = self.rows[-1]["passes"] / self.rows[-1]["step"]
        return sum(phase.steps * passes_per_step * self.seconds_per_pass(phase) for phase in self.phases)

    def seconds_per_pass(self, phase: Phase) -> float:
        """The median over the phase's rows of the log, without evaluations unless all rows include one."""
        begin = sum(earlier.steps for earlier in self.phases[: self.phases.index(phase)])
        start = dict.fromkeys(("step", "seconds", "passes"), 0.0)
        windows = [
            ((after["seconds"] - before["seconds"]) / (after["passes"] - before["passes"]), "psnr" in after)
            for before, after in pairwise([start, *self.rows])
            if begin < after["step"] <= begin + phase.steps
        ]
        return median([pace for pace, evaluated in windows if not evaluated] or [pace for pace, _ in windows])


def read_case(run: Path, options: Options, photos: int) -> Case:
    """A finished run of coarse_to_fine.py with these options, on `photos` photos."""
    rows = read_scalars(run / "scalars.jsonl")
    phases = [phase for phase in schedule(options) if phase.steps]
    return Case(run, phases, [row | {"passes": row["images"] / photos} for row in rows])
