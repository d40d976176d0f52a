"""Train small networks in every way that processes must agree on, and write the results.

    python compared.py OUT                                     one process, the whole batch
    accelerate launch --num_processes 2 ... compared.py OUT    two, each with half of it

OUT/<case>-<process>.safetensors receives the parameters, buffers and gradients at the end.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import torch
from gan_trainers import EMA, Run, frozen
from gan_trainers.base.batch_norm import SynchronizedBatchNorm2d
from safetensors.torch import save_file
from schedulefree import AdamWScheduleFree
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from torch.utils.data import Dataset

RANK = int(os.environ.get("RANK", "0"))  # as the launcher numbers its processes
WHOLE_BATCH = 8
STEPS = 6


class Waves(Dataset[Tensor]):
    """Twenty-one images of noise, in float64 so that only real differences show."""

    def __len__(self) -> int:
        return 21

    def __getitem__(self, index: int) -> Tensor:
        return index / 10 - 1 + torch.randn(3, 6, 6, dtype=torch.float64)


class Detour(nn.Module):
    """Uses `side` only if an image of the batch is bright, which may be so on one process alone."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Conv2d(3, 4, 3)
        self.side = nn.Conv2d(3, 4, 3)
        self.never = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        bright = x.mean((1, 2, 3)) > 0.7
        y = self.main(x)
        if bright.any():
            y = y + self.side(x) * bright[:, None, None, None]
        return y


def plain() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.LeakyReLU(0.2), nn.Conv2d(4, 2, 3))


def normalized() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 1, bias=False),  # Adam magnifies the rounding of a bias here
        nn.BatchNorm2d(4, momentum=None, affine=False),
        nn.Conv2d(4, 2, 3),
    )


def train(
    out: Path,
    build: Callable[[], nn.Module],
    *,
    dtype: torch.dtype = torch.float64,
    accumulate: int = 1,
    partly: bool = False,
    stop_at: int = 0,
    kind: Callable[..., Optimizer] = Adam,
    **options: object,
) -> dict[str, Tensor]:
    """Train `build()`, and return its parameters, buffers, average and last gradients."""
    run = Run(out, accumulate=accumulate, window=2, **options)  # type: ignore[arg-type]
    network = build().to(dtype)
    optimizer = kind(network.parameters(), lr=1e-2)
    ema = EMA(network, half_life=3)
    run.register(network=network, optimizer=optimizer, ema=ema)
    loader = run.loader(Waves(), WHOLE_BATCH // run.processes // accumulate)
    run.resume()
    for batch in run.steps(loader, until=STEPS):
        x = batch.to(dtype)
        with ExitStack() as stack:
            if partly:
                stack.enter_context(frozen(network[0]))  # type: ignore[index]
            loss = network(x).square().mean()
            run.update(optimizer, loss)
        run.log({"loss": loss})
        if run.every(1):
            ema.update()
        if run.every(3):
            run.save()
        if run.step == stop_at:
            break
    found = {f"parameter {name}": p.detach() for name, p in network.named_parameters()}
    found |= {f"buffer {name}": b for name, b in network.named_buffers()}
    found |= {f"average {name}": p for name, p in ema.average.named_parameters()}
    found |= {f"gradient {name}": p.grad for name, p in network.named_parameters() if p.grad is not None}
    return found


def stop(out: Path) -> dict[str, Tensor]:
    """Send SIGTERM to the last process alone; return the step and the exit code of this one."""
    run = Run(out)
    network = plain().double()
    run.register(network=network)
    loader = run.loader(Waves(), 2)
    code: object = None
    try:
        for _ in run.steps(loader, until=STEPS):
            if run.step == 3 and run.processes - 1 == RANK:
                signal.raise_signal(signal.SIGTERM)
    except SystemExit as left:
        code = left.code
    return {"stopped": torch.tensor([run.step, int(code)])}  # type: ignore[call-overload]


def penalty(processes: int, rank: int) -> dict[str, Tensor]:
    """Shared batch norm by itself: value, gradient, gradient of a gradient, running statistics."""
    generator = torch.Generator().manual_seed(5)
    whole = torch.randn(8, 3, 4, 5, generator=generator, dtype=torch.float64) * 3 + 2
    weights = torch.randn(8, 3, 4, 5, generator=generator, dtype=torch.float64)
    part = slice(rank * 8 // processes, (rank + 1) * 8 // processes)
    x = whole[part].clone(memory_format=torch.channels_last).requires_grad_()
    layer = SynchronizedBatchNorm2d(3).double()
    nn.init.uniform_(layer.weight, 0.5, 1.5, generator=generator)
    y = layer(x)
    (first,) = torch.autograd.grad((y * weights[part]).sum() + y.pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    found = {"value": y, "gradient": first, "second gradient": second}
    found |= dict(layer.named_buffers())
    return {name: tensor.detach() for name, tensor in found.items()}


def main(out: Path) -> None:
    cases: dict[str, Callable[[Path], dict[str, Tensor]]] = {
        "plain": lambda folder: train(folder, plain),
        "float32": lambda folder: train(folder, plain, dtype=torch.float32, kind=SGD),
        "channels-last": lambda folder: train(folder, normalized, channels_last=True),
        "batch norm": lambda folder: train(folder, normalized),
        "clip": lambda folder: train(folder, plain, clip=0.01),
        "accumulate": lambda folder: train(folder, plain, accumulate=2),
        "averaged by the optimizer": lambda folder: train(folder, plain, kind=AdamWScheduleFree),
        "partly frozen": lambda folder: train(folder, plain, partly=True),
        "unused on one": lambda folder: train(folder, Detour),
        "interrupted": lambda folder: train(folder, normalized, stop_at=4),
        "resumed": lambda folder: train(folder.parent / "interrupted", normalized),
        "stopped": stop,
    }
    run = Run(out / "run")
    found = {name: case(out / "runs" / name) for name, case in cases.items()}
    found["penalty"] = penalty(run.processes, RANK)
    for name, tensors in found.items():
        contiguous = {key: tensor.contiguous() for key, tensor in tensors.items()}
        save_file(contiguous, out / f"{name}-{RANK}.safetensors")
    (out / f"program-{RANK}.json").write_text(
        json.dumps({"processes": run.processes, "is_main": run.is_main, "pid": os.getpid()})
    )
    print(f"process {RANK} of {run.processes} is done", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
