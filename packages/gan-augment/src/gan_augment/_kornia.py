"""kornia's augmentations under this package's probability, pairs and range."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_augment._draws import Dice
from gan_augment._images import check_images, widen
from gan_augment._probability import checked


class KorniaDraws(NamedTuple):
    """What was drawn for a batch, one of each for every operator.

    Attributes:
        parameters: kornia's own; None where the operator is left out.
        happens: (N,) bool, by this package's probability; kornia's own is among the parameters.
        moves: whether the operator moves or hides pixels.
    """

    parameters: tuple[dict[str, Tensor] | None, ...]
    happens: tuple[Tensor, ...]
    moves: tuple[bool, ...]

    def spatial(self) -> "KorniaDraws":
        """Only what moves or hides pixels, for the other image of a pair."""
        kept = zip(self.parameters, self.moves, strict=True)
        return self._replace(parameters=tuple(own if moves else None for own, moves in kept))


class KorniaAugment(nn.Module):
    """Any of kornia's augmentations, one after the other, as an augmentation of this package.

    For what the papers' pipelines don't have: blurs, shadows, JPEG, elastic deformation. kornia computes on
    images in [0, 1], and many of its operators clip: values outside [-1, 1] then get no gradient. Some have
    none at all (posterize, equalize, CLAHE) and are of no use in training a generator.

    An operator happens to an image if this `p` and the operator's own `p` both say so.

    Args:
        *operators: augmentations of `kornia.augmentation` for images, which keep the size.
        p: this package's probability, in [0, 1].

    Attributes:
        p: a scalar buffer, read where it is. `set_probability` changes it.

    Raises:
        TypeError: an operator is not such.
        ValueError: `p` is outside [0, 1].
    """

    p: Tensor

    def __init__(self, *operators: nn.Module, p: float = 1.0) -> None:
        super().__init__()
        # Not before they are needed: kornia takes a second to import.
        from kornia.augmentation import AugmentationBase2D, IntensityAugmentationBase2D, RandomErasing

        for operator in operators:
            if not isinstance(operator, AugmentationBase2D):
                raise TypeError(
                    f"expected augmentations of images, such as kornia's RandomAffine(10.0); got {operator!r}"
                )
        self.register_buffer("p", torch.tensor(checked(p)))
        self._operators = nn.ModuleList(operators)
        self._moves = tuple(
            isinstance(operator, RandomErasing) or not isinstance(operator, IntensityAugmentationBase2D)
            for operator in operators
        )

    def forward(
        self, images: Tensor, draws: KorniaDraws | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw for each image, unless `draws` are given, and apply what was drawn.

        Args:
            images: (N, C, H, W) in [-1, 1].
            draws: what `draw` gave for images of the same shape.
            generator: source of the draws; torch's default one if absent.

        Returns:
            Of the images' shape and dtype. Half precision is computed in float32.

        Raises:
            ValueError: the images are not such, or an operator changes their size.
        """
        check_images(images)
        if draws is None:
            draws = self.draw(images, generator=generator)
        wide = (widen(images) + 1) / 2
        with torch.autocast(images.device.type, enabled=False):
            for operator, own, happens in zip(self._operators, draws.parameters, draws.happens, strict=True):
                if own is not None:
                    changed = operator(wide, params=own)
                    _check_size(operator, wide, changed)
                    wide = torch.where(happens.view(-1, 1, 1, 1), changed, wide)
        return (wide * 2 - 1).to(images.dtype)

    @torch.no_grad()
    def draw(self, images: Tensor, *, generator: torch.Generator | None = None) -> KorniaDraws:
        """Draw once for each of `images`, of which only the shape and the device count."""
        check_images(images)
        dice = Dice(len(images), images.device, generator)
        happens = tuple(dice.happens(self.p) for _ in self._operators)
        with nullcontext() if generator is None else _seeded_by(generator, images.device):
            parameters = tuple(
                operator.forward_parameters(images.shape)  # type: ignore[operator]
                for operator in self._operators
            )
        return KorniaDraws(parameters, happens, self._moves)


@contextmanager
def _seeded_by(generator: torch.Generator, device: torch.device) -> Iterator[None]:
    """Seed torch's default generators, which kornia draws from, by another one for a while."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator, device=generator.device)))
        yield


def _check_size(operator: nn.Module, before: Tensor, after: Tensor) -> None:
    if after.shape != before.shape:
        raise ValueError(
            f"expected operators that keep the images' size; {type(operator).__name__} made "
            f"{tuple(after.shape)} of {tuple(before.shape)}; resize or crop in the data instead"
        )
