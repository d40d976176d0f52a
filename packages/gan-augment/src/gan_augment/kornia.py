"""Kornia's augmentations with this package's probability, pairs and range of values."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_augment.base.images import check_images, widen
from gan_augment.base.ranges import check_fraction
from gan_augment.base.sampler import Sampler


class KorniaParameters(NamedTuple):
    """The parameters sampled for a batch, one entry for each operator.

    Attributes:
        operators: kornia's own parameters; None where the operator is left out.
        applied: (N,) bool, sampled with this package's probability; kornia's own is in `operators`.
        is_spatial: whether the operator moves or hides pixels.

    Examples:
        >>> import kornia.augmentation
        >>> augment = KorniaAugment(kornia.augmentation.RandomErasing(p=1.0))
        >>> parameters = augment.sample(torch.zeros(2, 3, 16, 16))
        >>> parameters.applied, parameters.is_spatial
        ((tensor([True, True]),), (True,))
    """

    operators: tuple[dict[str, Tensor] | None, ...]
    applied: tuple[Tensor, ...]
    is_spatial: tuple[bool, ...]

    def spatial(self) -> "KorniaParameters":
        """Only the parameters that move or hide pixels, for the other image of a pair."""
        pairs = zip(self.operators, self.is_spatial, strict=True)
        return self._replace(operators=tuple(own if spatial else None for own, spatial in pairs))


class KorniaAugment(nn.Module):
    """Any of kornia's augmentations, one after the other, as an augmentation of this package.

    For operations that the papers' pipelines do not have: blur, shadows, JPEG, elastic deformation. Kornia
    computes on images in [0, 1], and many of its operators clip: values outside [-1, 1] then get no gradient.
    Some have no gradient at all (posterize, equalize, CLAHE) and cannot be used to train a generator.

    An operator is applied to an image with the product of this `p` and the operator's own `p`.

    Args:
        *operators: augmentations of `kornia.augmentation` for images, which keep the size.
        p: this package's probability, in [0, 1].

    Attributes:
        p: a scalar buffer, read on its device. `set_probability` changes it.

    Raises:
        TypeError: an operator is not such an augmentation.
        ValueError: `p` is outside [0, 1].

    Examples:
        >>> import kornia.augmentation
        >>> augment = KorniaAugment(kornia.augmentation.RandomGaussianBlur((3, 3), (0.5, 1.5)), p=0.5)
        >>> augment(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    p: Tensor

    def __init__(self, *operators: nn.Module, p: float = 1.0) -> None:
        super().__init__()
        # Imported here, because kornia takes a second to import.
        from kornia.augmentation import AugmentationBase2D, IntensityAugmentationBase2D, RandomErasing

        for operator in operators:
            if not isinstance(operator, AugmentationBase2D):
                raise TypeError(
                    f"expected augmentations of images, such as kornia's RandomAffine(10.0); got {operator!r}"
                )
        self.register_buffer("p", torch.tensor(check_fraction(p)))
        self._operators = nn.ModuleList(operators)
        self._is_spatial = tuple(
            isinstance(operator, RandomErasing) or not isinstance(operator, IntensityAugmentationBase2D)
            for operator in operators
        )

    def forward(
        self,
        images: Tensor,
        parameters: KorniaParameters | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Augment each image, with newly sampled parameters unless `parameters` are given.

        Args:
            images: (N, C, H, W) in [-1, 1].
            parameters: the result of `sample` for images of the same shape.
            generator: source of the samples; torch's default one if absent.

        Returns:
            Of the images' shape and dtype. Half precision is computed in float32.

        Raises:
            ValueError: the images are not such a tensor, or an operator changes their size.
        """
        check_images(images)
        if parameters is None:
            parameters = self.sample(images, generator=generator)
        wide = (widen(images) + 1) / 2
        steps = zip(self._operators, parameters.operators, parameters.applied, strict=True)
        with torch.autocast(images.device.type, enabled=False):
            for operator, own, applied in steps:
                if own is not None:
                    changed = operator(wide, params=own)
                    _check_size(operator, wide, changed)
                    wide = torch.where(applied.view(-1, 1, 1, 1), changed, wide)
        return (wide * 2 - 1).to(images.dtype)

    @torch.no_grad()
    def sample(self, images: Tensor, *, generator: torch.Generator | None = None) -> KorniaParameters:
        """Sample parameters for each of `images`, of which only the shape and the device are used."""
        check_images(images)
        sampler = Sampler(len(images), images.device, generator)
        applied = tuple(sampler.bernoulli(self.p) for _ in self._operators)
        with nullcontext() if generator is None else _seeded_by(generator, images.device):
            operators = tuple(
                operator.forward_parameters(images.shape)  # type: ignore[operator]
                for operator in self._operators
            )
        return KorniaParameters(operators, applied, self._is_spatial)


@contextmanager
def _seeded_by(generator: torch.Generator, device: torch.device) -> Generator[None]:
    """Seed torch's default generators, which kornia uses, from `generator`, and restore them afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator, device=generator.device)))
        yield


def _check_size(operator: nn.Module, before: Tensor, after: Tensor) -> None:
    if after.shape != before.shape:
        raise ValueError(
            f"expected operators that keep the images' size; {type(operator).__name__} changed "
            f"{tuple(before.shape)} to {tuple(after.shape)}; resize or crop in the data instead"
        )
