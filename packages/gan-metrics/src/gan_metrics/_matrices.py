"""Sets of images as matrices of features, one row for each image."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from gan_metrics._image import as_saved, check_images
from gan_metrics._tensor import require_tensor

Features: TypeAlias = Callable[[Tensor], Tensor | Sequence[Tensor]]
"""A feature extractor: images (N, 3, H, W) in [-1, 1] to vectors or maps; see `image_features`."""


def image_features(features: Features, images: Tensor) -> Tensor:
    """One feature vector for each image.

    Args:
        features: the feature extractor, from (N, 3, H, W) in [-1, 1] to vectors (N, D), which are used
            directly; to maps (N, D, h, w), which are averaged over the positions; or to a list of these, of
            which the last is used, the deepest. A network in evaluation mode, including any normalization
            and resizing.
        images: (N, 3, H, W) in [-1, 1]; values outside are clamped, as saving an image does.

    Returns:
        (N, D) in float32, under autocast too (float64 if the features are).

    Raises:
        ValueError: the images are not floating point, far outside [-1, 1] or not (N, C, H, W), or `features`
            returns something else.

    Examples:
        >>> image_features(lambda x: torch.nn.functional.avg_pool2d(x, 4), torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3])
    """
    check_images(images, "image_features")
    with torch.autocast(images.device.type, enabled=False):
        found = features(as_saved(images))
    if isinstance(found, list | tuple) and found:
        found = found[-1]
    if not isinstance(found, Tensor) or found.ndim not in (2, 4) or len(found) != len(images):
        got = tuple(found.shape) if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise ValueError(
            "expected features to return vectors (N, D) or maps (N, D, h, w), or a list that ends with them, "
            f"here with N = {len(images)}; got {got}; wrap the network in such a function"
        )
    found = found.to(torch.promote_types(found.dtype, torch.float32))
    return found.mean((2, 3)) if found.ndim == 4 else found


def as_double(features: Tensor) -> Tensor:
    """In float64 on the same device, or on the CPU for a device that may have none (MPS, XPU)."""
    return features.to(features.device if features.device.type in ("cpu", "cuda") else "cpu").double()


def check_set(features: Tensor, caller: str, at_least: int = 2) -> Tensor:
    """The features of a set of images in float64.

    Raises:
        TypeError: they are no tensor.
        ValueError: they are not (N, D) with N of at least `at_least`, or not finite.
    """
    require_tensor(features, caller)
    if features.ndim != 2:
        raise ValueError(
            f"{caller} expects features (N, D), a row for each image; got {tuple(features.shape)}; "
            "compute them with image_features"
        )
    if len(features) < at_least:
        raise ValueError(
            f"{caller} needs at least {at_least} images in each set; got {len(features)}; add images"
        )
    if not features.isfinite().all():
        raise ValueError(
            f"{caller} expects finite features; got NaN or infinity for "
            f"{int((~features.isfinite()).any(1).sum())} of {len(features)} images; check those images"
        )
    return as_double(features)


def check_sets(fake: Tensor, real: Tensor, caller: str, at_least: int = 2) -> tuple[Tensor, Tensor]:
    """Two sets in float64, on the device of the first.

    Raises:
        ValueError: see `check_set`; or the features come from two networks.
    """
    fake, real = check_set(fake, caller, at_least), check_set(real, caller, at_least)
    check_widths(fake.shape[1], real.shape[1], caller)
    return fake, real.to(fake.device)


def check_widths(fake: int, real: int, caller: str) -> None:
    """Raise ValueError unless both sets have equally many features for each image."""
    if fake != real:
        raise ValueError(
            f"{caller} expects both sets in the features of one network; got {fake} and {real} features for "
            "each image; use the same feature extractor for both"
        )
