"""pix2pix's pairs in three layouts, its evaluation and its results."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, TypeVar

import torch
from gan_data import (
    Degraded,
    Downscale,
    Images,
    PairedFolders,
    SideBySide,
    bicubic_upscale,
    find_images,
    find_pairs,
    holds_images,
    split_by_content,
    write_pictures,
)
from gan_metrics import ImageMeans, psnr, ssim
from gan_nets import ResnetGenerator, UNetGenerator
from gan_trainers import EMA, OptionError, Run, seeded
from images import emoji, portraits
from torch import Tensor, nn

from support.common import numbered_name

if TYPE_CHECKING:
    from pix2pix import Options

Pair = tuple[Tensor, Tensor]
Side = TypeVar("Side")
PairDataset = PairedFolders | SideBySide | Degraded
Generator = UNetGenerator | ResnetGenerator


class Geometry(TypedDict):
    """How images are resized, cropped and flipped."""

    size: int
    load_size: int | Literal["jitter"] | None
    crop: Literal["random", "center"]
    flip: bool


class Blur(NamedTuple):
    """An image shrunken and enlarged by interpolation: of the same size, without its details."""

    shrink: Downscale

    def __call__(self, image: Tensor) -> Tensor:
        """(3, H, W) to (3, H, W)."""
        return bicubic_upscale(self.shrink(image), self.shrink.factor)


def check_generator(options: "Options") -> None:
    """Make sure that the generator can take images of --size.

    Raises:
        OptionError: it cannot, or --blocks are those of no network.
    """
    if options.generator != "resnet":
        unet_depth(options.size)
        if options.blocks:
            raise OptionError(f"--blocks expects --generator resnet; got {options.generator}")
    elif options.size % 4 or options.size < 8:
        raise OptionError(
            f"--size must be a multiple of 4, 8 or more, with --generator resnet; got {options.size}"
        )


def unet_depth(size: int) -> int:
    """Levels of the U-Net for crops of `size` pixels: as often as it can be halved, up to the paper's 8.

    Raises:
        OptionError: fewer than 4.
    """
    depth = min(8, (size & -size).bit_length() - 1)
    if depth < 4:
        raise OptionError(
            f"--size must be a multiple of 16, so that the U-Net has 4 levels or more; got {size}"
        )
    return depth


def print_unet_depth(size: int) -> None:
    """Say so if `size` cannot be halved down to one pixel, or 8 times as in the paper."""
    depth, usual = unet_depth(size), min(8, size.bit_length() - 1)
    if depth < usual:
        print(
            f"--size {size} can be halved {depth} times, so the U-Net has {depth} levels instead of {usual}; "
            f"multiples of {2**usual} have all"
        )


def in_direction(pair: tuple[Side, Side], direction: str) -> tuple[Side, Side]:
    """Input and output of a pair (A, B)."""
    a, b = pair
    return (a, b) if direction == "a-to-b" else (b, a)


def find_datasets(options: "Options") -> tuple[PairDataset, PairDataset]:
    """Pairs to train on, and pairs to test with."""
    train_geometry = Geometry(
        size=options.size, load_size=options.load_size, crop="random", flip=options.flip
    )
    test_geometry = Geometry(size=options.size, load_size=options.size, crop="center", flip=False)
    if options.pairs == "folders":
        train, test = _folders(options)
        return PairedFolders(train, **train_geometry), PairedFolders(test, **test_geometry)
    folder = _only_folder(options)
    if options.pairs == "halves":
        train, test = _halves(folder, options.validation)
        return SideBySide(train, **train_geometry), SideBySide(test, **test_geometry)
    train, test = split_by_content(find_images(folder), options.validation)
    blur = Blur(Downscale(options.scale, options.kernel))
    test_geometry["load_size"] = options.load_size  # photos are tested as large as they are trained on
    return Degraded(Images(train, **train_geometry), blur), Degraded(Images(test, **test_geometry), blur)


def _folders(options: "Options") -> tuple[Sequence[tuple[Path, Path]], Sequence[tuple[Path, Path]]]:
    """Pairs of equal names in two folders."""
    if options.emoji or options.portraits:
        folders = (emoji() if options.emoji else portraits(),)
    else:
        folders = tuple(folder.expanduser() for folder in options.data)
    if not 1 <= len(folders) <= 2:
        raise OptionError(f"--data expects one folder, or one for A and one for B; got {len(folders)}")
    if len(folders) == 2:
        return split_by_content(find_pairs(*folders), options.validation)
    (root,) = folders
    train = find_pairs(root / "trainA", root / "trainB")
    tests = (root / "testA", root / "testB")
    if any(map(holds_images, tests)):
        return train, find_pairs(*tests)
    return split_by_content(train, options.validation)


def _halves(folder: Path, validation: float) -> tuple[Sequence[Path], Sequence[Path]]:
    """Images of two halves: in train and test (or val), as in the paper's archives, or all in one folder."""
    tests = [test for name in ("test", "val") if holds_images(test := folder / name)]
    if not holds_images(folder / "train"):
        return split_by_content(find_images(folder), validation)
    train = find_images(folder / "train")
    return (train, find_images(tests[0])) if tests else split_by_content(train, validation)


