"""pix2pixHD's training step, compared with a plain implementation of the same step.

    python tests/benchmarks/pix2pixhd_step.py global --rounds 3      # 256x512
    python tests/benchmarks/pix2pixhd_step.py enhancer --rounds 3    # 512x1024, nothing frozen
    python tests/benchmarks/pix2pixhd_step.py frozen --rounds 3      # the same, global part frozen
    python tests/benchmarks/pix2pixhd_step.py global --height 32 --width 64 --channels 8 --rounds 1

Plain: eager, float32, images in NCHW, torch's own modules, separate forwards for each update, and
Adam's default implementation. Frozen parameters are left out of the optimizer, but their gradients are
computed. "plain shared" generates the fake images once for both updates, as the official code does, and is
otherwise the same.
"""

from functools import partial
from typing import Literal

import cyclopts
import torch
from cyclegan_step import PlainBlock
from gan_data import boundary_map, one_hot
from gan_nets import GlobalGenerator, LocalEnhancer, MultiscaleDiscriminator, init_normal_
from gan_trainers import Run, frozen, total
from step_timing import COMPILED, DEVICE, PRECISIONS, VARIANTS, Step, compare, sent, start_run
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import pix2pixhd  # isort: skip  (found through step_timing)

CLASSES = 35
Stage = Literal["global", "enhancer", "frozen"]


def main(
    stage: Stage,
    /,
    *,
    height: int | None = None,
    width: int | None = None,
    channels: int | None = None,
    batch_size: int = 1,
    rounds: int = 5,
    compiled: bool = False,
) -> None:
    """Time the variants of one training step.

    Args:
        stage: the global generator with two discriminators, or the enhancer with three; "frozen" is the
            enhancer with its global part frozen.
        height: of the images, in pixels; if not given, 256 for the global stage, else 512.
        width: of the images; if not given, 512 for the global stage, else 1024.
        channels: of the generator's first layer; if not given, 64 for the global stage, else 32.
        batch_size: images per step.
        rounds: timed rounds of each variant, after two warm-up steps.
        compiled: also time the compiled variants, which take minutes to compile.
    """
    scale = 1 if stage == "global" else 2
    size = (height or 256 * scale, width or 512 * scale)
    channels = channels or 64 // scale
    joint = [f"{each} joint" for each in PRECISIONS] if stage == "frozen" else []
    compare(
        partial(make_step, stage=stage, size=size, channels=channels, batch_size=batch_size),
        [*VARIANTS, "plain shared", *joint, *(COMPILED if compiled else [])],
        batch_size=batch_size,
        rounds=rounds,
    )


def make_step(name: str, stage: Stage, size: tuple[int, int], channels: int, batch_size: int) -> Step:
    """A training step on fixed random label maps and images."""
    run = start_run(name)
    torch.manual_seed(0)
    blocks = torch.randint(CLASSES, (batch_size, size[0] // 8, size[1] // 8))
    labels = blocks.repeat_interleave(8, 1).repeat_interleave(8, 2).to(DEVICE)
    maps = torch.cat([one_hot(labels, CLASSES), boundary_map(labels)], dim=1)
    photo = torch.rand(batch_size, 3, *size, device=DEVICE) * 2 - 1
    manner = name.partition(" ")[2]
    if run is None:
        return plain_step(stage, channels, maps, photo, shared=manner == "shared")
    return recipe_step(run, "enhancer" if manner == "joint" else stage, channels, maps, photo)


def recipe_step(run: Run, stage: Stage, channels: int, maps: Tensor, photo: Tensor) -> Step:
    """The step of examples/pix2pixhd.py, without encoder and VGG19."""
    inputs, scales = maps.shape[1], 2 if stage == "global" else 3
    g = (GlobalGenerator if stage == "global" else LocalEnhancer)(inputs, width=channels)
    d = MultiscaleDiscriminator(inputs + 3, scales=scales, width=channels * (scales - 1))
    for net in (g, d):
        init_normal_(net)
    opt_g, opt_d = (Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True) for net in (g, d))
    run.register(g=g, d=d, opt_g=opt_g, opt_d=opt_d)
    maps, photo = sent(run, maps, photo)
    fixed = (g.coarse,) if isinstance(g, LocalEnhancer) and stage == "frozen" else ()
    options = pix2pixhd.PRESETS["paper"]

    def features(image: Tensor) -> pix2pixhd.Features:
        return d(torch.cat([maps, image], dim=1), features=True)

    def step() -> None:
        real = features(photo)
        with frozen(*fixed):
            fake = g(maps)
            with frozen(d):
                terms = pix2pixhd.generator_terms(real, features(fake), fake, photo, None, options)
                run.update(opt_g, total(terms))
        run.update(opt_d, pix2pixhd.discriminator_loss(real, features(fake.detach())))

    return step


# -------------------------------------------------------------------- the plain implementation


def normed(layer: nn.Module, channels: int) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(channels), nn.ReLU(True)]


