"""Augmenting the two images of a pair alike, for conditional discriminators."""

from typing import Literal

import torch
from torch import Tensor

from gan_augment._augmentation import Augmentation, Draws
from gan_augment._images import check_images


def augment_pair(
    augment: Augmentation[Draws],
    source: Tensor,
    target: Tensor,
    *,
    color: Literal["both", "source", "target", "neither"] = "both",
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """One draw for each pair, so that what belongs together stays in its place.

    For a discriminator that sees an input and an output together, as in pix2pix: both move and lose the same
    pixels. Colours, octaves and noise may be left alone on either side: a label map has no colours to change,
    and an input that says which colour is wanted must not say another one.

    Args:
        augment: any of this package.
        source: (N, C, H, W) in [-1, 1], the condition.
        target: (N, C', H, W) in [-1, 1], real or generated; C' = C if `color` is "both".
        color: on which side more than places is changed; by the same draw, if on both.
        generator: source of the draws; torch's default one if absent.

    Returns:
        source and target, of their shapes and dtypes.

    Raises:
        ValueError: they differ in number or size, or in channels where that matters; `color` is unknown.
    """
    if color not in ("both", "source", "target", "neither"):
        raise ValueError(f'expected color "both", "source", "target" or "neither"; got {color!r}')
    for images in (source, target):
        check_images(images)
    differs = source.shape if color == "both" else (len(source), *source.shape[-2:])
    expected = target.shape if color == "both" else (len(target), *target.shape[-2:])
    if differs != expected:
        raise ValueError(
            f"expected pairs of one size, and of as many channels where the colour of both changes; got "
            f"{tuple(source.shape)} and {tuple(target.shape)}; resize one, or change the colour of one side"
        )
    draws = augment.draw(source if color == "source" else target, generator=generator)
    of_source = draws if color in ("both", "source") else draws.spatial()
    of_target = draws if color in ("both", "target") else draws.spatial()
    return augment(source, of_source), augment(target, of_target)
