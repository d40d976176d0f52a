"""The training step of pix2pix as a colorizer, compared with a plain implementation of the same step.

    python tests/benchmarks/pix2pix_step.py --size 256 --batch-size 1

Plain: eager, float32, images in NCHW, torch's own modules, one forward for each term, and Adam's
default implementation.
"""

from dataclasses import replace
from functools import partial

import cyclopts
import torch
from gan_losses import l1_loss
from gan_trainers import Run, frozen, total
from step_timing import COMPILED, DEVICE, VARIANTS, Step, compare, sent, start_run
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import colorize  # isort: skip  (found through step_timing)


def main(
    size: int = 256,
    batch_size: int = 1,
    rounds: int = 7,
    compiled: bool = False,
) -> None:
    """Time the variants of one training step.

    Args:
        size: side of the images, in pixels.
        batch_size: images per step.
        rounds: timed rounds of each variant, after two warm-up steps.
        compiled: also time the compiled variants, which take minutes to compile.
    """
    names = VARIANTS + (COMPILED if compiled else [])
    compare(
        partial(make_step, size=size, batch_size=batch_size),
        names,
        batch_size=batch_size,
        rounds=rounds,
    )


def make_step(name: str, size: int, batch_size: int) -> Step:
    """A training step on fixed random images."""
    run = start_run(name)
    torch.manual_seed(0)
    gray = torch.rand(batch_size, 1, size, size, device=DEVICE) * 2 - 1
    target = torch.rand(batch_size, 3, size, size, device=DEVICE) * 2 - 1
    if run is None:
        depth = min(8, (size & -size).bit_length() - 1)
        return plain_step(PlainUNet(depth).to(DEVICE), plain_discriminator().to(DEVICE), gray, target)
    options = replace(colorize.PRESETS["paper"], size=size, colors="rgb-rgb", dropout=0.0)
    return recipe_step(run, options, gray, target)


def recipe_step(run: Run, options: colorize.Options, gray: Tensor, target: Tensor) -> Step:
    """The step of examples/colorize.py with both networks in RGB."""
    arm, t = colorize.ARMS[options.colors], colorize.build(options)
    run.register(**t._asdict())
    gray, target = sent(run, gray, target)

    def step() -> None:
        fake = arm.image(gray, t.g(gray))
        logits = colorize.discriminator_logits(t.d, arm, gray, target, fake)
        run.update(t.opt_d, colorize.discriminator_loss(*logits))
        with frozen(t.d):
            terms = colorize.generator_terms(t.d, arm, gray, target, fake, options.adversarial_weight)
            run.update(t.opt_g, total(terms))

    return step


# -------------------------------------------------------------------- the plain implementation


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
            inputs = channels[level] * (1 if level == depth - 1 else 2)
            out = channels[level - 1] if level else 3
            conv = nn.ConvTranspose2d(inputs, out, 4, 2, 1, bias=level == 0)
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
        inputs, out = width * 2**level, width * 2 ** (level + 1)
        layers += [nn.Conv2d(inputs, out, 4, stride, 1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, 1))


def plain_step(g: nn.Module, d: nn.Module, gray: Tensor, target: Tensor) -> Step:
    """One step as most repositories implement it."""
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
    cyclopts.run(main)
