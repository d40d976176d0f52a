"""Style transfer: a picture with the content of one and the style of others, by optimizing its pixels.

Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks"; with one style picture, two, or
the average Gram matrix of a collection, as Zhu et al. 2017 (CycleGAN, section 5.2) compare it.

    accelerate launch examples/style_transfer.py                # Noto's emoji in the style of Twemoji's
    accelerate launch examples/style_transfer.py emoji-picture  # of one of Twemoji's
    accelerate launch examples/style_transfer.py paper --content FOLDER --style PICTURE --vgg19 FILE
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gan_losses import StyleWeights, mean_grams, transfer_style
from gan_trainers import Count, OptionError, Run, Weight, check_ranges, run_recipe, seeded
from support.common import check_unused, data_fingerprint
from support.style_transfer import (
    StyleRunOptions,
    build_extractor,
    check_kept_pictures,
    find_pictures,
    write_results,
)
from torch import Tensor


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 3); the presets change some of them."""

    content: Path | None = None  # a picture, or a folder of pictures
    style: tuple[Path, ...] = ()  # pictures and folders; of several, the mean Gram matrices are the style
    emoji: bool = False  # Noto's test emoji in the style of Twemoji's instead
    images: Count | None = None  # pictures of the content, at even distances; if not given, all
    pictures: Count | None = None  # pictures of the style, at even distances; if not given, all
    size: Count = 512  # side of the square pictures, in pixels
    enlarge: Count = 1  # times that the network sees them larger; small pictures have few features
    network: Literal["vgg19", "lite0"] = "vgg19"  # lite0: EfficientNet-Lite0, from its package
    vgg19: Path | None = None  # file with torchvision's vgg19, which is not in this repository
    content_weight: Weight = 1.0  # alpha
    style_weight: Weight = 1e3  # beta
    start: Literal["content", "noise"] = "noise"  # the first picture
    steps: Count = 500  # iterations of L-BFGS for each picture
    run: StyleRunOptions = StyleRunOptions(out=Path("runs/style_transfer"))

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.emoji and (self.content or self.style):
            raise OptionError(
                "--content and --style expect a preset without emoji, such as: style_transfer.py paper "
                "--content FOLDER --style FOLDER"
            )
        if self.network != "vgg19":
            check_unused(self, "--network vgg19", "vgg19")
        if not (self.content_weight or self.style_weight):
            raise OptionError("--content-weight or --style-weight must be above 0; got 0 for both")


COLLECTION = Options(
    emoji=True,
    images=8,
    size=64,
    enlarge=2,
    network="lite0",
    style_weight=1e4,
    start="content",
    steps=100,
)
PRESETS = {
    "emoji": COLLECTION,  # the average Gram matrix of a collection
    "emoji-picture": dataclasses.replace(COLLECTION, pictures=1),
    "emoji-two-pictures": dataclasses.replace(COLLECTION, pictures=2),
    "paper": Options(),
}


def main(options: Options) -> None:
    """Optimize each picture by itself: equation 7, alpha L_content + beta L_style.

    The same command again optimizes the pictures that are missing.
    """
    content, style = find_pictures(options)
    features, content_layers, style_layers = build_extractor(options)
    settings = dataclasses.asdict(options)
    settings |= settings.pop("run") | {"style_files": data_fingerprint(style.paths)}
    check_kept_pictures(options.run.out, settings)
    run = Run(
        options.run.out, seed=options.run.seed, precision="fp32", quiet=options.run.quiet, settings=settings
    )
    run.resume()  # writes settings.json
    features.to(run.device)
    pictures = [style[index].to(run.device) for index in range(len(style))]
    grams = mean_grams(features, pictures, style_layers)

    def transfer(index: int, real: Tensor) -> Tensor:
        latest = (0, 0.0, 0.0)  # evaluations, and both losses

        def note(*progress: float) -> None:
            nonlocal latest
            latest = progress

        with seeded(options.run.seed + index, run.device):  # the same noise for any number of processes
            result = transfer_style(
                real, grams, features, content_layers=content_layers, style_layers=style_layers,
                weights=StyleWeights(options.content_weight, options.style_weight),
                steps=options.steps, start=options.start, progress=note,
            )  # fmt: skip
        if not options.run.quiet:
            evaluations, content_loss, style_loss = latest
            losses = f"content {content_loss:.4g}, style {style_loss:.4g}"
            print(f"{content.paths[index].name}: {losses} after {evaluations} evaluations", flush=True)
        return result

    write_results(run, content, style, transfer)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
