"""What the generators that start from noise have in common: their input."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Noise: TypeAlias = Literal["random", "none"] | Sequence[Tensor]
"""Of the maps that are added to features: drawn anew, left out, or given."""


def noise_maps(noise: Noise, sizes: Sequence[int], like: Tensor) -> list[Tensor | None]:
    """A map (N or 1, 1, s, s) for each s of `sizes`, or None for each.

    The N pictures, the device and the precision are those of `like`.
    """
    if isinstance(noise, str):
        if noise == "none":
            return [None] * len(sizes)
        if noise == "random":
            return [torch.randn(len(like), 1, s, s, device=like.device, dtype=like.dtype) for s in sizes]
    elif len(noise) == len(sizes):
        pairs = zip(noise, sizes, strict=True)
        batch = like.shape[0]  # not len, which torch.export would take for a constant
        if all(x.shape in ((1, 1, s, s), (batch, 1, s, s)) for x, s in pairs):
            return list(noise)
    got = repr(noise) if isinstance(noise, str) else [tuple(x.shape) for x in noise]
    raise ValueError(
        f'expected noise "random", "none" or maps (N or 1, 1, s, s) with N = {len(like)} for s in '
        f"{list(sizes)}; got {got}"
    )


def check_latents(z: Tensor, labels: Tensor | None, *, latents: int, classes: int, network: str) -> None:
    """Raise ValueError unless z is (N, latents) and labels are (N,) integers where there are classes."""
    if z.ndim != 2 or z.shape[1] != latents or not z.is_floating_point():
        raise ValueError(
            f"{network} expected noise (N, {latents}), floating-point; got {tuple(z.shape)} of {z.dtype}; "
            f"draw it by torch.randn(N, {latents})"
        )
    if (labels is not None) != bool(classes):
        wanted, got = ("labels", "none") if classes else ("no labels", "labels")
        raise ValueError(f"{network} with {classes} classes expected {wanted}; got {got}")
    if labels is not None and (labels.shape != z.shape[:1] or labels.is_floating_point()):
        raise ValueError(
            f"{network} expected labels ({len(z)},), integers; got {tuple(labels.shape)} of {labels.dtype}; "
            "of one-hot rows, take labels.argmax(1)"
        )


def check_classes(classes: int) -> None:
    """Raise ValueError unless classes is 0 or a positive integer."""
    if not isinstance(classes, int) or classes < 0:
        raise ValueError(f"expected classes to be a positive integer, or 0 for none; got {classes!r}")


def check_power_of_two(size: int, *, least: int, most: int, network: str) -> None:
    """Raise ValueError unless size is a power of 2 from `least` to `most`."""
    if size not in [2**power for power in range(least.bit_length() - 1, most.bit_length())]:
        raise ValueError(
            f"{network} expected a size that is a power of 2 from {least} to {most}; got {size!r}; "
            "draw larger and resize"
        )


def normalised(z: Tensor) -> Tensor:
    """(N, latents) with the mean square of each row brought to 1."""
    return z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
