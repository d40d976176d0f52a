"""A training without an end, whose checkpoint is written when it is told to stop.

torchrun --nproc_per_node 2 endless.py OUT
"""

import os
import sys
import time
from pathlib import Path

import torch
from gan_trainers import Run, plain_errors
from torch import nn

if __name__ == "__main__":
    with plain_errors():
        out = Path(sys.argv[1])
        run = Run(out)
        network = nn.Conv2d(3, 3, 1)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        run.register(network=network, optimizer=optimizer)
        loader = run.loader(torch.zeros(8, 3, 4, 4), 2)
        for batch in run.steps(loader, until=1_000_000):
            run.update(optimizer, network(batch).mean())
            time.sleep(0.05)
            if run.step == 3:
                (out / f"process-{os.environ['RANK']}").write_text(str(os.getpid()))
