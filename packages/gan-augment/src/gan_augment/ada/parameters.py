"""The parameters of ADA's transforms, and how strong the transforms are."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from gan_augment.ada.color import Color
from gan_augment.ada.geometry import Geometry
from gan_augment.base.ranges import check_strength

BLIT = ("x_flip", "quarter_turns", "integer_translation")
GEOMETRY = ("scale", "rotation", "stretch", "fractional_translation")
COLOR = ("brightness", "contrast", "luma_flip", "hue", "saturation")
TRANSFORMS = (*BLIT, *GEOMETRY, *COLOR, "filter", "noise", "cutout")


@dataclass(frozen=True)
class ADAStrengths:
    """How strong the transforms are where they are applied; the defaults are the paper's (appendix B).

    Attributes:
        integer_translation: largest shift, as a fraction of the image's side.
        scale: standard deviation of the factor's binary logarithm.
        rotation: largest angle, as a fraction of 180 degrees.
        stretch: standard deviation of the factor's binary logarithm.
        fractional_translation: standard deviation of the shift, as a fraction of the image's side.
        brightness: standard deviation of the shift, for images in [-1, 1].
        contrast: standard deviation of the factor's binary logarithm.
        hue: largest angle, as a fraction of 180 degrees.
        saturation: standard deviation of the factor's binary logarithm.
        filter: standard deviation of the binary logarithm of an octave's gain.
        noise: standard deviation of the noise's own standard deviation, for images in [-1, 1].
        cutout: the rectangle's sides, as a fraction of the image's.

    Raises:
        ValueError: a strength is negative, infinite or NaN.

    Examples:
        >>> augment = ADA("bgc", p=0.5, strengths=ADAStrengths(rotation=0.1))  # at most 18 degrees
        >>> ADAStrengths().rotation
        1.0
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
            check_strength(value, name)


class ADAParameters(NamedTuple):
    """The parameters sampled for a batch; None where no transform of the kind is in use.

    Attributes:
        geometry: pixel blitting and geometric transforms.
        color: color transforms.
        gains: (N, 4) of the octaves, lowest first.
        noise: (N, C, H, W) to add.
        cutout: (N, 2) the rectangles' centers, from the left and the top, as fractions of width and height.

    Examples:
        >>> augment = ADA("color,cutout", p=1.0)
        >>> parameters = augment.sample(torch.zeros(2, 3, 16, 16))
        >>> parameters.cutout.shape, parameters.geometry is None
        (torch.Size([2, 2]), True)
    """

    geometry: Geometry | None = None
    color: Color | None = None
    gains: Tensor | None = None
    noise: Tensor | None = None
    cutout: Tensor | None = None

    def spatial(self) -> "ADAParameters":
        """Only the parameters that move or hide pixels, for the other image of a pair."""
        return ADAParameters(geometry=self.geometry, cutout=self.cutout)
