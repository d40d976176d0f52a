"""Translate pictures by pairs of what goes in and what should come out: pix2pix.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

    accelerate launch examples/pix2pix.py                                       # Noto's emoji to Twemoji's
    accelerate launch examples/pix2pix.py --data ~/facades --pairs halves --direction b-to-a   # the paper
    accelerate launch examples/pix2pix.py --data ~/photos --pairs enlarge       # super-resolution
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from gan_data import (
    Degraded,
    Downscale,
    Images,
    Kernel,
    PairedFolders,
    SideBySide,
    bicubic_upscale,
    find_images,
    find_pairs,
    split_by_content,
    write_image,
)
from gan_metrics import PSNR, SSIM
from gan_nets import PatchDiscriminator, init_normal_, pix2pix_unet_official, pix2pix_unet_paper
from gan_trainers import EMA, Pix2Pix, Precision, Run, frozen, linear_decay, plain_errors, seeded
from images import emoji
from torch import Tensor, nn
from torch.optim import Adam
from torchmetrics import MetricCollection

Pair = tuple[Tensor, Tensor]
Set = PairedFolders | SideBySide | Degraded
Pairs = Literal["folders", "halves", "enlarge"]


class Blurred(NamedTuple):
    """A picture made small and enlarged again by interpolation: of its own size, without its detail."""

    reduce: Downscale

    def __call__(self, picture: Tensor) -> Tensor:
        """(3, H, W) to (3, H, W)."""
        return bicubic_upscale(self.reduce(picture), self.reduce.factor)


def main(
    data: tuple[Path, ...] = (),
    out: Path = Path("runs/pix2pix"),
    pairs: Pairs = "folders",
    direction: Literal["a-to-b", "b-to-a"] = "a-to-b",
    scale: int = 4,
    kernel: Kernel = "matlab-bicubic",
    generator: Literal["paper", "official"] = "paper",
    conditional: bool = True,
    l1_weight: float = 100.0,
    steps: int | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    load_size: int | None = None,
    flip: bool | None = None,
    width: int | None = None,
    layers: int = 3,
    ema: bool = False,
    lr: float = 2e-4,
    validation: float = 0.1,
    validate_every: int | None = None,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train a translator on pairs; the same command again goes on where it stopped.

    Args:
        data: where the pictures are; the emoji of this repository if not given.
        out: the run's folder.
        pairs: "folders": two folders with equal names in both, or one with trainA and trainB in it (and testA
            and testB); "halves": a folder of pictures of which the left half is A and the right half B (or
            train in it, and test or val); "enlarge": a folder of photos, which are made small and blurred.
        direction: which of the two goes in; a blurred photo is A.
        scale: how many times smaller the photos are made, with pairs by enlarging.
        kernel: how they are made small; see gan_data.downscale.
        generator: the U-Net of the paper, or with dropout where the official PyTorch code has it.
        conditional: show the discriminator what went in, as the paper does.
        l1_weight: lambda, the weight of L1.
        steps: how long to train; the learning rate falls over the second half. If not given, 3,000 for the
            emoji and the paper's 200 passes for --data.
        batch_size: pairs a step, on each process; 4 for the emoji, else the paper's 1.
        size: side of the square crops, in pixels; 64 for the emoji, 256 for --data.
        load_size: shorter side before cropping; if not given, 286 pixels for each 256 of size, and for the
            emoji and photos to enlarge, size itself or the photos as they are.
        flip: mirror pairs by chance; if not given, all but the emoji.
        width: channels of the networks' first layers; 32 for the emoji, 64 for --data.
        layers: of the discriminator; 2, 3 and 4 judge patches of 34, 70 and 142 pixels.
        ema: test and keep the average of the generator's weights, which the paper does not.
        lr: learning rate of both players.
        validation: share of the pairs that is held out where there is no test folder, chosen by content.
        validate_every: steps between two looks at the test pairs, each with a preview and a checkpoint; a
            twelfth of all steps if not given.
        seed: of everything random.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    data = tuple(folder.expanduser() for folder in data)
    size = size or (256 if data else 64)
    width = width or (64 if data else 32)
    batch_size = batch_size or (1 if data else 4)
    flip = bool(data) if flip is None else flip
    enlarged = load_size or (size * 286 // 256 if data else size)
    blurred = Blurred(Downscale(scale, kernel))
    train, test = {
        "folders": lambda: from_folders(data, size, enlarged, validation, flip=flip),
        "halves": lambda: from_halves(only(data), size, enlarged, validation, flip=flip),
        "enlarge": lambda: from_photos(only(data), size, load_size, validation, blurred, flip=flip),
    }[pairs]()

    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings | {"size": size, "width": width, "batch_size": batch_size},
        trackers=trackers,
    )
    steps = steps or (200 * len(train) // (batch_size * run.processes * accumulate) if data else 3_000)
    unet = {"paper": pix2pix_unet_paper, "official": pix2pix_unet_official}[generator]
    g = unet(depth=min(8, (size & -size).bit_length() - 1), width=width)  # as often as the size can be halved
    d = PatchDiscriminator(6 if conditional else 3, layers=layers, width=width)
    init_normal_(g)
    init_normal_(d)
    opt_g = Adam(g.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    opt_d = Adam(d.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    average = EMA(g, half_life=200 if ema else 1e-3)  # steps
    game = Pix2Pix(d, l1_weight=l1_weight, conditional=conditional)
    run.keep(g=g, d=d, opt_g=opt_g, opt_d=opt_d, average=average)
    batches = run.loader(train, batch_size, workers=workers)
    test_once = run.loader(test, 1, shuffle=False, passes=1)  # one by one, as the paper normalises them
    run.resume()

    for a, b in run.steps(batches, until=steps):  # (N, 3, H, W) in [-1, 1]
        run.set_lr(lr * linear_decay(run.step, start=steps // 2, end=steps), opt_g, opt_d)
        source, target = (a, b) if direction == "a-to-b" else (b, a)
        fake = g(source)
        loss, terms = game.discriminator_loss(source, target, fake)  # the critic's turn
        run.update(opt_d, loss)
        run.log(terms)
        with frozen(d):  # the painter's turn
            loss, terms = game.generator_loss(source, target, fake)
            run.update(opt_g, loss)
        run.log(terms)
        if run.every(1):  # however many batches there are to a step
            average.update()
        if run.every(validate_every or max(1, steps // 12)):
            with seeded(seed, run.device):  # the U-Nets' dropout is on
                scores, pictures = validate(average, test_once, direction, run.device)
            # The PSNR of equal pictures is infinite, which in a log stands for a run gone wrong.
            run.log({name: score for name, score in scores.items() if score != math.inf})
            run.grid("test", *pictures)
            run.save(score=scores["psnr"])

    if run.is_main:
        average.average.save_pretrained(out / "translator")
        with seeded(seed, run.device):
            write_pictures(out / "pictures", average, test, direction, run.device)
        print(f"test pictures, translated: {out / 'pictures'}; the network: {out / 'translator'}")


def only(data: tuple[Path, ...]) -> Path:
    """The one folder that was given."""
    if len(data) != 1:
        raise SystemExit(f"error: --pairs halves and enlarge expect --data with one folder; got {len(data)}")
    return data[0]


def from_folders(
    data: tuple[Path, ...], size: int, load_size: int, validation: float, *, flip: bool
) -> tuple[Set, Set]:
    """Pairs to learn from and to test with, of equal names in two folders."""
    if len(data) > 2:
        raise SystemExit(f"error: --data expects one folder, or one of A and one of B; got {len(data)}")
    root = data[0] if data else emoji()
    tests = (root / "testA", root / "testB")
    train = find_pairs(*data) if len(data) == 2 else find_pairs(root / "trainA", root / "trainB")
    if len(data) < 2 and any(test.is_dir() for test in tests):
        test = find_pairs(*tests)
    else:
        train, test = split_by_content(train, validation)
    return (
        PairedFolders(train, size=size, load_size=load_size, flip=flip),
        PairedFolders(test, size=size, load_size=size, crop="center", flip=False),
    )


def from_halves(data: Path, size: int, load_size: int, validation: float, *, flip: bool) -> tuple[Set, Set]:
    """Pairs to learn from and to test with, side by side as in the paper's archives."""
    tests = [folder for name in ("test", "val") if (folder := data / name).is_dir()]
    train = find_images(data / "train" if (data / "train").is_dir() else data)
    if (data / "train").is_dir() and tests:
        test = find_images(tests[0])
    else:
        train, test = split_by_content(train, validation)
    return (
        SideBySide(train, size=size, load_size=load_size, flip=flip),
        SideBySide(test, size=size, load_size=size, crop="center", flip=False),
    )


