"""The protocol that every augmentation of this package follows."""

from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor


class Parameters(Protocol):
    """The parameters sampled for a batch."""

    def spatial(self) -> Self:
        """Only the parameters that move or hide pixels, without those that change their colors."""
        ...


ParametersT = TypeVar("ParametersT", bound=Parameters)


class Augmentation(Protocol[ParametersT]):
    """Samples parameters for each image of a batch, and applies them.

    Examples:
        >>> augment: Augmentation = DiffAugment("translation,cutout")
        >>> images = torch.rand(2, 3, 16, 16)
        >>> parameters = augment.sample(images)
        >>> torch.equal(augment(images, parameters), augment(images, parameters))
        True
    """

    @property
    def p(self) -> Tensor:
        """The probability, a scalar tensor that is changed in place."""
        ...

    def sample(self, images: Tensor, *, generator: torch.Generator | None = None) -> ParametersT:
        """Sample parameters for each of `images`, of which only the shape and the device are used."""
        ...

    def __call__(
        self,
        images: Tensor,
        parameters: ParametersT | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Apply `parameters`, or newly sampled ones if there are none."""
        ...