def _only_folder(options: "Options") -> Path:
    if len(options.data) != 1:
        raise OptionError(f"--pairs {options.pairs} expects --data with one folder; got {len(options.data)}")
    return options.data[0].expanduser()


def evaluate_and_save(run: Run, g: nn.Module, pairs: Iterable[Pair], options: "Options") -> None:
    """Log the scores of all test pairs, and save a checkpoint, scored by PSNR."""
    with seeded(options.run.seed, run.device):  # dropout is the generator's noise, also at test time
        scores = _evaluate(run, g, pairs, options.direction)
    run.log(scores)
    run.save(score=scores["psnr"])


def _evaluate(run: Run, g: nn.Module, pairs: Iterable[Pair], direction: str) -> dict[str, float]:
    """PSNR (dB) and SSIM over all test pairs, and PSNR of the input itself; a preview of the first eight."""
    scores = ImageMeans()
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    for pair in pairs:
        source, target = in_direction(pair, direction)
        fake = g(source)
        scores.add(
            psnr=psnr(fake, target, reduction="none"),
            ssim=ssim(fake, target, reduction="none"),
            untranslated=psnr(source, target, reduction="none"),
        )
        if len(rows) < 8:
            rows.append((source, fake, target))
    columns = (torch.cat(column) for column in zip(*rows, strict=True))
    run.grid("test", *columns, titles=["input", "translated", "true"])
    return scores.compute()


def write_results(run: Run, ema: EMA[Generator], test: PairDataset, options: "Options") -> None:
    """Write the generator into `a_to_b` (or `b_to_a`), and each test image: real, translated and true.

    The images are `pictures/a_to_b/STATE/0000-NAME.png`, as of the recipes that learn without pairs.
    """
    if not run.is_main:
        return
    direction = options.direction.replace("-", "_")
    network, folder = run.out / direction, run.out / "pictures" / direction
    ema.average.save_pretrained(network)
    with seeded(options.run.seed, run.device):
        for index in range(len(test)):
            a, b = (image[None].to(run.device) for image in test[index])
            source, target = in_direction((a, b), options.direction)
            write_pictures(
                folder, [_name(index, test, options)], real=source, translated=ema(source), true=target
            )
    print(f"test images, translated: {run.out / 'pictures'}; the network: {network}")


def _name(index: int, test: PairDataset, options: "Options") -> str:
    """A number, and the name of the input's file."""
    if isinstance(test, PairedFolders):
        return numbered_name(index, in_direction(test.pairs[index], options.direction)[0])
    files = test.paths if isinstance(test, SideBySide) else test.images.paths
    return numbered_name(index, files[index])
