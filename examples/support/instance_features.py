"""Instance features of pix2pixHD: clustered over a data set, and sampled for new images (section 3.4)."""

from collections import defaultdict
from collections.abc import Iterator

import torch
from gan_data import LabeledPhotos
from gan_nets import InstanceEncoder, kmeans
from torch import Tensor

CLUSTERS = 10  # of the features of a class
LEAST_PART = 1 / 64  # of the image that an instance must cover to count, as in the official code

Clusters = dict[int, Tensor]  # class -> (up to CLUSTERS, F) centers


def each_instance(labels: Tensor, instances: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The class and the flat pixel indices of each instance.

    The class is that of the instance's middle pixel in reading order: id // 1000 in Cityscapes.

    Args:
        labels: (1, H, W).
        instances: (1, H, W).
    """
    for number in instances.unique():
        pixels = (instances.flatten() == number).nonzero()[:, 0]
        yield int(labels.flatten()[pixels[len(pixels) // 2]]), pixels


@torch.no_grad()
def cluster_features(
    encoder: InstanceEncoder, photos: LabeledPhotos, device: torch.device, generator: torch.Generator
) -> Clusters:
    """Centers of the encoder's features of each class's instances, by k-means."""
    features: defaultdict[int, list[Tensor]] = defaultdict(list)
    for index in range(len(photos)):
        labels, instances, photo = (each[None] for each in photos[index])
        encoded = encoder(photo.to(device), instances[:, None].to(device)).cpu().flatten(2)[0]  # (F, H * W)
        for label, pixels in each_instance(labels, instances):
            if len(pixels) / labels.numel() > LEAST_PART:
                features[label].append(encoded[:, pixels[0]])  # the same in all pixels of an instance
    return {
        label: kmeans(torch.stack(vectors), CLUSTERS, generator=generator)
        for label, vectors in sorted(features.items())
    }


def sample_features(
    labels: Tensor, instances: Tensor, clusters: Clusters, generator: torch.Generator
) -> Tensor:
    """For each instance the center of a random cluster of its class.

    Args:
        labels: (1, H, W).
        instances: (1, H, W).
        clusters: of `cluster_features`, of at least one class.
        generator: of the random numbers.

    Returns:
        (1, F, H, W), 0 for instances of classes without clusters.
    """
    sampled = torch.zeros(labels.numel(), next(iter(clusters.values())).shape[1])
    for label, pixels in each_instance(labels, instances):
        if label in clusters:
            sampled[pixels] = clusters[label][torch.randint(len(clusters[label]), (), generator=generator)]
    return sampled.view(*labels.shape, -1).movedim(-1, 1)
