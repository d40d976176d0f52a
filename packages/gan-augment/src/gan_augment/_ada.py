"""The augmentation pipeline of StyleGAN2-ADA."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gan_augment._ada_draws import BLIT, COLOR, GEOMETRY, TRANSFORMS, ADADrawer, ADADraws, ADAStrengths
from gan_augment._bands import amplify_bands
from gan_augment._draws import Dice
from gan_augment._images import check_images, widen
from gan_augment._mix_colors import mix_colors
from gan_augment._names import chosen
from gan_augment._place import blank
from gan_augment._probability import checked
from gan_augment._warp import warp

GROUPS: Mapping[str, tuple[str, ...]] = {
    "blit": BLIT,
    "geometry": GEOMETRY,
    "color": COLOR,
    **{name: (name,) for name in TRANSFORMS},
}
# The paper's sets (figure 4), by their initials: c is colour after g, and cutout after n.
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

    Every transform happens to every image with probability `p`, each drawn on its own. All that move pixels
    are one resampling, without aliasing (`warp`), and all that change colours are one product (`mix_colors`).
    A resampling takes place whatever is drawn, if the set has any transform that moves pixels.

    Show real and generated images to the discriminator through the same object: it draws anew each time.

    Args:
        transforms: one of the paper's sets, "b", "bg", "bgc" (its choice), "bgcf", "bgcfn" and "bgcfnc"; or
            names divided by commas: of the groups "blit", "geometry" and "color", of the single transforms
            "x_flip", "quarter_turns", "integer_translation", "scale", "rotation", "stretch",
            "fractional_translation", "brightness", "contrast", "luma_flip", "hue", "saturation", "filter",
            "noise" and "cutout".
        p: the probability, in [0, 1]. The paper starts at 0 and adapts it, which `Adaptive` does.
        multipliers: by the name of a transform in use, what its probability is multiplied by; 1 if absent.
        strengths: how strong the transforms are.

    Attributes:
        p: a scalar buffer, read where it is. `set_probability` changes it; nothing is compiled anew.

    Raises:
        ValueError: a name is unknown, `p` is outside [0, 1], or a multiplier is negative, not finite or of no
            transform.
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
        self.register_buffer("p", torch.tensor(checked(p)))
        names = chosen(PRESETS.get(transforms, transforms), tuple(GROUPS), "transforms")
        self._multipliers = {transform: 1.0 for name in names for transform in GROUPS[name]}
        for transform, multiplier in (multipliers or {}).items():
            if transform not in self._multipliers or not 0 <= multiplier < math.inf:
                raise ValueError(
                    f"expected finite multipliers from 0 on for transforms of {transforms!r}; got "
                    f"{transform!r}: {multiplier}; choose among {', '.join(self._multipliers)}"
                )
            self._multipliers[transform] = multiplier
        self._strengths = strengths or ADAStrengths()

    def forward(
        self, images: Tensor, draws: ADADraws | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw for each image, unless `draws` are given, and apply what was drawn.

        Args:
            images: (N, C, H, W) in [-1, 1]; C is 1 or 3 with colour transforms, and H and W are at least 2
                where pixels move or are filtered.
            draws: what `draw` gave for images of the same size, or what was written down by hand.
            generator: source of the draws; torch's default one if absent. Its device may differ.

        Returns:
            Of the images' shape and dtype. Half precision is computed in float32.

        Raises:
            ValueError: the images are not such, or the draws are for others.
        """
        if draws is None:
            draws = self.draw(images, generator=generator)
        check_images(images)
        wide = widen(images)
        with torch.autocast(images.device.type, enabled=False):
            if draws.geometry is not None:
                wide = warp(wide, draws.geometry.matrix(*images.shape[-2:]))
            if draws.color is not None:
                wide = mix_colors(wide, draws.color.matrix())
            if draws.gains is not None:
                wide = amplify_bands(wide, draws.gains)
            if draws.noise is not None:
                wide = _add(wide, draws.noise)
            if draws.cutout is not None:
                wide = blank(wide, draws.cutout, self._strengths.cutout)
        return wide.to(images.dtype)

    @torch.no_grad()
    def draw(self, images: Tensor, *, generator: torch.Generator | None = None) -> ADADraws:
        """Draw once for each of `images`, of which only the shape and the device count."""
        check_images(images)
        dice = Dice(len(images), images.device, generator)
        drawer = ADADrawer(dice, self.p, self._multipliers, self._strengths)
        return ADADraws(
            drawer.geometry() if self._uses(*BLIT, *GEOMETRY) else None,
            drawer.color() if self._uses(*COLOR) else None,
            drawer.gains() if self._uses("filter") else None,
            drawer.noise(*images.shape[1:]) if self._uses("noise") else None,
            drawer.cutout() if self._uses("cutout") else None,
        )

    def _uses(self, *transforms: str) -> bool:
        return any(transform in self._multipliers for transform in transforms)


def _add(images: Tensor, noise: Tensor) -> Tensor:
    if noise.shape != images.shape:
        raise ValueError(
            f"expected noise of shape {tuple(images.shape)}, as the images'; got {tuple(noise.shape)}; "
            "draw for the batch that you augment"
        )
    return images + noise