def from_photos(
    data: Path, size: int, load_size: int | None, validation: float, blurred: Blurred, *, flip: bool
) -> tuple[Set, Set]:
    """Pairs to learn from and to test with, of a photo without its detail and the photo."""
    train, test = split_by_content(find_images(data), validation)
    return (
        Degraded(Images(train, size=size, load_size=load_size, flip=flip), blurred),
        Degraded(Images(test, size=size, load_size=load_size, crop="center", flip=False), blurred),
    )


def validate(
    g: nn.Module, pairs: Iterable[Pair], direction: str, device: torch.device
) -> tuple[dict[str, float], list[Tensor]]:
    """Translate all test pictures; return PSNR (dB) and SSIM to the true ones, and the first ones.

    These as they went in, translated and true: (N, 3, H, W) each.
    """
    scores = MetricCollection({"psnr": PSNR(), "ssim": SSIM()}).to(device)
    untranslated = PSNR().to(device)
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    for a, b in pairs:
        source, target = (a, b) if direction == "a-to-b" else (b, a)
        fake = g(source)
        scores.update(fake, target)
        untranslated.update(source, target)
        if len(rows) < 8:
            rows.append((source, fake, target))
    found = {**scores.compute(), "untranslated": untranslated.compute()}
    columns = [torch.cat(column) for column in zip(*rows, strict=True)]
    return {name: value.item() for name, value in found.items()}, columns


def write_pictures(out: Path, g: nn.Module, test: Set, direction: str, device: torch.device) -> None:
    """Write each test picture as it went in, translated and true."""
    for index in range(len(test)):
        a, b = (picture[None].to(device) for picture in test[index])
        source, target = (a, b) if direction == "a-to-b" else (b, a)
        for name, picture in {"source": source, "translated": g(source), "true": target}.items():
            (out / name).mkdir(parents=True, exist_ok=True)
            write_image(out / name / f"{index:04d}.png", picture[0])


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
