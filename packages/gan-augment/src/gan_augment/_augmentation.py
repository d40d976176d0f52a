"""What the augmentations of this package have in common, for whatever takes any of them."""

from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor


class DrawsLike(Protocol):
    """What was drawn for a batch."""

    def spatial(self) -> Self:
        """Only what moves or hides pixels, not what changes their colours."""
        ...


Draws = TypeVar("Draws", bound=DrawsLike)


class Augmentation(Protocol[Draws]):
    """Draws for each image of a batch, and applies what was drawn."""

    @property
    def p(self) -> Tensor:
        """The probability, a scalar tensor that is changed in place."""
        ...

    def draw(self, images: Tensor, *, generator: torch.Generator | None = None) -> Draws:
        """Draw once for each of `images`, of which only the shape and the device count."""
        ...

    def __call__(
        self, images: Tensor, draws: Draws | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Apply `draws`, or fresh ones if there are none."""
        ...
