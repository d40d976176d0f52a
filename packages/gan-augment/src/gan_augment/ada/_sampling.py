"""How ADA's parameters are sampled (Karras et al. 2020, appendix B)."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from gan_augment.ada.color import Color
from gan_augment.ada.geometry import Geometry
from gan_augment.ada.parameters import ADAStrengths
from gan_augment.base.sampler import Sampler

# The fraction of natural images' power in each octave, lowest first: it falls as the frequency rises.
_EXPECTED_POWER = torch.tensor([10.0, 1.0, 1.0, 1.0]) / 13


class ADASampler:
    """Samples the parameters of one call, each transform with `p` times its own multiplier.

    Args:
        sampler: source of the random numbers.
        p: the pipeline's probability, a scalar tensor.
        multipliers: the transforms in use, and the factors of their probabilities.
        strengths: how strong the transforms are.
    """

    def __init__(
        self, sampler: Sampler, p: Tensor, multipliers: Mapping[str, float], strengths: ADAStrengths
    ) -> None:
        self._sampler = sampler
        self._p = p
        self._multipliers = multipliers
        self._strengths = strengths

    def geometry(self) -> Geometry:
        """Parameters of blits and geometric transforms, neutral where a transform is not applied."""
        sampler, strengths = self._sampler, self._strengths
        neutral = Geometry.neutral(sampler.count, sampler.device)
        shift = strengths.integer_translation
        # The two rotations share the probability: with probability p, at least one of them is applied.
        each = 1 - (1 - self._probability("rotation")).clamp(min=0).sqrt()
        return Geometry(
            self._maybe("x_flip", lambda: sampler.integer(low=0, high=1), neutral.x_flip),
            self._maybe("quarter_turns", lambda: sampler.integer(low=0, high=3), neutral.quarter_turns),
            self._maybe(
                "integer_translation",
                lambda: sampler.uniform(2, low=-shift, high=shift),
                neutral.integer_translation,
            ),
            self._maybe("scale", lambda: self._factor(strengths.scale), neutral.scale),
            self._maybe("rotation", lambda: self._angle(strengths.rotation), neutral.rotation_before, each),
            self._maybe("stretch", lambda: self._factor(strengths.stretch), neutral.stretch),
            self._maybe("rotation", lambda: self._angle(strengths.rotation), neutral.rotation_after, each),
            self._maybe(
                "fractional_translation",
                lambda: sampler.normal(2) * strengths.fractional_translation,
                neutral.fractional_translation,
            ),
        )

    def color(self) -> Color:
        """Parameters of the color transforms, neutral where a transform is not applied."""
        sampler, strengths = self._sampler, self._strengths
        neutral = Color.neutral(sampler.count, sampler.device)
        return Color(
            self._maybe("brightness", lambda: sampler.normal() * strengths.brightness, neutral.brightness),
            self._maybe("contrast", lambda: self._factor(strengths.contrast), neutral.contrast),
            self._maybe("luma_flip", lambda: sampler.integer(low=0, high=1), neutral.luma_flip),
            self._maybe("hue", lambda: self._angle(strengths.hue), neutral.hue),
            self._maybe("saturation", lambda: self._factor(strengths.saturation), neutral.saturation),
        )

    def gains(self) -> Tensor:
        """(N, 4): octaves are amplified one after the other, and each step keeps the expected power."""
        one = torch.ones(self._sampler.count, device=self._sampler.device)
        power = _EXPECTED_POWER.to(one.device)
        gains = torch.ones(len(one), len(power), device=one.device)
        for octave in torch.eye(len(power), device=one.device):
            factor = self._maybe("filter", lambda: self._factor(self._strengths.filter), one)
            step = 1 + (factor - 1).unsqueeze(1) * octave  # the factor in this octave, 1 in the others
            gains = gains * step / (power * step.square()).sum(1, keepdim=True).sqrt()
        return gains

    def noise(self, channels: int, height: int, width: int) -> Tensor:
        """(N, C, H, W): normal noise, whose standard deviation is half-normal."""
        none = torch.zeros(self._sampler.count, device=self._sampler.device)
        deviation = self._maybe("noise", lambda: self._sampler.normal().abs() * self._strengths.noise, none)
        return deviation.view(-1, 1, 1, 1) * self._sampler.normal(channels, height, width)

    def cutout(self) -> Tensor:
        """(N, 2): the rectangle's center, infinitely far where no cutout is applied."""
        outside = torch.full((self._sampler.count, 2), torch.inf, device=self._sampler.device)
        return self._maybe("cutout", lambda: self._sampler.uniform(2), outside)

    def _probability(self, transform: str) -> Tensor:
        return self._p * self._multipliers.get(transform, 0.0)

    def _maybe(
        self, transform: str, sample: Callable[[], Tensor], neutral: Tensor, probability: Tensor | None = None
    ) -> Tensor:
        """Sampled values for the images to which the transform is applied, neutral ones for the others."""
        if transform not in self._multipliers:
            return neutral
        applies = self._sampler.bernoulli(
            self._probability(transform) if probability is None else probability
        )
        return torch.where(applies.view(-1, *[1] * (neutral.ndim - 1)), sample().to(neutral), neutral)

    def _angle(self, fraction: float) -> Tensor:
        return self._sampler.uniform(low=-math.pi * fraction, high=math.pi * fraction)

    def _factor(self, deviation: float) -> Tensor:
        return torch.exp2(self._sampler.normal() * deviation)
