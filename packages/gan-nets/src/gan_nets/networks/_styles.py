"""Styles, which control the layers of StyleGAN's and StyleGAN2's generators."""

import math
from itertools import pairwise
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.equalized import EqualizedLinear
from gan_nets.layers.latents import check_latents, normalize_second_moment

MEAN_DECAY = 0.995  # of the running mean of the styles, a step


class MappingNetwork(nn.Module):
    """Latents, and class labels if there are classes, to styles."""

    def __init__(self, latents: int, styles: int, layers: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, latents) if classes else None
        widths = [latents * (2 if classes else 1), *[styles] * layers]
        self.layers = nn.ModuleList(EqualizedLinear(*pair, lr_multiplier=0.01) for pair in pairwise(widths))

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latents) and (N,) to (N, styles), in the parameters' dtype under autocast too."""
        with torch.autocast(z.device.type, enabled=False):
            z = z.to(cast(EqualizedLinear, self.layers[0]).weight.dtype)
            x = normalize_second_moment(z)  # (N, latents)
            if self.embedding is not None:
                x = torch.cat([x, normalize_second_moment(self.embedding(labels))], dim=1)  # (N, 2 * latents)
            for layer in self.layers:
                x = leaky_relu(layer(x))  # (N, styles)
            return x


def leaky_relu(x: Tensor) -> Tensor:
    """LeakyReLU 0.2 with the gain sqrt(2), which about keeps the variance."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class StyledGenerator(Protocol):
    """What `layer_styles` needs of a generator."""

    latents: int
    classes: int
    layers: int
    mapping: nn.Module
    mean_style: Tensor
    training: bool


def layer_styles(
    g: StyledGenerator,
    z: Tensor,
    labels: Tensor | None,
    *,
    mixed: Tensor | None,
    crossover: int | None,
    truncation: float,
) -> list[Tensor]:
    """The style (N, styles) of each layer; updates the running mean in training.

    Args:
        g: the generator.
        z: (N, latents).
        labels: (N,) integers, with classes.
        mixed: (N, latents), further latents for the layers from `crossover` on.
        crossover: from 1 to `g.layers` - 1, with `mixed`.
        truncation: 1 leaves the styles as they are, 0 takes the mean style.

    Raises:
        ValueError: an input is none of these.
    """
    w = _style(g, z, labels, truncation)
    if mixed is None and crossover is None:
        return [w] * g.layers
    if mixed is None or crossover is None or not 0 < crossover < g.layers:
        given = "nothing" if mixed is None else "a tensor"
        raise ValueError(
            f"expected mixed and a crossover from 1 to {g.layers - 1} together; got {given} for mixed "
            f"and crossover {crossover}"
        )
    if mixed.shape != (len(w), g.latents):
        raise ValueError(
            f"expected mixed of the shape of z, {(len(w), g.latents)}; got {tuple(mixed.shape)}; "
            "sample it by torch.randn_like(z)"
        )
    return [w] * crossover + [_style(g, mixed, labels, truncation)] * (g.layers - crossover)


def _style(g: StyledGenerator, z: Tensor, labels: Tensor | None, truncation: float) -> Tensor:
    check_latents(z, labels, latents=g.latents, classes=g.classes, network=type(g).__name__)
    w = g.mapping(z, labels)  # (N, styles)
    if g.training:
        g.mean_style.lerp_(w.detach().to(g.mean_style.dtype).mean(0), 1 - MEAN_DECAY)
    return w if truncation == 1 else torch.lerp(g.mean_style.to(w.dtype), w, truncation)
