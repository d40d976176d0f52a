"""An adversarial training with sharded networks; on one process they are whole.

    python sharded.py OUT [CASE]                      one process, the whole batch
    torchrun --nproc_per_node 2 ... sharded.py OUT    two, each with half of it

OUT/<case>-<process>.safetensors receives the weights at the end, OUT/said-<process>.json what was refused.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from gan_losses import r1_penalty
from gan_trainers import EMA, Run, frozen
from gan_trainers.base.sharded import own_shard, whole
from gan_trainers.run import _sharding
from safetensors.torch import save_file
from schedulefree import AdamWScheduleFree
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Adam

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
    dtype: torch.dtype = torch.float64,
    kind: Callable[..., torch.optim.Optimizer] = Adam,
    large: int = 1_000_000,
    **options: object,
) -> dict[str, Tensor]:
    """Train both players, and return the whole weights of both and of the average."""
    run = Run(out, window=2, quiet=True, **options)  # type: ignore[arg-type]
    g, d = generator().to(dtype), discriminator().to(dtype)
    _sharding._LARGE = large  # type: ignore[attr-defined]
    ema = EMA(g, half_life=3)
    if sharded:
        run.shard(*(() if only_d else (g, ema)), d, parts=[d[2]] if only_d else [g[1], d[2]])
    opt_g, opt_d = (kind(net.parameters(), lr=1e-2) for net in (g, d))
    run.register(g=g, d=d, ema=ema, opt_g=opt_g, opt_d=opt_d)
    accumulate = int(options.get("accumulate", 1))  # type: ignore[call-overload]
    loader = run.loader(IMAGES, 8 // run.processes // accumulate)  # type: ignore[arg-type]
    run.resume()
    for images in run.steps(loader, until=until):
        real = images.to(dtype)
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


class Fork(nn.Module):
    """One layer for bright images, another for dark ones, which may be used on one process each."""

    def __init__(self) -> None:
        super().__init__()
        self.bright, self.dark, self.end = (nn.Conv2d(3, 3, 1, bias=False).double() for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.bright(x) if x.mean() > 0 else self.dark(x))


def fork(out: Path) -> dict[str, Tensor]:
    """A step of which each of two processes has one kind of images."""
    run = Run(out, quiet=True)
    _sharding._LARGE = 1_000_000  # type: ignore[attr-defined] - no part, which both would have to call
    net = Fork()
    run.shard(net)
    optimizer = SGD(net.parameters(), lr=1.0)
    run.register(net=net, optimizer=optimizer)
    halves = torch.ones(2, 3, 4, 4).double(), -torch.ones(2, 3, 4, 4).double()
    mine = halves if run.processes == 1 else [halves[RANK]]
    for _ in run.steps(run.loader(IMAGES, 1), until=1):  # type: ignore[arg-type]
        run.update(optimizer, sum(net(half).square().mean() for half in mine) / len(mine))
    return {key: whole(value).detach() for key, value in net.state_dict().items()}


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


def not_finite(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.shard(d)
    run.register(d=d)
    for _ in run.steps(run.loader(IMAGES, 1), until=1):  # type: ignore[arg-type]
        if run.processes - 1 == RANK:
            own_shard(d[0].bias.detach()).fill_(torch.nan)
        run.save()


def twice(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.shard(d)
    run.shard(d)


def registered(out: Path) -> None:
    run = Run(out, quiet=True)
    d = discriminator()
    run.register(d=d)
    run.shard(d)


def strange_part(out: Path) -> None:
    Run(out, quiet=True).shard(discriminator(), parts=[nn.Linear(2, 1)])


REFUSED = (
    not_finite, twice, registered, strange_part, penalty, made_before, averaging, mixed, whole_average,
    late_average,
)  # fmt: skip


def main(out: Path, *chosen: str) -> None:
    cases: dict[str, Callable[[Path], dict[str, Tensor]]] = {
        "sharded": train,
        "only d": lambda folder: train(folder, only_d=True),
        "unfrozen": lambda folder: train(folder, unfrozen=True),
        "clip": lambda folder: train(folder, clip=0.05),
        "accumulate": lambda folder: train(folder, accumulate=2, unfrozen=True),
        "fused": lambda folder: train(folder, kind=partial(Adam, fused=True)),
        "float32": lambda folder: train(folder, dtype=torch.float32, kind=SGD),
        "each layer": lambda folder: train(folder, large=1),
        "fork": fork,
        "resumed": lambda folder: (train(folder, until=4), train(folder))[1],
        "resumed whole": lambda folder: (train(folder, until=4), train(folder, sharded=False))[1],
    }
    for name in chosen or cases:
        weights = {key: value.contiguous() for key, value in cases[name](out / name).items()}
        save_file(weights, out / f"{name}-{RANK}.safetensors")
    if chosen:
        return
    said = {each.__name__: refusal(lambda each=each: each(out / each.__name__)) for each in REFUSED}
    (out / f"said-{RANK}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), *sys.argv[2:])
