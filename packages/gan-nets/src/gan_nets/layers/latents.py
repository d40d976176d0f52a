"""Inputs of the generators that start from noise: latents, class labels and noise maps."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Noise: TypeAlias = Literal["random", "none"] | Sequence[Tensor]
"""Noise maps that a generator adds to its features: sampled at each call, left out, or given."""


def noise_maps(noise: Noise, sizes: Sequence[int], like: Tensor) -> list[Tensor | None]:
    """A noise map (N or 1, 1, s, s) for each s of `sizes`, or None for each.

    Args:
        noise: "random" samples N(0, 1); "none" gives None for each; or the maps, which are checked.
        sizes: height and width of the maps.
        like: its length is the batch size N; sampled maps have its device and dtype.

    Raises:
        ValueError: `noise` is none of these.
    """
    if isinstance(noise, str):
        if noise == "none":
            return [None] * len(sizes)
        if noise == "random":
            return [torch.randn(len(like), 1, s, s, device=like.device, dtype=like.dtype) for s in sizes]
    elif len(noise) == len(sizes):
        pairs = zip(noise, sizes, strict=True)
        batch = like.shape[0]  # not len(like), which torch.export would treat as a constant
        if all(x.shape in ((1, 1, s, s), (batch, 1, s, s)) for x, s in pairs):
            return list(noise)
    got = repr(noise) if isinstance(noise, str) else [tuple(x.shape) for x in noise]
    raise ValueError(
        f'expected noise "random", "none" or maps (N or 1, 1, s, s) with N = {len(like)} for s in '
        f"{list(sizes)}; got {got}"
    )


def check_latents(z: Tensor, labels: Tensor | None, *, latents: int, classes: int, network: str) -> None:
    """Raise ValueError unless z is (N, latents) and labels are (N,) integers exactly if there are classes."""
    if z.ndim != 2 or z.shape[1] != latents or not z.is_floating_point():
        raise ValueError(
            f"{network} expected latents (N, {latents}), floating-point; got {tuple(z.shape)} of {z.dtype}; "
            f"sample them by torch.randn(N, {latents})"
        )
    if (labels is not None) != bool(classes):
        wanted, got = ("labels", "none") if classes else ("no labels", "labels")
        raise ValueError(f"{network} with {classes} classes expected {wanted}; got {got}")
    if labels is not None and (labels.shape != z.shape[:1] or labels.is_floating_point()):
        raise ValueError(
            f"{network} expected labels ({len(z)},), integers; got {tuple(labels.shape)} of {labels.dtype}; "
            "convert one-hot rows by labels.argmax(1)"
        )


def check_classes(classes: object) -> None:
    """Raise ValueError unless classes is 0 or a positive integer."""
    if not isinstance(classes, int) or classes < 0:
        raise ValueError(f"expected classes to be a positive integer, or 0 for none; got {classes!r}")


def check_power_of_two(size: int, *, least: int, most: int, network: str) -> None:
    """Raise ValueError unless size is a power of 2 from `least` to `most`."""
    if size not in [2**power for power in range(least.bit_length() - 1, most.bit_length())]:
        raise ValueError(
            f"{network} expected a size that is a power of 2 from {least} to {most}; got {size!r}; "
            "take the next larger one and resize the images"
        )


def normalize_second_moment(z: Tensor) -> Tensor:
    """(N, C, ...) scaled so that the mean square over C is 1: of latents, or of each pixel of a map."""
    return z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
