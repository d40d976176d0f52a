"""An adversarial training with sharded networks; on one process they are whole.

    python sharded.py OUT                             one process, the whole batch
    torchrun --nproc_per_node 2 ... sharded.py OUT    two, each with half of it

OUT/<case>-<process>.safetensors receives the weights at the end, OUT/said-<process>.json what was refused.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from gan_losses import r1_penalty
from gan_trainers import EMA, Run, frozen
from gan_trainers.base.sharded import whole
from safetensors.torch import save_file
from schedulefree import AdamWScheduleFree
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

RANK = int(os.environ.get("RANK", "0"))
STEPS = 6
IMAGES = torch.randn(21, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def generator() -> nn.Sequential:
    norm, last = nn.BatchNorm2d(5), nn.Conv2d(5, 3, 3, padding=1)
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1, bias=False), norm, nn.LeakyReLU(0.2), last).double()


def discriminator() -> nn.Sequential:
    first = nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))
    return nn.Sequential(first, nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3)).double()


def train(
    out: Path,
    *,
    sharded: bool = True,
    only_d: bool = False,
    unfrozen: bool = False,
    until: int = STEPS,
    fused: bool = False,
    **options: object,
) -> dict[str, Tensor]:
    """Train both players, and return the whole weights of both and of the average."""
    run = Run(out, window=2, quiet=True, **options)  # type: ignore[arg-type]
    g, d = generator(), discriminator()
    ema = EMA(g, half_life=3)
    if sharded:
        run.shard(*(() if only_d else (g, ema)), d, parts=[g[0], d[2]])
    opt_g, opt_d = (Adam(net.parameters(), lr=1e-2, fused=fused) for net in (g, d))
    run.register(g=g, d=d, ema=ema, opt_g=opt_g, opt_d=opt_d)
    accumulate = int(options.get("accumulate", 1))  # type: ignore[call-overload]
    loader = run.loader(IMAGES, 8 // run.processes // accumulate)  # type: ignore[arg-type]
    run.resume()
    for real in run.steps(loader, until=until):
        fake = g(real.flip(3))
        loss = F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()
        run.update(opt_d, loss)
        with frozen(*(() if unfrozen else (d,))):
            loss = F.softplus(-d(fake)).mean() + F.l1_loss(fake, real)
            run.update(opt_g, loss)
        run.log({"loss": loss})
        if run.every(1):
            ema.update()
        if run.every(3):
            ema(real)  # an evaluation in between
            run.save()
    weights = {"g": g, "d": d, "average": ema.average}
    return {
        f"{name}.{key}": whole(value).detach()
        for name, network in weights.items()
        for key, value in network.state_dict().items()
    }


def refusal(work: Callable[[], object]) -> list[str]:
    """The kind of an error, and its sentence."""
    try:
        work()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return ["nothing", ""]


def penalty(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.shard(d)
    r1_penalty(d, IMAGES[:2])


def made_before(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    optimizer = Adam(d.parameters())
    run.shard(d)
    run.register(d=d, optimizer=optimizer)
    run.resume()


def averaging(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.shard(d)
    run.register(d=d, optimizer=AdamWScheduleFree(d.parameters()))


def mixed(out: Path) -> None:
    run = Run(out, quiet=True)
    g, d = generator(), discriminator()
    run.shard(d)
    run.register(g=g, d=d, optimizer=Adam([*g.parameters(), *d.parameters()]))


def whole_average(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    ema = EMA(d, half_life=1)
    run.shard(d)
    run.register(d=d, ema=ema)


def late_average(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.shard(d)
    EMA(d, half_life=1)


REFUSED = (penalty, made_before, averaging, mixed, whole_average, late_average)


def main(out: Path) -> None:
    cases: dict[str, Callable[[Path], dict[str, Tensor]]] = {
        "sharded": train,
        "only d": lambda folder: train(folder, only_d=True),
        "unfrozen": lambda folder: train(folder, unfrozen=True),
        "clip": lambda folder: train(folder, clip=0.05),
        "accumulate": lambda folder: train(folder, accumulate=2, unfrozen=True),
        "fused": lambda folder: train(folder, fused=True),
        "resumed": lambda folder: (train(folder, until=4), train(folder))[1],
        "resumed whole": lambda folder: (train(folder, until=4), train(folder, sharded=False))[1],
    }
    for name, case in cases.items():
        weights = {key: value.contiguous() for key, value in case(out / name).items()}
        save_file(weights, out / f"{name}-{RANK}.safetensors")
    said = {each.__name__: refusal(lambda each=each: each(out / each.__name__)) for each in REFUSED}
    (out / f"said-{RANK}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
