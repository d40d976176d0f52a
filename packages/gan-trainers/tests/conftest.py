import json
import os
from itertools import chain

os.environ["ACCELERATE_USE_CPU"] = "true"  # equal to the last bit is promised for the CPU
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_BF16"  # float32 by default, with AMX too

import random

import numpy as np
import pytest
import torch
from gan_trainers import EMA, Run, frozen, linear_decay
from torch import nn
from torch.nn import functional as F
from torch.optim import Adam
from torch.utils.data import Dataset

torch.set_num_threads(1)


class Pictures(Dataset):
    """Twenty-three noisy 8x8 pictures; the noise comes from all three generators."""

    def __len__(self):
        return 23

    def __getitem__(self, index):
        brightness = index / 11 - 1 + 0.01 * random.random() + 0.01 * np.random.rand()
        return torch.full((3, 8, 8), brightness) + 0.1 * torch.randn(3, 8, 8)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.last = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, x):
        return torch.tanh(self.last(torch.relu(self.norm(self.first(x)))))


class Pool:
    """What a recipe may keep besides networks: it has a history of its own."""

    def __init__(self):
        self.images = []

    def swap(self, image):
        self.images = [*self.images[-2:], image.detach()]
        return self.images[0]

    def state_dict(self):
        return {"images": self.images}

    def load_state_dict(self, state):
        self.images = state["images"]


class Crash(Exception):  # noqa: N818 - an event rather than an error
    """Stands for a kill: what was not saved is lost."""


def play(out, *, crash_at=None, phases=(("train", 12),), save_every=4, fused=False, workers=0, **options):
    """A small adversarial training with everything that a recipe may draw from; its final states."""
    run = Run(out, **{"seed": 3, "window": 5, **options})
    g, d = Generator(), nn.Sequential(nn.Conv2d(3, 5, 3), nn.LeakyReLU(0.2), nn.Conv2d(5, 1, 3))
    opt_g, opt_d = Adam(g.parameters(), lr=2e-3, fused=fused), Adam(d.parameters(), lr=2e-3, fused=fused)
    ema, pool = EMA(g, half_life=3, ramp_up=0.5), Pool()
    run.register(g=g, d=d, opt_g=opt_g, opt_d=opt_d, ema=ema, pool=pool)
    loader = run.loader(Pictures(), batch_size=4, workers=workers)
    run.resume()
    total = sum(steps for _, steps in phases)
    for name, steps in phases:
        for real in run.steps(loader, until=steps, phase=name):
            run.set_lr(2e-3 * linear_decay(run.step, start=total // 2, end=total), opt_g, opt_d)
            noise = 0.1 * random.random() + 0.1 * np.random.rand() + 0.1 * torch.randn_like(real)
            fake = g(real.flip(3) + noise)
            with frozen(d):
                loss = F.softplus(-d(fake)).mean() + F.l1_loss(fake, real)
                run.update(opt_g, loss)
            run.log({"generator": loss})
            loss = F.softplus(-d(real)).mean() + F.softplus(d(pool.swap(fake))).mean()
            run.update(opt_d, loss)
            run.log({"discriminator": loss, "lr": opt_d.param_groups[0]["lr"]})
            ema.update()
            if run.every(save_every):
                run.save()
            if run.step == crash_at and run.every(1):
                raise Crash
    rows = [json.loads(line) for line in (run.out / "scalars.jsonl").read_text().splitlines()]
    for row in rows:
        del row["seconds"]
    registered = {"g": g, "d": d, "opt_g": opt_g, "opt_d": opt_d, "ema": ema, "pool": pool}
    return {"rows": rows, **{name: each.state_dict() for name, each in registered.items()}}


def differences(left, right, path=""):
    """The paths at which two nests of states differ by even a bit."""
    if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        equal = left.dtype == right.dtype and torch.equal(left, right)
        return [] if equal else [path]
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return list(chain.from_iterable(differences(left[k], right[k], f"{path}.{k}") for k in left))
    if isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return list(chain.from_iterable(differences(a, b, f"{path}.{i}") for i, (a, b) in pairs))
    return [] if left == right else [path]


@pytest.fixture
def pictures():
    return Pictures()


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator()


@pytest.fixture(scope="session")
def training():
    return play


@pytest.fixture(scope="session")
def crash():
    return Crash


@pytest.fixture(scope="session")
def unequal():
    return differences


@pytest.fixture
def tiny_run(tmp_path):
    """A run over a 1x1 convolution with SGD: (run, network, optimizer, loader)."""

    def make(out="run", *, lr=0.1, resume=True, **options):
        run = Run(tmp_path / out, **options)
        network = nn.Conv2d(3, 3, 1)
        optimizer = torch.optim.SGD(network.parameters(), lr=lr)
        run.register(network=network, optimizer=optimizer)
        loader = run.loader(Pictures(), batch_size=2)
        if resume:
            run.resume()
        return run, network, optimizer, loader

    return make
