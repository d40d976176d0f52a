"""The same augmentation of both images of a pair, for conditional discriminators."""

from typing import Literal

import torch
from torch import Tensor

from gan_augment.base.augmentation import Augmentation, ParametersT
from gan_augment.base.images import check_images


def augment_pair(
    augment: Augmentation[ParametersT],
    source: Tensor,
    target: Tensor,
    *,
    color: Literal["both", "source", "target", "neither"] = "both",
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Augment both images of every pair with the same parameters, so that they stay aligned.

    For a discriminator that receives an input and an output together, as in pix2pix: the same pixels are
    moved and hidden in both. Colors, octaves and noise can be left unchanged on either side: a label map has
    no colors to change, and an input that defines the output's colors has to keep them.

    Args:
        augment: any augmentation of this package.
        source: (N, C, H, W) in [-1, 1], the condition.
        target: (N, C', H, W) in [-1, 1], real or generated; C' = C if `color` is "both".
        color: the side whose colors, octaves and noise are changed too; with "both" by the same parameters.
        generator: source of the samples; torch's default one if absent.

    Returns:
        source and target, of their shapes and dtypes.

    Raises:
        ValueError: they differ in number or size, or in channels with color="both"; `color` is unknown.

    Examples:
        >>> labels, photo = torch.zeros(2, 1, 16, 16), torch.zeros(2, 3, 16, 16)
        >>> labels, photo = augment_pair(DiffAugment(), labels, photo, color="target")
        >>> labels.shape, photo.shape
        (torch.Size([2, 1, 16, 16]), torch.Size([2, 3, 16, 16]))
    """
    if color not in ("both", "source", "target", "neither"):
        raise ValueError(f'expected color "both", "source", "target" or "neither"; got {color!r}')
    for images in (source, target):
        check_images(images)
    shapes = [x.shape if color == "both" else (len(x), *x.shape[-2:]) for x in (source, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "expected source and target of equal number and size, and of equal channels with color='both'; "
            f"got {tuple(source.shape)} and {tuple(target.shape)}; resize one, or choose another color"
        )
    parameters = augment.sample(source if color == "source" else target, generator=generator)
    of_source = parameters if color in ("both", "source") else parameters.spatial()
    of_target = parameters if color in ("both", "target") else parameters.spatial()
    return augment(source, of_source), augment(target, of_target)
