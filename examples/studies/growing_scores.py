"""What drawn faces from noise are worth: as a set, and by the places of their eyes."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from gan_metrics import predict_labels
from gan_projected import Backbone
from generation_scores import DIGITS, Pictures, set_scorer
from torch import Tensor, nn
from translation_data import read

SIZE = 64  # of the pictures that the segmentation network has learned from
EYES = 3  # the class
EYES_SCORE = "two eyes, %"
FACE_DIGITS = DIGITS | {EYES_SCORE: 1}


class Judges(NamedTuple):
    """Networks that judge: features that no discriminator has, and a segmentation network."""

    features: Backbone
    segmenter: nn.Module


def read_faces(size: int) -> Pictures:
    """The pictures of the portraits."""
    data = read("portraits", size)
    return Pictures(data.train.b, data.test.b)


def face_scorer(judges: Judges, faces: Pictures) -> Callable[[Tensor], dict[str, float]]:
    """Scores faces (N, 3, size, size): those of `set_scorer`, and the part of them that has two eyes.

    A face has two eyes if on each side of the middle at least half as many pixels are eyes as in the median
    of the held-out faces.
    """
    score = set_scorer(judges.features, faces)
    needed = eye_pixels(judges.segmenter, faces.held_out).median(0).values / 2  # (2,)
    needed = needed.clamp(min=1)  # or a network that finds no eyes would find two in anything

    def scores(images: Tensor) -> dict[str, float]:
        both = (eye_pixels(judges.segmenter, images) >= needed).all(1)
        return score(images) | {EYES_SCORE: 100 * both.double().mean().item()}

    return scores


@torch.no_grad()
def eye_pixels(segmenter: nn.Module, images: Tensor) -> Tensor:
    """(N, 2) float64: pixels that the segmentation network takes for eyes, in the left and right half."""
    enlarged = F.interpolate(images, size=(SIZE, SIZE), mode="bilinear")
    found = torch.cat([predict_labels(segmenter, some) for some in enlarged.split(64)]) == EYES
    return torch.stack([half.sum((1, 2)) for half in found.chunk(2, dim=2)], dim=1).double()