def down(channels: int) -> list[nn.Module]:
    return normed(nn.Conv2d(channels, 2 * channels, 3, 2, 1), 2 * channels)


def up(channels: int) -> list[nn.Module]:
    half = channels // 2
    return normed(nn.ConvTranspose2d(channels, half, 3, 2, 1, output_padding=1), half)


def first(inputs: int, width: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(3), *normed(nn.Conv2d(inputs, width, 7), width)]


def last(width: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]


def plain_trunk(inputs: int, width: int) -> nn.Sequential:
    """The global generator without its output layer, in torch's own modules."""
    layers = first(inputs, width)
    for level in range(4):
        layers += down(width * 2**level)
    layers += [PlainBlock(width * 16) for _ in range(9)]
    for level in reversed(range(1, 5)):
        layers += up(width * 2**level)
    return nn.Sequential(*layers)


class PlainEnhancer(nn.Module):
    """The enhancer around the global generator, in torch's own modules."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.coarse = plain_trunk(inputs, 2 * width)
        self.down = nn.Sequential(*first(inputs, width), *down(width))
        blocks = [PlainBlock(2 * width) for _ in range(3)]
        self.up = nn.Sequential(*blocks, *up(2 * width), *last(width))

    def forward(self, x: Tensor) -> Tensor:
        coarse = self.coarse(F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
        return self.up(self.down(x) + coarse)


class PlainDiscriminator(nn.Module):
    """PatchGANs at several sizes, in torch's own modules."""

    def __init__(self, inputs: int, width: int, scales: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(self.patch(inputs, width) for _ in range(scales))

    def patch(self, inputs: int, width: int) -> nn.ModuleList:
        layers = [nn.Sequential(nn.Conv2d(inputs, width, 4, 2, 2), nn.LeakyReLU(0.2, True))]
        for level, stride in enumerate((2, 2, 1)):
            out = width * 2 ** (level + 1)
            conv = nn.Conv2d(out // 2, out, 4, stride, 2)
            layers.append(nn.Sequential(conv, nn.InstanceNorm2d(out), nn.LeakyReLU(0.2, True)))
        return nn.ModuleList([*layers, nn.Conv2d(width * 8, 1, 4, 1, 2)])

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        outputs = []
        for scale in self.scales:
            y, features = x, []
            for layer in scale:  # type: ignore[attr-defined]
                y = layer(y)
                features.append(y)
            outputs.append(features)
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return outputs


def least_squares(outputs: list[list[Tensor]], target: float) -> Tensor:
    """Least squares of the logits, summed over the scales."""
    losses = [F.mse_loss(scale[-1], torch.full_like(scale[-1], target)) for scale in outputs]
    return sum(losses[1:], losses[0])


def generator_loss(fake: list[list[Tensor]], real: list[list[Tensor]]) -> Tensor:
    """Least squares and feature matching with lambda 10."""
    loss = least_squares(fake, 1.0)
    for fake_scale, real_scale in zip(fake, real, strict=True):
        for fake_features, real_features in zip(fake_scale[:-1], real_scale[:-1], strict=True):
            loss = loss + 10 / len(fake) * F.l1_loss(fake_features, real_features.detach())
    return loss


def plain_step(stage: Stage, channels: int, maps: Tensor, photo: Tensor, *, shared: bool) -> Step:
    """One step as most repositories implement it, or with `shared` as the official code does."""
    inputs, scales = maps.shape[1], 2 if stage == "global" else 3
    if stage == "global":
        g: nn.Module = nn.Sequential(plain_trunk(inputs, channels), *last(channels))
    else:
        g = PlainEnhancer(inputs, channels)
    g.to(DEVICE)
    d = PlainDiscriminator(inputs + 3, channels * (scales - 1), scales).to(DEVICE)
    trained = [p for name, p in g.named_parameters() if stage != "frozen" or not name.startswith("coarse")]
    opt_g = Adam(trained, lr=2e-4, betas=(0.5, 0.999))
    opt_d = Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def discriminate(image: Tensor) -> list[list[Tensor]]:
        return d(torch.cat([maps, image], dim=1))

    def step_with_separate_fakes() -> None:
        with torch.no_grad():
            fake = g(maps)
        opt_d.zero_grad()
        real_loss, fake_loss = least_squares(discriminate(photo), 1.0), least_squares(discriminate(fake), 0.0)
        (0.5 * (real_loss + fake_loss)).backward()
        opt_d.step()
        opt_g.zero_grad()
        generator_loss(discriminate(g(maps)), discriminate(photo)).backward()
        opt_g.step()

    def step_with_shared_fakes() -> None:
        fake = g(maps)
        detached, real = discriminate(fake.detach()), discriminate(photo)
        loss_d = 0.5 * (least_squares(real, 1.0) + least_squares(detached, 0.0))
        loss_g = generator_loss(discriminate(fake), real)
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()

    return step_with_shared_fakes if shared else step_with_separate_fakes


if __name__ == "__main__":
    cyclopts.run(main)
