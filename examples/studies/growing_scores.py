"""What drawn faces from noise are worth: beside real ones as a set, and by the places of their eyes."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from gan_metrics import frechet_distance, image_features, precision_recall, predict_labels
from gan_projected import Backbone
from torch import Tensor, nn
from translation_data import read
from translation_scores import mean_distance
from trivial import blurred

SIZE = 64  # of the pictures that the segmentation network has learned from
EYES = 3  # the class
DISTANCE, RECALL, EYES_SCORE, VARIETY = "Frechet distance", "recall", "two eyes", "variety"


class Judges(NamedTuple):
    """Networks that judge: features that no discriminator has, and a segmentation network."""

    features: Backbone
    segmenter: nn.Module


class Faces(NamedTuple):
    """Real faces of a size, (N, 3, size, size): to learn from, and held out."""

    train: Tensor
    held_out: Tensor


def read_faces(size: int) -> Faces:
    """The pictures of the portraits."""
    data = read("portraits", size)
    return Faces(data.train.b, data.test.b)


def trivial_faces(faces: Faces) -> dict[str, Tensor]:
    """Sets of pictures that took no training."""
    count = len(faces.held_out)
    return {
        "noise": torch.rand_like(faces.held_out) * 2 - 1,
        "the mean picture": faces.train.mean(0).expand(count, -1, -1, -1),
        "one picture, copied": faces.train[0].expand(count, -1, -1, -1),
        "blurred copies of the data": blurred(faces.train[:count]),
    }


def scorer(judges: Judges, faces: Faces) -> Callable[[Tensor], dict[str, float]]:
    """Scores pictures (N, 3, size, size) as a set.

    Distance, precision and recall are those to the training pictures. Variety is the mean distance between
    two pictures over that between two real ones: near 0 for a collapsed generator. A face has two eyes if on
    each side of the middle at least half as many pixels are eyes as in the median of the held-out faces.
    """
    real = features_of(judges.features, faces.train)
    needed = eye_pixels(judges.segmenter, faces.held_out).median(0).values / 2  # (2,)
    real_variety = mean_distance(faces.held_out)

    def scores(images: Tensor) -> dict[str, float]:
        fake = features_of(judges.features, images)
        precision, recall = precision_recall(fake, real, neighbors=3)
        both = (eye_pixels(judges.segmenter, images) >= needed).all(1)
        return {
            DISTANCE: frechet_distance(fake, real).item(),
            "precision": precision.item(),
            RECALL: recall.item(),
            VARIETY: mean_distance(images) / real_variety,
            EYES_SCORE: 100 * both.double().mean().item(),
        }

    return scores


@torch.no_grad()
def features_of(features: Backbone, images: Tensor) -> Tensor:
    """(N, D)."""
    return torch.cat([image_features(features, some) for some in images.split(64)])


@torch.no_grad()
def eye_pixels(segmenter: nn.Module, images: Tensor) -> Tensor:
    """(N, 2) float64: pixels that the segmentation network takes for eyes, in the left and right half."""
    enlarged = F.interpolate(images, size=(SIZE, SIZE), mode="bilinear")
    found = torch.cat([predict_labels(segmenter, some) for some in enlarged.split(64)]) == EYES
    return torch.stack([half.sum((1, 2)) for half in found.chunk(2, dim=2)], dim=1).double()
