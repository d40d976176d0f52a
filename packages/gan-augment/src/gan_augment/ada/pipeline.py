"""The augmentation pipeline of StyleGAN2-ADA."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gan_augment.ada._sampling import ADASampler
from gan_augment.ada.color import mix_colors
from gan_augment.ada.cutout import blank
from gan_augment.ada.image_filter import amplify_bands
from gan_augment.ada.parameters import BLIT, COLOR, GEOMETRY, TRANSFORMS, ADAParameters, ADAStrengths
from gan_augment.ada.warp import warp
from gan_augment.base.images import check_images, widen
from gan_augment.base.names import parse_names
from gan_augment.base.ranges import check_fraction
from gan_augment.base.sampler import Sampler

GROUPS: Mapping[str, tuple[str, ...]] = {
    "blit": BLIT,
    "geometry": GEOMETRY,
    "color": COLOR,
    **{name: (name,) for name in TRANSFORMS},
}
# The paper's sets (figure 4), by their initials: c is color after g, and cutout after n.
PRESETS = {
    "b": "blit",
    "bg": "blit,geometry",
    "bgc": "blit,geometry,color",
    "bgcf": "blit,geometry,color,filter",
    "bgcfn": "blit,geometry,color,filter,noise",
    "bgcfnc": "blit,geometry,color,filter,noise,cutout",
}


class ADA(nn.Module):
    """The augmentations of Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data".

    Every transform is applied to every image with probability `p`, independently of the others. All
    transforms that move pixels are one resampling without aliasing (`warp`), and all that change colors are
    one product (`mix_colors`). If the set has any transform that moves pixels, the resampling always runs.

    Parameters are newly sampled at each call. Pass real and generated images to the discriminator through the
    same object.

    Args:
        transforms: one of the paper's sets, "b", "bg", "bgc" (its choice), "bgcf", "bgcfn" and "bgcfnc"; or
            names divided by commas: of the groups "blit", "geometry" and "color", of the single transforms
            "x_flip", "quarter_turns", "integer_translation", "scale", "rotation", "stretch",
            "fractional_translation", "brightness", "contrast", "luma_flip", "hue", "saturation", "filter",
            "noise" and "cutout".
        p: the probability, in [0, 1]. The paper starts at 0 and adapts it, as `Adaptive` does.
        multipliers: factors of the probability by the name of a transform in use; 1 if absent.
        strengths: how strong the transforms are.

    Attributes:
        p: a scalar buffer, read on its device. `set_probability` changes it without recompiling.

    Raises:
        ValueError: a name is unknown; `p` is outside [0, 1]; a multiplier is negative, infinite or NaN, or
            belongs to a transform that is not in use.

    Examples:
        >>> augment = ADA("bgc", p=0.2)
        >>> augment(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
        >>> augment.p
        tensor(0.2000)
    """

    p: Tensor

    def __init__(
        self,
        transforms: str = "bgc",
        *,
        p: float = 0.0,
        multipliers: Mapping[str, float] | None = None,
        strengths: ADAStrengths | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(check_fraction(p)))
        names = parse_names(PRESETS.get(transforms, transforms), tuple(GROUPS), "transforms")
        self._multipliers = {transform: 1.0 for name in names for transform in GROUPS[name]}
        for transform, multiplier in (multipliers or {}).items():
            if transform not in self._multipliers or not 0 <= multiplier < math.inf:
                raise ValueError(
                    f"expected finite multipliers of at least 0 for transforms of {transforms!r}; got "
                    f"{transform!r}: {multiplier}; choose among {', '.join(self._multipliers)}"
                )
            self._multipliers[transform] = multiplier
        self._strengths = strengths or ADAStrengths()

    def forward(
        self,
        images: Tensor,
        parameters: ADAParameters | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Augment each image, with newly sampled parameters unless `parameters` are given.

        Args:
            images: (N, C, H, W) in [-1, 1]; C is 1 or 3 with color transforms, and H and W are at least 2
                where pixels are moved or filtered.
            parameters: the result of `sample` for images of the same size, or values of your own.
            generator: source of the samples; torch's default one if absent. Its device may differ.

        Returns:
            Of the images' shape and dtype. Half precision is computed in float32.

        Raises:
            ValueError: the images are not such a tensor, or the parameters belong to another batch.
        """
        if parameters is None:
            parameters = self.sample(images, generator=generator)
        check_images(images)
        wide = widen(images)
        with torch.autocast(images.device.type, enabled=False):
            if parameters.geometry is not None:
                wide = warp(wide, parameters.geometry.matrix(*images.shape[-2:]))
            if parameters.color is not None:
                wide = mix_colors(wide, parameters.color.matrix())
            if parameters.gains is not None:
                wide = amplify_bands(wide, parameters.gains)
            if parameters.noise is not None:
                wide = _add(wide, parameters.noise)
            if parameters.cutout is not None:
                wide = blank(wide, parameters.cutout, self._strengths.cutout)
        return wide.to(images.dtype)

    @torch.no_grad()
    def sample(self, images: Tensor, *, generator: torch.Generator | None = None) -> ADAParameters:
        """Sample parameters for each of `images`, of which only the shape and the device are used."""
        check_images(images)
        numbers = Sampler(len(images), images.device, generator)
        sampler = ADASampler(numbers, self.p, self._multipliers, self._strengths)
        return ADAParameters(
            sampler.geometry() if self._uses(*BLIT, *GEOMETRY) else None,
            sampler.color() if self._uses(*COLOR) else None,
            sampler.gains() if self._uses("filter") else None,
            sampler.noise(*images.shape[1:]) if self._uses("noise") else None,
            sampler.cutout() if self._uses("cutout") else None,
        )

    def _uses(self, *transforms: str) -> bool:
        return any(transform in self._multipliers for transform in transforms)


def _add(images: Tensor, noise: Tensor) -> Tensor:
    if noise.shape != images.shape:
        raise ValueError(
            f"expected noise of shape {tuple(images.shape)}, as the images'; got {tuple(noise.shape)}; "
            "sample parameters for the batch that you augment"
        )
    return images + noise
