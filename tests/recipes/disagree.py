"""Two processes that disagree about their folder, their checkpoint or their turn; each must say so and end.

    torchrun --nproc_per_node 2 disagree.py OUT

OUT/said-<process>.json receives what each process was told in each case.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from gan_trainers import Run
from gan_trainers.run import _folder
from torch import nn

_folder._PATIENCE = 1.0  # for a network disk
RANK = int(os.environ["RANK"])


def train(out: Path, steps: int, *, stays_away: bool = False) -> Run:
    run = Run(out)
    network = nn.Conv2d(3, 3, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    run.register(network=network, optimizer=optimizer)
    loader = run.loader(torch.zeros(8, 3, 4, 4), 2)
    run.resume()
    for batch in run.steps(loader, until=steps):
        if stays_away:
            os.environ["GAN_TIMEOUT"] = "3"  # from here on, so that a slow machine can begin
            dist.distributed_c10d._set_pg_timeout(timedelta(seconds=3))
            time.sleep(6 * RANK)
        run.update(optimizer, network(batch).mean())
        if run.every(100):
            run.save()
    return run


def own_folders(out: Path) -> None:
    train(out / f"own-{RANK}", 1)


def checkpoint_of_the_first_alone(out: Path) -> None:
    """The folder of the last process shows the lock of the first, but not its checkpoints."""
    if RANK == 0:
        late = out / "late"
        late.mkdir()
        (late / ".lock").symlink_to(out / "shared" / ".lock")
    else:
        time.sleep(0.5)
    train(out / ("late" if RANK else "shared"), 3)


def one_stays_away(out: Path) -> None:
    train(out / "away", 2, stays_away=True)


def told(case: Callable[[Path], None], out: Path) -> list[str]:
    try:
        case(out)
    except (ValueError, OSError) as error:
        return [type(error).__name__, str(error)]
    return []


def main(out: Path) -> None:
    run = train(out / "shared", 2)
    said = {"processes": [str(run.processes), str(run.device.type), str(run.is_main)]}
    for case in (own_folders, checkpoint_of_the_first_alone, one_stays_away):
        said[case.__name__] = told(case, out)
    (out / f"said-{RANK}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
