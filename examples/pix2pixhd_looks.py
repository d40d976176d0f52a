"""How the objects of photos look, as pix2pixHD's encoder tells it, and such looks by chance (section 3.4)."""

from collections import defaultdict
from collections.abc import Iterator

import torch
from gan_data import LabeledPhotos
from gan_nets import InstanceEncoder, kmeans
from torch import Tensor

CLUSTERS = 10  # looks that the objects of a class may take
BLOCKS = 32  # an object that fills half of one of so many parts of the picture is large enough to count

Looks = dict[int, Tensor]  # of a class (up to CLUSTERS, F)


def each_instance(labels: Tensor, instances: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The class and the places of each instance.

    Its class is that of its middle pixel in the order of reading: id // 1000 in Cityscapes.

    Args:
        labels: (1, H, W).
        instances: (1, H, W).
    """
    for number in instances.unique():
        places = (instances.flatten() == number).nonzero()[:, 0]
        yield int(labels.flatten()[places[len(places) // 2]]), places


@torch.no_grad()
def find_looks(
    encoder: InstanceEncoder, photos: LabeledPhotos, device: torch.device, chance: torch.Generator
) -> Looks:
    """The centres of what the encoder tells of each class's instances, by k-means."""
    found: defaultdict[int, list[Tensor]] = defaultdict(list)
    for index in range(len(photos)):
        labels, instances, photo = (each[None] for each in photos[index])
        told = encoder(photo.to(device), instances[:, None].to(device)).cpu().flatten(2)[0]  # (F, H * W)
        for label, places in each_instance(labels, instances):
            if len(places) / (labels.numel() // BLOCKS) > 0.5:
                found[label].append(told[:, places[0]])  # as everywhere in the instance
    return {
        label: kmeans(torch.stack(points), CLUSTERS, generator=chance)
        for label, points in sorted(found.items())
    }


def draw_looks(labels: Tensor, instances: Tensor, looks: Looks, chance: torch.Generator) -> Tensor:
    """One of its class's looks for each instance.

    Args:
        labels: (1, H, W).
        instances: (1, H, W).
        looks: what `find_looks` returned, of one class at least.
        chance: what draws.

    Returns:
        (1, F, H, W), 0 where no looks of the class are known.
    """
    drawn = torch.zeros(labels.numel(), next(iter(looks.values())).shape[1])
    for label, places in each_instance(labels, instances):
        if label in looks:
            drawn[places] = looks[label][torch.randint(len(looks[label]), (), generator=chance)]
    return drawn.view(*labels.shape, -1).movedim(-1, 1)
