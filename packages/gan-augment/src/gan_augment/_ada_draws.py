"""What ADA draws for each image, with which probability and how strong."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_augment._draws import Dice
from gan_augment._geometry import Geometry
from gan_augment._mix_colors import Color
from gan_augment._strength import checked_strength

BLIT = ("x_flip", "quarter_turns", "integer_translation")
GEOMETRY = ("scale", "rotation", "stretch", "fractional_translation")
COLOR = ("brightness", "contrast", "luma_flip", "hue", "saturation")
TRANSFORMS = (*BLIT, *GEOMETRY, *COLOR, "filter", "noise", "cutout")
# The share of natural images' power in each octave, lowest first: it falls as the frequency rises.
_EXPECTED_POWER = torch.tensor([10.0, 1.0, 1.0, 1.0]) / 13


@dataclass(frozen=True)
class ADAStrengths:
    """How strong the transforms are where they happen; the defaults are the paper's (appendix B).

    Attributes:
        integer_translation: largest shift, as a share of the image's side.
        scale: standard deviation of the factor's binary logarithm.
        rotation: largest angle, as a share of 180 degrees.
        stretch: standard deviation of the factor's binary logarithm.
        fractional_translation: standard deviation of the shift, as a share of the image's side.
        brightness: standard deviation of what is added, for images in [-1, 1].
        contrast: standard deviation of the factor's binary logarithm.
        hue: largest angle, as a share of 180 degrees.
        saturation: standard deviation of the factor's binary logarithm.
        filter: standard deviation of the binary logarithm of an octave's gain.
        noise: standard deviation of the noise's own standard deviation, for images in [-1, 1].
        cutout: the rectangle's sides, as a share of the image's.

    Raises:
        ValueError: one is negative or no finite number.
    """

    integer_translation: float = 0.125
    scale: float = 0.2
    rotation: float = 1.0
    stretch: float = 0.2
    fractional_translation: float = 0.125
    brightness: float = 0.2
    contrast: float = 0.5
    hue: float = 1.0
    saturation: float = 1.0
    filter: float = 1.0
    noise: float = 0.1
    cutout: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            checked_strength(value, name)


class ADADraws(NamedTuple):
    """What was drawn for a batch; None where no transform of the kind is in use.

    Attributes:
        geometry: the blits and geometric transforms.
        color: the colour transforms.
        gains: (N, 4) of the octaves, lowest first.
        noise: (N, C, H, W) to add.
        cutout: (N, 2) the rectangles' middles, from the left and the top, in shares of width and height.
    """

    geometry: Geometry | None = None
    color: Color | None = None
    gains: Tensor | None = None
    noise: Tensor | None = None
    cutout: Tensor | None = None

    def spatial(self) -> "ADADraws":
        """Only what moves or hides pixels, for the other image of a pair."""
        return ADADraws(geometry=self.geometry, cutout=self.cutout)


class ADADrawer:
    """One call's draws, each transform with `p` times its own multiplier.

    Args:
        dice: where the numbers come from.
        p: the pipeline's probability, a scalar tensor.
        multipliers: the transforms in use, and what their probabilities are multiplied by.
        strengths: how strong they are.
    """

    def __init__(
        self, dice: Dice, p: Tensor, multipliers: Mapping[str, float], strengths: ADAStrengths
    ) -> None:
        self._dice = dice
        self._p = p
        self._multipliers = multipliers
        self._strengths = strengths

    def geometry(self) -> Geometry:
        """Neutral numbers where a transform is not in use or does not happen."""
        dice, strengths = self._dice, self._strengths
        neutral = Geometry.neutral(dice.count, dice.device)
        step = strengths.integer_translation
        # Two rotations share the probability: that one of them or both happen is p.
        each = 1 - (1 - self._chance("rotation")).clamp(min=0).sqrt()
        return Geometry(
            self._maybe("x_flip", lambda: dice.integer(low=0, high=1), neutral.x_flip),
            self._maybe("quarter_turns", lambda: dice.integer(low=0, high=3), neutral.quarter_turns),
            self._maybe(
                "integer_translation",
                lambda: dice.uniform(2, low=-step, high=step),
                neutral.integer_translation,
            ),
            self._maybe("scale", lambda: self._factor(strengths.scale), neutral.scale),
            self._maybe("rotation", lambda: self._angle(strengths.rotation), neutral.rotation_before, each),
            self._maybe("stretch", lambda: self._factor(strengths.stretch), neutral.stretch),
            self._maybe("rotation", lambda: self._angle(strengths.rotation), neutral.rotation_after, each),
            self._maybe(
                "fractional_translation",
                lambda: dice.normal(2) * strengths.fractional_translation,
                neutral.fractional_translation,
            ),
        )

    def color(self) -> Color:
        """As `geometry`."""
        dice, strengths = self._dice, self._strengths
        neutral = Color.neutral(dice.count, dice.device)
        return Color(
            self._maybe("brightness", lambda: dice.normal() * strengths.brightness, neutral.brightness),
            self._maybe("contrast", lambda: self._factor(strengths.contrast), neutral.contrast),
            self._maybe("luma_flip", lambda: dice.integer(low=0, high=1), neutral.luma_flip),
            self._maybe("hue", lambda: self._angle(strengths.hue), neutral.hue),
            self._maybe("saturation", lambda: self._factor(strengths.saturation), neutral.saturation),
        )

    def gains(self) -> Tensor:
        """(N, 4): one octave after the other is amplified, and the expected power kept each time."""
        one = torch.ones(self._dice.count, device=self._dice.device)
        power = _EXPECTED_POWER.to(one.device)
        gains = torch.ones(len(one), len(power), device=one.device)
        for octave in torch.eye(len(power), device=one.device):
            factor = self._maybe("filter", lambda: self._factor(self._strengths.filter), one)
            step = 1 + (factor - 1).unsqueeze(1) * octave  # the factor in this octave, 1 in the others
            gains = gains * step / (power * step.square()).sum(1, keepdim=True).sqrt()
        return gains

    def noise(self, channels: int, height: int, width: int) -> Tensor:
        """(N, C, H, W): normal noise, the absolute value of a normal draw its standard deviation."""
        none = torch.zeros(self._dice.count, device=self._dice.device)
        deviation = self._maybe("noise", lambda: self._dice.normal().abs() * self._strengths.noise, none)
        return deviation.view(-1, 1, 1, 1) * self._dice.normal(channels, height, width)

    def cutout(self) -> Tensor:
        """(N, 2), far outside where nothing is cut."""
        outside = torch.full((self._dice.count, 2), -1.0, device=self._dice.device)
        return self._maybe("cutout", lambda: self._dice.uniform(2), outside)

    def _chance(self, transform: str) -> Tensor:
        return self._p * self._multipliers.get(transform, 0.0)

    def _maybe(
        self, transform: str, draw: Callable[[], Tensor], neutral: Tensor, chance: Tensor | None = None
    ) -> Tensor:
        if transform not in self._multipliers:
            return neutral
        happens = self._dice.happens(self._chance(transform) if chance is None else chance)
        return torch.where(happens.view(-1, *[1] * (neutral.ndim - 1)), draw().to(neutral), neutral)

    def _angle(self, share: float) -> Tensor:
        return self._dice.uniform(low=-math.pi * share, high=math.pi * share)

    def _factor(self, deviation: float) -> Tensor:
        return torch.exp2(self._dice.normal() * deviation)
