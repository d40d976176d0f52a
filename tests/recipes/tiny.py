"""A recipe of seconds with everything of a long one: two phases, noise, averages, a pool, scores.

python tiny.py OUT SEED
"""

import random
import sys
from pathlib import Path

import torch
from gan_trainers import EMA, Run, frozen, linear_decay, plain_errors
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam
from torch.utils.data import Dataset

STEPS = {"content": 7, "adversarial": 14}


class Blobs(Dataset[Tensor]):
    """Eleven images, with new noise each time."""

    def __len__(self) -> int:
        return 11

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((3, 8, 8), index / 5 - 1) + 0.1 * torch.randn(3, 8, 8) + 0.1 * random.random()


class Pool:
    """The last three fakes."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def swap(self, image: Tensor) -> Tensor:
        self.images = [*self.images[-2:], image.detach()]
        return random.choice(self.images)

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {"images": self.images}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        self.images = state["images"]


def main(out: Path, seed: int) -> None:
    run = Run(out, seed=seed, window=4)
    g = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 3, 3, padding=1)
    )
    d = nn.Sequential(nn.Conv2d(3, 32, 3), nn.LeakyReLU(0.2), nn.Conv2d(32, 1, 3))
    opt_g, opt_d = Adam(g.parameters(), lr=1e-3), Adam(d.parameters(), lr=1e-3)
    ema, pool = EMA(g, half_life=4, ramp_up=0.5), Pool()
    run.register(g=g, d=d, opt_g=opt_g, opt_d=opt_d, ema=ema, pool=pool)
    loader = run.loader(Blobs(), batch_size=4)
    run.resume()
    for phase, steps in STEPS.items():
        for real in run.steps(loader, until=steps, phase=phase):
            run.set_lr(1e-3 * linear_decay(run.step, start=10, end=21), opt_g, opt_d)
            fake = g(real.flip(3) + 0.1 * torch.randn_like(real))
            loss = F.l1_loss(fake, real)
            if phase == "adversarial":
                with frozen(d):
                    loss = loss + F.softplus(-d(fake)).mean()
            run.update(opt_g, loss)
            run.log({"generator": loss})
            if phase == "adversarial":
                loss = F.softplus(-d(real)).mean() + F.softplus(d(pool.swap(fake))).mean()
                run.update(opt_d, loss)
                run.log({"discriminator": loss})
            ema.update()
            if run.every(6):
                run.grid("fake", real, fake, ema(real))
            if run.every(3):
                run.save(score=loss.item(), better="lower")


if __name__ == "__main__":
    with plain_errors():
        main(Path(sys.argv[1]), int(sys.argv[2]))
