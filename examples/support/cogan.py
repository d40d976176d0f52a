"""CoGAN's translation: the latent that draws an image, found by L-BFGS, draws its counterpart.

The paper's way (section 5); the authors' code generates pairs and does not translate.
"""

from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import PartialState
from gan_nets import CoGANGenerator
from gan_trainers import EMA, Run, seeded
from safetensors.torch import load_file, save_file
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


class Latents:
    """The latents that were found, kept in a file: a search takes seconds, and there is one for each image.

    Args:
        file: to read once, and to write after each batch.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found = load_file(file) if file.exists() else {}

    def of(self, domain: int, images: Tensor, search: Callable[[Tensor], Tensor]) -> Tensor:
        """(N, latents) of images (N, 3, H, W) of a domain; those that are missing are searched for."""
        keys = [f"{domain}-{sha256(image.cpu().numpy().tobytes()).hexdigest()}" for image in images]
        missing = {key: image for key, image in zip(keys, images, strict=True) if key not in self._found}
        if missing:
            self._found |= {key: search(image).cpu() for key, image in missing.items()}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written = self._file.with_suffix(".new")
            save_file(self._found, written)
            written.replace(self._file)  # a file that is there is whole
        return torch.stack([self._found[key] for key in keys]).to(images.device)


def by_latent(
    ema: EMA[CoGANGenerator], inversion: Inversion, file: Callable[[], Path]
) -> tuple[States, States]:
    """What a batch of A becomes, and one of B: translated, and reconstructed as well as the generator can.

    Args:
        ema: of the generators, which must not learn any more when a batch is translated.
        inversion: how latents are searched for.
        file: where the latents of these weights are kept, so that no search is repeated; asked when the first
            batch is translated.
    """
    latents = cache(lambda: Latents(file()))

    def states(domain: int, real: Tensor) -> dict[str, Tensor]:
        def search(image: Tensor) -> Tensor:
            return inversion.latent(ema.average, image, domain)

        pair = ema(latents().of(domain, real, search)).chunk(2, dim=1)
        return {"translated": pair[1 - domain], "reconstructed": pair[domain]}

    return partial(states, 0), partial(states, 1)


def latents_file(run: Run) -> Path:
    """The file of the latents that a process found with the weights of this step."""
    return run.out / "latents" / f"{run.step:08d}-{PartialState().process_index}.safetensors"
