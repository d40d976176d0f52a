"""CycleGAN's training step, compared with a plain implementation of the same step.

    python tests/benchmarks/cyclegan_step.py --size 128
    python tests/benchmarks/cyclegan_step.py --size 256 --rounds 3

Plain: eager, float32, images in NCHW, torch's own modules, one forward for each term, and Adam's
default implementation.
"""

import random
from dataclasses import replace
from functools import partial
from itertools import chain

import cyclopts
import torch
from gan_trainers import Run, frozen, total
from step_timing import COMPILED, DEVICE, VARIANTS, Step, compare, sent, start_run
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import cyclegan  # isort: skip  (found through step_timing)


def main(
    size: int = 128,
    batch_size: int = 1,
    identity_weight: float = 5.0,
    rounds: int = 5,
    compiled: bool = False,
) -> None:
    """Time the variants of one training step.

    Args:
        size: side of the images, in pixels; the generators have 6 residual blocks below 256, else 9.
        batch_size: images of each domain per step.
        identity_weight: 0 omits the identity loss; the official PyTorch code has 5.
        rounds: timed rounds of each variant, after two warm-up steps.
        compiled: also time the compiled variants, which take minutes to compile.
    """
    compare(
        partial(make_step, size=size, batch_size=batch_size, identity_weight=identity_weight),
        [*VARIANTS, "fp32 unbatched", *(COMPILED if compiled else [])],
        batch_size=batch_size,
        rounds=rounds,
    )


def make_step(name: str, size: int, batch_size: int, identity_weight: float) -> Step:
    """A training step on fixed random images."""
    run = start_run(name)
    torch.manual_seed(0)
    a, b = torch.rand(2, batch_size, 3, size, size, device=DEVICE) * 2 - 1
    if run is None:
        return plain_step(size, a, b, identity_weight)
    options = replace(cyclegan.PRESETS["paper"], size=size, identity_weight=identity_weight)
    return recipe_step(run, name, options, a, b)


def recipe_step(run: Run, name: str, options: cyclegan.Options, a: Tensor, b: Tensor) -> Step:
    """The step of examples/cyclegan.py; "unbatched" calls each network once for each term."""
    networks = cyclegan.build(options)
    run.register(**networks._asdict())
    a, b = sent(run, a, b)
    t = networks
    if "unbatched" in name:
        calls = {player: getattr(networks, player).__call__ for player in ("g_ab", "g_ba", "d_a", "d_b")}
        t = networks._replace(**calls)

    def step() -> None:
        with frozen(networks.d_a, networks.d_b):
            terms, fakes = cyclegan.generator_terms(a, b, t, options)
            run.update(t.opt_g, total(terms))
        loss_a = cyclegan.discriminator_loss(t.d_a, a, t.pool_a.swap(fakes["a"]))
        loss_b = cyclegan.discriminator_loss(t.d_b, b, t.pool_b.swap(fakes["b"]))
        run.update(t.opt_d, loss_a + loss_b)

    return step


# -------------------------------------------------------------------- the plain implementation


class PlainBlock(nn.Module):
    """A residual block in torch's own modules."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
            nn.ReLU(True),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def plain_generator(size: int, width: int = 64) -> nn.Sequential:
    """The paper's generator in torch's own modules."""
    layers: list[nn.Module] = [
        nn.ReflectionPad2d(3),
        nn.Conv2d(3, width, 7),
        nn.InstanceNorm2d(width),
        nn.ReLU(True),
    ]
    for channels in (width, 2 * width):
        down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        layers += [down, nn.InstanceNorm2d(2 * channels), nn.ReLU(True)]
    layers += [PlainBlock(4 * width) for _ in range(6 if size < 256 else 9)]
    for channels in (4 * width, 2 * width):
        up = nn.ConvTranspose2d(channels, channels // 2, 3, 2, 1, output_padding=1)
        layers += [up, nn.InstanceNorm2d(channels // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def plain_discriminator(width: int = 64) -> nn.Sequential:
    """The 70x70 PatchGAN in torch's own modules."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for level, stride in enumerate((2, 2, 1)):
        out = width * 2 ** (level + 1)
        conv = nn.Conv2d(out // 2, out, 4, stride, 1)
        layers += [conv, nn.InstanceNorm2d(out), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, 1))


def plain_step(size: int, a: Tensor, b: Tensor, identity_weight: float) -> Step:
    """One step as most repositories implement it, with image pools of 50."""
    g_ab, g_ba = plain_generator(size).to(DEVICE), plain_generator(size).to(DEVICE)
    d_a, d_b = plain_discriminator().to(DEVICE), plain_discriminator().to(DEVICE)
    discriminators = nn.ModuleList([d_a, d_b])
    opt_g = Adam(chain(g_ab.parameters(), g_ba.parameters()), lr=2e-4, betas=(0.5, 0.999))
    opt_d = Adam(discriminators.parameters(), lr=2e-4, betas=(0.5, 0.999))
    pools: list[list[Tensor]] = [[], []]

    def least_squares(logits: Tensor, target: float) -> Tensor:
        return F.mse_loss(logits, torch.full_like(logits, target))

    def step() -> None:
        discriminators.requires_grad_(False)
        opt_g.zero_grad()
        fake_b, fake_a = g_ab(a), g_ba(b)
        loss = least_squares(d_b(fake_b), 1.0) + least_squares(d_a(fake_a), 1.0)
        loss = loss + 10 * (F.l1_loss(g_ba(fake_b), a) + F.l1_loss(g_ab(fake_a), b))
        if identity_weight:
            loss = loss + identity_weight * (F.l1_loss(g_ba(a), a) + F.l1_loss(g_ab(b), b))
        loss.backward()
        opt_g.step()
        discriminators.requires_grad_(True)
        opt_d.zero_grad()
        for d, real, fake, pool in ((d_a, a, fake_a, pools[0]), (d_b, b, fake_b, pools[1])):
            swapped = swap(pool, fake.detach())
            (0.5 * (least_squares(d(real), 1.0) + least_squares(d(swapped), 0.0))).backward()
        opt_d.step()

    return step


def swap(pool: list[Tensor], images: Tensor) -> Tensor:
    """Each image, or an earlier one of the pool, which it replaces there."""
    swapped = []
    for image in images:
        if len(pool) < 50:
            pool.append(image)
            swapped.append(image)
        elif random.random() < 0.5:
            index = random.randrange(50)
            swapped.append(pool[index])
            pool[index] = image
        else:
            swapped.append(image)
    return torch.stack(swapped)


if __name__ == "__main__":
    cyclopts.run(main)
