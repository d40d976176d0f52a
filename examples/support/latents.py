"""What generators of styles draw besides latents: noise, and where styles are mixed."""

from typing import Any, Protocol

import torch
from gan_trainers import Run
from torch import Tensor


class HasNoise(Protocol):
    """A generator whose layers add noise."""

    noise_sizes: list[int]


def noise_maps(run: Run, g: HasNoise, count: int) -> list[Tensor]:
    """The noise maps (count, 1, s, s) of a generator's layers, the same for any number of processes."""
    return run.draw(count, lambda n: [torch.randn(n, 1, s, s, device=run.device) for s in g.noise_sizes])


def style_mixing(run: Run, other: Tensor, layers: int, probability: float) -> dict[str, Any]:
    """Arguments with which a second latent takes over at some layer, or none (Karras et al. 2019, 3.1).

    What is drawn is the same for all images of a step, and for any number of processes.

    Args:
        run: of the training.
        other: the second latents, (N, D).
        layers: of the generator, as far as it has grown.
        probability: of the batches whose styles are mixed.
    """
    mixes = run.draw_shared(lambda: torch.rand((), device="cpu") < probability)
    crossover = run.draw_shared(lambda: torch.randint(1, layers, (), device="cpu"))
    return {"mixed": other, "crossover": int(crossover)} if mixes else {}
