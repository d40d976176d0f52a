"""What pictures from noise are worth as a set: beside real ones, and beside sets that took no training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
from comparison import Row
from gan_metrics import frechet_distance, image_features, nearest, precision_recall
from gan_nets import DCGANGenerator, FastGANGenerator, ProGANGenerator, StyleGAN2Generator, StyleGANGenerator
from gan_projected import Backbone
from torch import Tensor
from translation_scores import mean_distance
from trivial import blurred

DISTANCE, PRECISION, RECALL = "Frechet distance", "precision", "recall"
VARIETY, COPIES = "variety", "near copies, %"
DIGITS = {DISTANCE: 0, PRECISION: 2, RECALL: 2, VARIETY: 2, COPIES: 1}
SAMPLES = 256  # measured of each run
LOGGED = "frechet_distance"  # the name of the distance in a run's log

Generator = DCGANGenerator | FastGANGenerator | ProGANGenerator | StyleGAN2Generator | StyleGANGenerator


class Pictures(NamedTuple):
    """Real pictures, (N, 3, size, size): to learn from, and to compare with."""

    train: Tensor
    held_out: Tensor
    name: str = "held-out pictures"  # of those to compare with


def trivial_sets(pictures: Pictures) -> dict[str, Tensor]:
    """Sets of pictures that took no training, as many as the samples of a run: a distance depends on that."""
    each = (SAMPLES, -1, -1, -1)
    some = pictures.train[torch.arange(SAMPLES) % len(pictures.train)]
    return {
        "noise": torch.rand_like(some) * 2 - 1,
        "the mean picture": pictures.train.mean(0).expand(each),
        "one picture, copied": pictures.train[0].expand(each),
        "the data, blurred": blurred(some),
    }


def set_scorer(features: Backbone, pictures: Pictures) -> Callable[[Tensor], dict[str, float]]:
    """Scores pictures (N, 3, size, size) as a set, beside the training pictures.

    Variety is the mean distance between two pictures over that between two real ones: near 0 for a collapsed
    generator. A near copy is less than half as far from the nearest training picture, in features, as a
    training picture is from its nearest other one, in the median.
    """
    real = features_of(features, pictures.train)
    _, distances = nearest(real, real, neighbors=2)
    near = distances[:, 1].median() / 2  # the first is the picture itself
    real_variety = mean_distance(pictures.held_out)

    def scores(images: Tensor) -> dict[str, float]:
        fake = features_of(features, images)
        precision, recall = precision_recall(fake, real, neighbors=3)
        _, to_data = nearest(fake, real)
        return {
            DISTANCE: frechet_distance(fake, real).item(),
            PRECISION: precision.item(),
            RECALL: recall.item(),
            VARIETY: mean_distance(images) / real_variety,
            COPIES: 100 * (to_data[:, 0] < near).double().mean().item(),
        }

    return scores


@torch.no_grad()
def features_of(features: Backbone, images: Tensor) -> Tensor:
    """(N, D)."""
    return torch.cat([image_features(features, some) for some in images.split(64)])


@torch.no_grad()
def sampled(run: Path, count: int = SAMPLES) -> Tensor:
    """(count, 3, size, size) in [-1, 1]: samples of a run's generator, the same latents for all."""
    generator = gan_nets.load(run / "generator")
    assert isinstance(generator, Generator)
    latents = torch.randn(count, generator.latents, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)  # of the noise maps
        return torch.cat([generator(some).clamp(-1, 1) for some in latents.split(64)])


def distance_after(log: Sequence[Row], seconds: float) -> float:
    """The least distance that a run logged by then; its first one, if that was later."""
    measured = [row for row in log if LOGGED in row]
    return min(row[LOGGED] for row in measured if row["seconds"] <= max(seconds, measured[0]["seconds"]))


def effort(log: Sequence[Row], goal: float, against: str) -> float:
    """The images or seconds after which a run's distance was at most `goal`; infinite if it never was."""
    reached = (row[against] for row in log if LOGGED in row and row[LOGGED] <= goal)
    return next(reached, float("inf"))
