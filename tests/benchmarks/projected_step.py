"""Projected GAN's training step, compared with a plain implementation of the same step.

    python tests/benchmarks/projected_step.py
    python tests/benchmarks/projected_step.py --size 128 --batch-size 4 --rounds 3

Plain: eager, float32, images in NCHW, timm's feature extractor, the random projections in the paper's order,
upsampling before the convolution in the generator, and Adam's default implementation. As in the official
code, the discriminator update samples its own fake images, without a graph. "shared" uses those of the
generator update instead. There is no augmentation, and weights are random.
"""

from functools import partial

import cyclopts
import timm
import torch
from gan_losses import hinge_discriminator_loss, hinge_generator_loss
from gan_nets import fastgan_projected
from gan_projected import Backbone, MultiScaleHeads, ProjectedDiscriminator, Projector
from gan_trainers import Run, frozen
from step_timing import COMPILED, DEVICE, PRECISIONS, VARIANTS, Step, compare, sent, start_run
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

NAME, CHANNELS = "tf_efficientnet_lite0", (64, 128, 256, 512)


def main(
    size: int = 256,
    batch_size: int = 8,
    lite: bool = True,
    resize: int = 224,
    rounds: int = 3,
    compiled: bool = False,
) -> None:
    """Time the variants of one training step.

    Args:
        size: side of the images, in pixels.
        batch_size: images per step.
        lite: FastGAN-lite instead of FastGAN; both have the published width, 128.
        resize: side of the discriminator's input, in pixels.
        rounds: timed rounds of each variant, after two warm-up steps.
        compiled: also time the compiled variants, which take minutes to compile.
    """

    compare(
        partial(make_step, size=size, batch_size=batch_size, lite=lite, resize=resize),
        [*VARIANTS, *(f"{each} shared" for each in PRECISIONS), *(COMPILED if compiled else [])],
        batch_size=batch_size,
        rounds=rounds,
    )


def make_step(name: str, size: int, batch_size: int, lite: bool, resize: int) -> Step:
    """A training step on fixed random images."""
    run = start_run(name)
    torch.manual_seed(0)
    real = torch.rand(batch_size, 3, size, size, device=DEVICE) * 2 - 1
    if run is None:
        return plain_step(real, lite, resize)
    return our_step(run, name, real, lite, resize)


def our_step(run: Run, name: str, real: Tensor, lite: bool, resize: int) -> Step:
    """Both updates with the networks of this repository."""
    g = fastgan_projected(real.shape[-1], lite=lite)
    projector = Projector(Backbone(NAME, weights="random"), channels=CHANNELS)
    d = ProjectedDiscriminator(projector, resize=resize)
    opt_g = Adam(g.parameters(), lr=2e-4, betas=(0.0, 0.99), fused=True)
    opt_d = Adam(d.parameters(), lr=2e-4, betas=(0.0, 0.99), fused=True)
    run.register(g=g, d=d, opt_g=opt_g, opt_d=opt_d)
    (real,) = sent(run, real)

    def step() -> None:
        fake = g(torch.randn(len(real), g.latents, device=DEVICE))
        with frozen(d):
            run.update(opt_g, hinge_generator_loss(d(fake)))
        if "shared" in name:
            fake = fake.detach()
        else:
            with torch.no_grad():
                fake = g(torch.randn(len(real), g.latents, device=DEVICE))
        run.update(opt_d, hinge_discriminator_loss(d(real), d(fake)))

    return step


# -------------------------------------------------------------------- the plain implementation


class PlainDiscriminator(nn.Module):
    """Backbone, random projections and heads, with all operations in the paper's order."""

    def __init__(self, resize: int) -> None:
        super().__init__()
        self.resize = resize
        self.network = timm.create_model(NAME, features_only=True, out_indices=(1, 2, 3, 4))
        channels = self.network.feature_info.channels()  # type: ignore[operator]  # timm's, untyped
        across_channels = zip(channels, CHANNELS, strict=True)
        self.across_channels = nn.ModuleList(nn.Conv2d(*pair, 1) for pair in across_channels)
        outputs = (CHANNELS[0], *CHANNELS[:3])
        self.across_scales = nn.ModuleList(
            nn.Conv2d(*pair, 1) for pair in zip(CHANNELS, outputs, strict=True)
        )
        self.requires_grad_(False)
        self.heads = MultiScaleHeads(outputs, (2, 4, 8, 16))

    def forward(self, image: Tensor) -> list[Tensor]:
        self.network.eval()
        shrinks = max(image.shape[-2:]) > self.resize
        side = (self.resize, self.resize)
        image = F.interpolate(image, side, mode="bilinear", align_corners=False, antialias=shrinks)
        maps = [mix(x) for mix, x in zip(self.across_channels, self.network(image), strict=True)]
        mixed: list[Tensor] = []
        for x, mix in zip(reversed(maps), reversed(self.across_scales), strict=True):
            x = x + mixed[0] if mixed else x
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            mixed.insert(0, mix(x))
        return self.heads(mixed)


def plain_step(real: Tensor, lite: bool, resize: int) -> Step:
    """Both updates as most repositories implement them."""
    g, d = fastgan_projected(real.shape[-1], lite=lite).to(DEVICE), PlainDiscriminator(resize).to(DEVICE)
    opt_g = Adam(g.parameters(), lr=2e-4, betas=(0.0, 0.99))
    opt_d = Adam(d.heads.parameters(), lr=2e-4, betas=(0.0, 0.99))

    def fakes() -> Tensor:
        return g(torch.randn(len(real), g.latents, device=DEVICE))

    def step() -> None:
        d.heads.requires_grad_(False)
        opt_g.zero_grad()
        (-torch.cat([x.flatten(1) for x in d(fakes())], 1).mean()).backward()
        opt_g.step()
        d.heads.requires_grad_(True)
        opt_d.zero_grad()
        with torch.no_grad():
            fake = fakes()
        for images, sign in ((fake, 1), (real, -1)):
            logits = torch.cat([x.flatten(1) for x in d(images)], 1)
            F.relu(1 + sign * logits).mean().backward()
        opt_d.step()

    return step


if __name__ == "__main__":
    cyclopts.run(main)
