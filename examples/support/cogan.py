"""CoGAN's translation: the latent that draws an image, found by L-BFGS, draws its counterpart.

The paper's way (section 5); the authors' code generates pairs and does not translate.
"""

from functools import partial
from typing import NamedTuple

import torch
from gan_nets import CoGANGenerator
from gan_trainers import EMA, seeded
from torch import Tensor
from torch.optim import LBFGS

from support.translation import States


class Inversion(NamedTuple):
    """How the latent of an image is searched for."""

    starts: int  # latents to start from, the same for each image; the best result counts
    iterations: int  # of L-BFGS
    seed: int  # of the latents to start from

    def latent(self, g: CoGANGenerator, image: Tensor, domain: int) -> Tensor:
        """(latents,): argmin over z of |g(z) - image|^2, the Euclidean distance of section 5.

        The images of a batch are searched for one by one, so that each result is its image's alone; the
        searches from all starts are one.

        Args:
            g: the generators, frozen and in inference mode.
            image: (3, H, W) in [-1, 1].
            domain: 0 for an image of A, 1 for one of B.
        """
        with seeded(self.seed, image.device):
            z = torch.randn(self.starts, g.latents).to(image.device).requires_grad_()
        optimizer = LBFGS([z], max_iter=self.iterations, line_search_fn="strong_wolfe")

        def distances() -> Tensor:
            return (g(z).chunk(2, dim=1)[domain] - image).square().sum((1, 2, 3))

        def closure() -> float:
            optimizer.zero_grad()
            loss = distances().sum()
            loss.backward()
            return loss.item()

        with torch.enable_grad():
            optimizer.step(closure)
        with torch.no_grad():
            return z.detach()[distances().argmin()]


def by_latent(ema: EMA[CoGANGenerator], inversion: Inversion) -> tuple[States, States]:
    """What a batch of A becomes, and one of B: translated, and reconstructed as well as the generator can.

    Each image is searched for once, since the scores and the results are of the same weights: these are for
    the end of the training.
    """
    found: dict[tuple[int, bytes], Tensor] = {}

    def states(domain: int, real: Tensor) -> dict[str, Tensor]:
        keys = [(domain, image.cpu().numpy().tobytes()) for image in real]
        for key, image in zip(keys, real, strict=True):
            if key not in found:
                found[key] = inversion.latent(ema.average, image, domain)
        pair = ema(torch.stack([found[key] for key in keys])).chunk(2, dim=1)
        return {"translated": pair[1 - domain], "reconstructed": pair[domain]}

    return partial(states, 0), partial(states, 1)
