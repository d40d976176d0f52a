"""SRGAN's training steps of both phases, compared with a plain implementation of the same steps.

    python tests/benchmarks/srgan_step.py                    # both phases at the paper's crop of 96, batch 16
    python tests/benchmarks/srgan_step.py --phase pixels --rounds 3

Plain: eager, float32, images in NCHW, torch's own modules, and Adam's default implementation. VGG19's weights
are random, which does not change the cost.
"""

from collections import OrderedDict
from functools import partial
from typing import Literal

import cyclopts
import torch
from gan_losses import nonsaturating_discriminator_loss, srgan_content_loss
from gan_nets import MSRResNet, SRGANDiscriminator, SRResNet
from gan_trainers import EMA, Run, frozen, total
from step_timing import COMPILED, DEVICE, VARIANTS, Step, compare, sent, start_run
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import srgan  # isort: skip  (found through step_timing)

Phase = Literal["pixels", "content"]


def main(
    phase: Phase | Literal["both"] = "both",
    size: int = 96,
    batch_size: int = 16,
    rounds: int = 5,
    compiled: bool = False,
) -> None:
    """Time the variants of one training step.

    Args:
        phase: 1, pixels alone; 2, content and adversarial loss; or one after the other.
        size: side of the crops, in pixels; the side of the generator's input is a quarter of it.
        batch_size: crops per step.
        rounds: timed rounds of each variant, after two warm-up steps.
        compiled: also time the compiled variants, which take minutes to compile.
    """
    phases: list[Phase] = ["pixels", "content"] if phase == "both" else [phase]
    for each in phases:
        print(each)
        compare(
            partial(make_step, phase=each, size=size, batch_size=batch_size),
            [*VARIANTS, *(COMPILED if compiled else [])],
            batch_size=batch_size,
            rounds=rounds,
        )


def make_step(name: str, phase: Phase, size: int, batch_size: int) -> Step:
    """A training step on fixed random images, "msrresnet" with BasicSR's generator and losses."""
    run = start_run(name)
    torch.manual_seed(0)
    large = torch.rand(batch_size, 3, size, size, device=DEVICE) * 2 - 1
    small = F.avg_pool2d(large, 4)
    if run is None:
        return plain_step(phase, small, large)
    options = srgan.BASICSR if "msrresnet" in name.split() else srgan.PRESETS["paper"]
    return recipe_step(run, phase, small, large, options)


def recipe_step(run: Run, phase: Phase, small: Tensor, large: Tensor, options: srgan.Options) -> Step:
    """The step of examples/srgan.py with VGG19's features, which the first phase does not need."""
    g, d = (MSRResNet if options.generator == "msrresnet" else SRResNet)(), SRGANDiscriminator()
    opt_g, opt_d = (Adam(net.parameters(), lr=1e-4, fused=True) for net in (g, d))
    t = srgan.Training(g, d, srgan_content_loss(weights="random"), opt_g, opt_d, EMA(g, half_life=1_000))
    run.register(g=t.g, opt_g=t.opt_g, ema=t.ema)
    if phase == "content":
        run.prepare(t.content)
        run.register(d=t.d, opt_d=t.opt_d)
    small, large = sent(run, small, large)

    def on_pixels() -> None:
        run.update(t.opt_g, srgan.pixel_loss(t.g(small), large, options))
        t.ema.update()

    def adversarially() -> None:
        fake = t.g(small)
        run.update(t.opt_d, nonsaturating_discriminator_loss(t.d(large), t.d(fake.detach())))
        with frozen(t.d):
            run.update(t.opt_g, total(srgan.generator_terms(fake, large, t, options)))
        t.ema.update()

    return on_pixels if phase == "pixels" else adversarially


# -------------------------------------------------------------------- the plain implementation


class PlainBlock(nn.Module):
    """A residual block in torch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.PReLU(),
            nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PlainGenerator(nn.Module):
    """The paper's generator in torch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Sequential(nn.Conv2d(3, 64, 9, padding=4), nn.PReLU())
        trunk = [*(PlainBlock() for _ in range(16)), nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64)]
        self.trunk = nn.Sequential(*trunk)
        ups = [(nn.Conv2d(64, 256, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()) for _ in range(2)]
        self.output = nn.Sequential(*(layer for up in ups for layer in up), nn.Conv2d(64, 3, 9, padding=4))

    def forward(self, x: Tensor) -> Tensor:
        first = self.input(x)
        return self.output(first + self.trunk(first))


def plain_discriminator(side: int) -> nn.Sequential:
    """The paper's discriminator for crops of one size."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, padding=1), nn.LeakyReLU(0.2)]
    inputs = 64
    for index, outputs in enumerate((64, 128, 128, 256, 256, 512, 512)):
        conv = nn.Conv2d(inputs, outputs, 3, 2 - index % 2, 1)
        layers += [conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
        inputs = outputs
    dense = nn.Linear(512 * (side // 16) ** 2, 1024)
    return nn.Sequential(*layers, nn.Flatten(), dense, nn.LeakyReLU(0.2), nn.Linear(1024, 1))


def plain_vgg() -> nn.Sequential:
    """VGG19 up to the activation of the fourth convolution of block 5."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs = 3
    for block, (outputs, convs) in enumerate(((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))):
        for conv in range(convs):
            layers[f"conv{block}_{conv}"] = nn.Conv2d(inputs, outputs, 3, padding=1)
            layers[f"relu{block}_{conv}"] = nn.ReLU(inplace=True)
            inputs = outputs
        if block < 4:
            layers[f"pool{block}"] = nn.MaxPool2d(2)
    return nn.Sequential(layers).requires_grad_(False)


def plain_step(phase: Phase, small: Tensor, large: Tensor) -> Step:
    """One step as most repositories implement it."""
    g, d, vgg = PlainGenerator().to(DEVICE), plain_discriminator(large.shape[-1]).to(DEVICE), plain_vgg()
    vgg = vgg.to(DEVICE)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-4) for net in (g, d))
    bce = nn.BCEWithLogitsLoss()

    def by_pixels() -> None:
        opt_g.zero_grad()
        F.mse_loss(g(small), large).backward()
        opt_g.step()

    def by_content() -> None:
        fake = g(small)
        opt_d.zero_grad()
        real_logits, fake_logits = d(large), d(fake.detach())
        loss = bce(real_logits, torch.ones_like(real_logits)) + bce(
            fake_logits, torch.zeros_like(fake_logits)
        )
        loss.backward()
        opt_d.step()
        opt_g.zero_grad()
        logits = d(fake)
        content = F.mse_loss(vgg(fake) / 12.75, vgg(large) / 12.75)
        (content + 1e-3 * bce(logits, torch.ones_like(logits))).backward()
        opt_g.step()

    return by_pixels if phase == "pixels" else by_content


if __name__ == "__main__":
    cyclopts.run(main)
