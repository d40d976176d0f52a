"""A small GAN with all that a step may draw, whose processes may change from one start to the next.

    python elastic.py OUT UNTIL [OUT UNTIL]            one process, batches of 6
    torchrun --nproc_per_node 3 elastic.py OUT UNTIL   three, each with batches of 2

Resumes, and ends after the step UNTIL of `STEPS`. OUT/weights-<process>.safetensors receives the weights.
"""

import os
import sys
from pathlib import Path

import torch
from gan_trainers import EMA, ImagePool, Run, frozen, linear_decay
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

WHOLE_BATCH = 6
STEPS = 9


class Noisy(Dataset[Tensor]):
    """Eleven images, with new noise each time."""

    def __len__(self) -> int:
        return 11

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((3, 6, 6), index / 5 - 1) + 0.1 * torch.randn(3, 6, 6)


def main(out: Path, until: int) -> None:
    run = Run(out, seed=2, window=4)
    g = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=False),  # Adam would magnify the rounding of a bias here
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Conv2d(6, 3, 1),
    )
    d = nn.Sequential(nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.2), nn.Conv2d(6, 1, 3))
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (g, d))
    ema, pool = EMA(g, half_life=3), ImagePool(8, seed=1)
    run.register(g=g, d=d, opt_g=opt_g, opt_d=opt_d, ema=ema, pool=pool)
    batches = run.loader(Noisy(), WHOLE_BATCH // run.processes)
    run.resume()
    for real in run.steps(batches, until=STEPS):
        run.set_lr(1e-3 * linear_decay(run.step, start=4, end=STEPS + 1), opt_g, opt_d)
        noise, strength = run.draw(len(real), lambda n: (torch.randn(n, 3, 6, 6), torch.rand(())))
        fake = g(noise + strength * real.flip(3))
        with frozen(d):
            loss = F.softplus(-d(fake)).mean() + F.l1_loss(fake, real)
            run.update(opt_g, loss)
        run.log({"generator": loss})
        loss = F.softplus(-d(real)).mean() + F.softplus(d(pool.swap(fake))).mean()
        run.update(opt_d, loss)
        ema.update()
        if run.every(3):
            run.save()
        if run.step == until:
            break
    weights = {
        f"{name} {key}": value.clone()
        for name, net in {"g": g, "d": d, "average": ema.average}.items()
        for key, value in net.state_dict().items()
    }
    weights |= {f"pool {n}": image for n, image in enumerate(pool.state_dict()["images"])}
    save_file(weights, out / f"weights-{os.environ.get('RANK', '0')}.safetensors")


if __name__ == "__main__":
    for folder, until in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        main(Path(folder), int(until))
