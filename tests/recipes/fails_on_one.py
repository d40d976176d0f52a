"""An error on the last process alone, in its third step; the others must not wait for it forever."""

import os
import sys
from pathlib import Path

import torch
from gan_trainers import Run, linear_decay, plain_errors
from torch import nn

RANK = int(os.environ["RANK"])  # as the launcher numbers its processes

if __name__ == "__main__":
    with plain_errors():
        run = Run(Path(sys.argv[1]))
        network = nn.Conv2d(3, 3, 1)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        run.register(network=network, optimizer=optimizer)
        for batch in run.steps(run.loader(torch.zeros(8, 3, 4, 4), 2), until=1_000_000):
            run.update(optimizer, network(batch).mean())
            if run.step == 3 and run.processes - 1 == RANK:
                linear_decay(1, start=2, end=1)
