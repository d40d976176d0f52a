"""Data, generators, evaluation and test images of super-resolution."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal
from zlib import crc32

import torch
from accelerate import PartialState
from gan_colorspace import merge, rgb_to_gray, rgb_to_ycrcb, split, ycrcb_to_rgb
from gan_data import (
    Degraded,
    Downscale,
    HighOrderDegradation,
    Images,
    Kernel,
    NoiseLevel,
    bicubic_upscale,
    find_images,
    read_image,
    write_image,
)
from gan_losses import PerceptualLoss, VGG19Features, l1_loss
from gan_metrics import ImageMeans, feature_distance, psnr_y, ssim_y
from gan_nets import MSRResNet, RRDBNet, SRResNet, SRVGGNetCompact, init_kaiming_, tiled
from gan_projected import Backbone
from gan_trainers import OptionError, Run, seeded
from torch import Tensor
from torch.nn import functional as F

from support.common import numbered_name, photo_files

ESRGANGenerator = RRDBNet | MSRResNet | SRVGGNetCompact
Generator = SRResNet | ESRGANGenerator
Noise = Literal["noise-0", "noise-1", "noise-2", "noise-3"]

# Divided by 12.75, VGG19's features have an MSE about as large as that of the pixels, says SRGAN's paper. For
# the sum over the maps of EfficientNet-Lite0 that number is 70, measured on bicubic enlargements of photos.
LITE0_SCALE = 12.75 / 70
Pair = tuple[Tensor, Tensor]


def check_phases(
    pixel_steps: int,
    steps: int,
    weights: Sequence[float],
    *,
    start: Sequence[str],
    hint: str = "",
    blend: float = 1,
) -> None:
    """Make sure that something is trained, and that phase 2 has weights to start from.

    Args:
        pixel_steps: of phase 1.
        steps: of phase 2.
        weights: of the terms of phase 2.
        start: what the networks start from.
        hint: what else a recipe allows, for the error.
        blend: phase 2's part of the saved weights.

    Raises:
        OptionError: that is not so.
    """
    if steps and not pixel_steps and all(source.startswith("d=") for source in start):
        raise OptionError(
            f"phase 2 expects the weights of phase 1; give --start SOURCE or some --pixel-steps{hint}"
        )
    if not steps and not pixel_steps:
        raise OptionError("--pixel-steps or --steps must be above 0; got 0 for both")
    if steps and not any(weights):
        raise OptionError("one weight of phase 2 must be above 0; got 0 for all")
    if blend < 1 and not steps:
        raise OptionError(f"--blend {blend} expects some --steps of phase 2; got 0")


def check_size(size: int, scale: int, multiple: int) -> None:
    """Make sure that crops fit the networks and the scores.

    Args:
        size: side of the crops, in pixels.
        scale: of super-resolution.
        multiple: of which the networks need the side.

    Raises:
        OptionError: they do not.
    """
    least = 2 * scale + 11  # SSIM's window, and the border that scores leave out
    if size % multiple or size < least:
        raise OptionError(f"--size must be a multiple of {multiple} and at least {least}; got {size}")


def make_degradation(scale: int, kernel: Kernel, jpeg: int | Noise | None) -> Downscale:
    """How the small images are made."""
    if isinstance(jpeg, str):
        level: NoiseLevel = int(jpeg[-1])  # type: ignore[assignment]  # 0 to 3
        return Downscale(scale, kernel, None, level)
    return Downscale(scale, kernel, jpeg, None)


def degrade_alike(image: Tensor, degradation: HighOrderDegradation) -> Tensor:
    """Degrade a held-out image (3, H, W), each time in the same way: the seed is a checksum of its pixels."""
    seed = crc32(image.cpu().numpy().tobytes())
    return degradation(image[None], [seed])[0]


def find_crops(data: Path | None, validation: float, *, size: int, portraits: bool) -> tuple[Images, Images]:
    """Random crops of size x size pixels to train on, and the centers of held-out images."""
    photos, held_out = photo_files(data, validation, drawings=portraits)
    return Images(photos, size=size), Images(held_out, size=size, crop="center", flip=False)


def find_datasets(
    data: Path | None, validation: float, degrade: Downscale, *, size: int, portraits: bool
) -> tuple[Degraded, Degraded]:
    """Pairs (small, large) to train on, and held-out pairs; large ones are crops of size x size pixels."""
    train, test = find_crops(data, validation, size=size, portraits=portraits)
    return Degraded(train, degrade), Degraded(test, degrade)


def find_test_files(test: Path | None) -> Sequence[Path]:
    """The images of --test, if it is given."""
    return [] if test is None else find_images(test)


def make_generator(
    kind: Literal["rrdbnet", "msrresnet", "msrresnet-smooth", "compact"],
    *,
    scale: int,
    blocks: int,
    width: int,
    degradation: str,
) -> ESRGANGenerator:
    """A generator with ESRGAN's MSRA initialization (section 3.1).

    Args:
        kind: of network.
        scale: of super-resolution.
        blocks: residual blocks, or convolutions of the compact network.
        width: channels of the feature maps.
        degradation: what the network's folder says about its training images.
    """
    if kind == "compact":  # its own initialization is that of the authors' code
        return SRVGGNetCompact(scale=scale, convs=blocks, width=width, degradation=degradation)
    g: ESRGANGenerator
    if kind == "rrdbnet":
        g = RRDBNet(scale=scale, blocks=blocks, width=width, degradation=degradation)
    else:
        smooth = kind == "msrresnet-smooth"
        g = MSRResNet(scale=scale, blocks=blocks, width=width, smooth=smooth, degradation=degradation)
    init_kaiming_(g)
    return g


def blend(g: ESRGANGenerator, phase_one: Path, amount: float) -> None:
    """ESRGAN, section 3.4: (1 - amount) of the weights of phase 1 and amount of these; fewer artifacts."""
    learned = type(g).from_pretrained(phase_one).to(next(g.parameters())).state_dict()
    g.load_state_dict({name: learned[name].lerp(x, amount) for name, x in g.state_dict().items()})


def pixel_loss(fake: Tensor, real: Tensor) -> Tensor:
    """The L1 distance of pixels in [0, 1], half of that in [-1, 1]."""
    return l1_loss(fake, real) / 2


def perceptual(
    features: Literal["lite0", "vgg19"] | Path,
    lite0: Backbone,
    *,
    layers: Mapping[str, float],
    lite0_weight: float,
    distance: Literal["mse", "l1"],
) -> PerceptualLoss:
    """The distance between weighted layers of VGG19, or between the four maps of Lite0.

    Args:
        features: of which of the two; a file: VGG19 with its weights.
        lite0: the latter.
        layers: of VGG19, with their weights.
        lite0_weight: of each map of Lite0.
        distance: of the features.
    """
    if features == "lite0":
        return PerceptualLoss(lite0, layer_weights=[lite0_weight] * 4, distance=distance)
    weights = "torchvision" if features == "vgg19" else features
    vgg19 = VGG19Features(list(layers), weights=weights)
    return PerceptualLoss(vgg19, layer_weights=list(layers.values()), distance=distance)


def planes(pair: Pair, colors: Literal["rgb", "y"]) -> Pair:
    """What the networks see of a batch of small and large images."""
    if colors == "rgb":
        return pair
    small, large = pair
    return rgb_to_gray(small), rgb_to_gray(large)


def as_rgb(image: Tensor) -> Tensor:
    """RGB as it is, and luma (N, 1, H, W) as a gray image (N, 3, H, W)."""
    return image.expand(-1, 3, -1, -1)


def enlarged(g: Generator, small: Tensor, tile: int | None = None) -> Tensor:
    """RGB (N, 3, h, w), enlarged; the chroma by interpolation if the network is for luma alone."""
    net = g if tile is None else partial(tiled, g, tile=tile)
    if g.in_channels == 3:
        return net(small)
    luma, chroma = split(rgb_to_ycrcb(small))
    chroma = F.interpolate(chroma, scale_factor=g.scale, mode="bicubic")  # as gan_nets.translate does
    return ycrcb_to_rgb(merge(net(luma), chroma))


class Evaluation:
    """Scores of a generator on held-out crops: Lite0's feature distance, and PSNR (dB) and SSIM of the luma.

    Args:
        run: of the training.
        g: the averaged generator, in inference mode.
        pairs: batches (small, large) of held-out crops.
        lite0: the feature extractor.
        interval: steps between evaluations.
    """

    def __init__(self, run: Run, g: Generator, pairs: Iterable[Pair], lite0: Backbone, interval: int) -> None:
        self.run, self.g, self._pairs, self._interval = run, g, pairs, interval
        self._lite0 = lite0.to(run.device)

    def scores(self, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        """The scores of each image of a batch, (N,)."""
        return {
            "lite0_distance": feature_distance(self._lite0, fake, real, reduction="none"),
            "psnr_y": psnr_y(fake, real, border=self.g.scale, reduction="none"),
            "ssim_y": ssim_y(fake, real, border=self.g.scale, reduction="none"),
        }

    @torch.no_grad()
    def evaluate_and_save_if_due(self) -> None:
        """Every `interval` steps, log the scores over all crops, and bicubic's, and save a checkpoint.

        A preview shows the first batch: bicubic, upscaled, true.
        """
        if not self.run.every(self._interval):
            return
        means = ImageMeans()
        for index, (small, large) in enumerate(self._pairs):
            fake, bicubic = enlarged(self.g, small), bicubic_upscale(small, self.g.scale)
            means.add(**self.scores(fake, large))
            means.add(**{f"bicubic_{name}": x for name, x in self.scores(bicubic, large).items()})
            if index == 0:
                titles = ["bicubic", "upscaled", "true"]
                self.run.grid("validation", bicubic, fake, large, titles=titles)
        self.run.log(means.compute())
        self.run.save()


def write_results(evaluation: Evaluation, files: Sequence[Path], degrade: Callable[[Tensor], Tensor]) -> None:
    """Write the generator; shrink and upscale the test images, and print their scores beside bicubic's."""
    run, g = evaluation.run, evaluation.g
    if run.is_main:
        g.save_pretrained(run.out / "enlarger")
        print(f"held-out photos, upscaled: {run.out / 'previews'}; the network: {run.out / 'enlarger'}")
    if not files:
        return
    methods: dict[str, Callable[[Tensor], Tensor]] = {
        "bicubic": lambda small: bicubic_upscale(small, g.scale),
        "enlarger": lambda small: enlarged(g, small, tile=256),
    }
    for name, found in _upscale_files(evaluation, methods, files, degrade).items():
        if run.is_main:
            print(name, found)


def _upscale_files(
    evaluation: Evaluation,
    methods: Mapping[str, Callable[[Tensor], Tensor]],
    files: Sequence[Path],
    degrade: Callable[[Tensor], Tensor],
) -> dict[str, dict[str, float]]:
    """Shrink images, upscale each by all methods, and write the results; the scores of each method.

    Each process takes its share. What is random about shrinking depends on the image's number alone.
    """
    scale, run, process = evaluation.g.scale, evaluation.run, PartialState()
    means = {name: ImageMeans() for name in methods}
    for name in methods:
        (run.out / "test" / name).mkdir(parents=True, exist_ok=True)
    for index in range(process.process_index, len(files), process.num_processes):
        large = read_image(files[index]).to(run.device)
        height, width = (side // scale * scale for side in large.shape[-2:])
        large = large[:, :height, :width]
        with seeded(index, run.device):
            small = degrade(large)[None]
        for name, upscale in methods.items():
            upscaled = upscale(small)
            means[name].add(**evaluation.scores(upscaled, large[None]))
            write_image(run.out / "test" / name / f"{numbered_name(index, files[index])}.png", upscaled[0])
    return {
        name: {score: round(value, 4) for score, value in each.compute().items()}
        for name, each in means.items()
    }
