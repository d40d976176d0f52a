"""Augmentation of a discriminator's images, the same for any number of processes."""

from gan_augment import ADA, Adaptive, DiffAugment
from gan_trainers import Run
from torch import Tensor, nn


def augmented(run: Run, augmentation: nn.Module, images: Tensor) -> Tensor:
    """Images through an augmentation, those of gan-augment with parameters of `run.draw`."""
    if not isinstance(augmentation, ADA | Adaptive | DiffAugment):
        return augmentation(images)  # nn.Identity
    parameters = run.draw(len(images), lambda n: augmentation.sample(images[:1].expand(n, -1, -1, -1)))
    return augmentation(images, parameters)
