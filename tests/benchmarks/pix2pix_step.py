"""The colouriser's training step against the same step written the plain way.

    python tests/benchmarks/pix2pix_step.py --size 256 --batch-size 1

Plain: eager, float32, images in NCHW, torch's own modules, one forward for each term, Adam as it comes.
All variants take turns in one process, so that what else the machine does meets them alike; the ratio is
the median over the rounds of (plain seconds / variant's seconds). Peak memory is taken in a process of its
own for each variant.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
import tyro
from gan_losses import l1_loss
from gan_nets import PatchDiscriminator, UNetGenerator, init_normal_
from gan_trainers import Pix2Pix, Run, frozen
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

Variant = Literal[
    "plain", "fp32", "fp32 channels-last", "bf16", "bf16 channels-last", "fp32 compiled", "bf16 compiled"
]
Step = Callable[[], None]


def main(
    size: int = 256,
    batch_size: int = 1,
    rounds: int = 7,
    compiled: bool = False,
    memory: bool = True,
    only: Variant | None = None,
) -> None:
    """Time the variants of one step.

    Args:
        size: side of the pictures, in pixels.
        batch_size: pictures a step.
        rounds: how often each variant runs after two steps to warm up.
        compiled: time the compiled variants too (they take minutes to compile).
        memory: measure each variant's peak memory as well.
        only: run this variant alone and print this process's peak memory in MiB.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if only:
        step = make_step(only, size, batch_size, device)
        for _ in range(3):
            step()
        print(peak_memory(device))
        return
    names: list[Variant] = ["plain", "fp32", "fp32 channels-last", "bf16", "bf16 channels-last"]
    names += ["fp32 compiled", "bf16 compiled"] if compiled else []
    steps = {name: make_step(name, size, batch_size, device) for name in names}
    seconds = time_in_turns(steps, rounds, device)
    print(f"{size}x{size}, batch {batch_size}, {device}, {torch.get_num_threads()} threads")
    for name in names:
        ratios = [plain / own for plain, own in zip(seconds["plain"], seconds[name], strict=True)]
        once = statistics.median(seconds[name])
        line = f"{name:20} {once:8.4f} s {batch_size / once:8.2f} images/s"
        line += f" {statistics.median(ratios):6.2f} x plain"
        if memory:
            command = [
                sys.executable,
                __file__,
                "--size",
                str(size),
                "--batch-size",
                str(batch_size),
                "--only",
                name,
            ]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            line += f"  peak {answer.stdout.split()[-1]} MiB"
        print(line)


def time_in_turns(
    steps: dict[Variant, Step], rounds: int, device: torch.device
) -> dict[Variant, list[float]]:
    """Seconds of each step in each round."""
    seconds: dict[Variant, list[float]] = {name: [] for name in steps}
    for turn in range(-2, rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def peak_memory(device: torch.device) -> int:
    """MiB that this process had at most: on the GPU what tensors took, else the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() // 2**20
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent had, too
    return int(status.split("VmHWM:")[1].split()[0]) // 2**10


def make_step(name: Variant, size: int, batch_size: int, device: torch.device) -> Step:
    """A training step on fixed random pictures."""
    torch.manual_seed(0)
    depth = min(8, (size & -size).bit_length() - 1)
    gray = torch.rand(batch_size, 1, size, size, device=device) * 2 - 1
    target = torch.rand(batch_size, 3, size, size, device=device) * 2 - 1
    if name == "plain":
        return plain_step(PlainUNet(depth).to(device), plain_discriminator().to(device), gray, target)
    precision, _, manner = name.partition(" ")
    run = Run(
        tempfile.mkdtemp(),
        precision=precision,  # type: ignore[arg-type]
        compile=manner == "compiled",
        channels_last=manner == "channels-last",
    )
    g, d = UNetGenerator(1, 3, depth=depth), PatchDiscriminator(3)
    init_normal_(g)
    init_normal_(d)
    return recipe_step(run, g, d, gray, target)


def recipe_step(run: Run, g: nn.Module, d: nn.Module, gray: Tensor, target: Tensor) -> Step:
    """The step of examples/colorize.py with the generator and the discriminator in RGB."""
    opt_g = Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    opt_d = Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    game = Pix2Pix(d, conditional=False)
    run.keep(g=g, d=d, opt_g=opt_g, opt_d=opt_d)

    def step() -> None:
        fake = g(gray)
        run.update(opt_d, game.discriminator_loss(gray, target, fake)[0])
        with frozen(d):
            run.update(opt_g, game.generator_loss(gray, target, fake)[0])

    return step


# -------------------------------------------------------------------- the plain way


class PlainUNet(nn.Module):
    """pix2pix's U-Net in torch's own modules."""

    def __init__(self, depth: int, width: int = 64) -> None:
        super().__init__()
        channels = [min(width * 2**level, 8 * width) for level in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, out in enumerate(channels):
            conv = nn.Conv2d(channels[level - 1] if level else 1, out, 4, 2, 1, bias=level in (0, depth - 1))
            self.down.append(nn.Sequential(conv, nn.BatchNorm2d(out)) if 0 < level < depth - 1 else conv)
        for level in reversed(range(depth)):
            into = channels[level] * (1 if level == depth - 1 else 2)
            out = channels[level - 1] if level else 3
            conv = nn.ConvTranspose2d(into, out, 4, 2, 1, bias=level == 0)
            self.up.append(nn.Sequential(conv, nn.BatchNorm2d(out)) if level else conv)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for level, down in enumerate(self.down):
            x = down(F.leaky_relu(x, 0.2) if level else x)
            skips.append(x)
        x = skips.pop()
        for up in self.up:
            x = up(F.relu(x))
            if skips:
                x = torch.cat([skips.pop(), x], dim=1)
        return torch.tanh(x)


def plain_discriminator(width: int = 64) -> nn.Sequential:
    """The 70x70 PatchGAN in torch's own modules."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for level, stride in enumerate((2, 2, 1)):
        into, out = width * 2**level, width * 2 ** (level + 1)
        layers += [nn.Conv2d(into, out, 4, stride, 1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, 1))


def plain_step(g: nn.Module, d: nn.Module, gray: Tensor, target: Tensor) -> Step:
    """One step as most repositories write it."""
    bce = nn.BCEWithLogitsLoss()
    opt_g = Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_d = Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step() -> None:
        fake = g(gray)
        d.requires_grad_(True)
        opt_d.zero_grad()
        real_logits, fake_logits = d(target), d(fake.detach())
        loss = bce(real_logits, torch.ones_like(real_logits)) + bce(
            fake_logits, torch.zeros_like(fake_logits)
        )
        (0.5 * loss).backward()
        opt_d.step()
        d.requires_grad_(False)
        opt_g.zero_grad()
        fake_logits = d(fake)
        (bce(fake_logits, torch.ones_like(fake_logits)) + 100 * l1_loss(fake, target)).backward()
        opt_g.step()

    return step


if __name__ == "__main__":
    tyro.cli(main)
