"""DiffAugment: colour, translation and cutout on everything that the discriminator sees."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_augment._color import adjust_color
from gan_augment._draws import Dice
from gan_augment._images import check_images
from gan_augment._names import chosen
from gan_augment._place import cutout, cutout_size, flip, translate
from gan_augment._probability import checked
from gan_augment._strength import checked_strength

STEPS = ("color", "translation", "cutout", "flip")


class DiffAugmentDraws(NamedTuple):
    """What was drawn for a batch, (N,) each; None where a step is left out.

    Attributes:
        color: what brightness adds, and the factors of saturation and contrast.
        translation: pixels that the picture moves up, and to the left.
        cutout: middle row and middle column of the rectangle.
        flip: whether the image is mirrored, bool.
    """

    color: tuple[Tensor, Tensor, Tensor] | None = None
    translation: tuple[Tensor, Tensor] | None = None
    cutout: tuple[Tensor, Tensor] | None = None
    flip: Tensor | None = None

    def spatial(self) -> "DiffAugmentDraws":
        """Only what moves or hides pixels, for the other image of a pair."""
        return self._replace(color=None)


class DiffAugment(nn.Module):
    """Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3.3.

    Each image gets draws of its own. Show real and generated images to the discriminator through the same
    object: it draws anew each time.

    Args:
        policy: steps in their order, divided by commas: "color" (brightness, saturation and contrast),
            "translation" and "cutout" are the paper's; "flip" mirrors left to right with probability 1/2.
        p: probability with which a step happens to an image, in [0, 1]; 1 in the paper.
        always: steps of the policy that happen to every image whatever `p` is.
        brightness: largest shift, for images in [-1, 1].
        saturation: largest distance of the factor from 1.
        contrast: likewise.
        translation: largest shift, as a share of the image's side.
        cutout: the rectangle's sides, as a share of the image's; 0.2 in Projected GAN.

    Attributes:
        p: a scalar buffer, read where it is. `set_probability` changes it; nothing is compiled anew.

    Raises:
        ValueError: a step is unknown or there twice, `p`, `translation` or `cutout` is outside [0, 1], or
            another strength is negative or no finite number.
    """

    p: Tensor

    def __init__(
        self,
        policy: str = "color,translation,cutout",
        *,
        p: float = 1.0,
        always: str = "",
        brightness: float = 0.5,
        saturation: float = 1.0,
        contrast: float = 0.5,
        translation: float = 0.125,
        cutout: float = 0.5,
    ) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(checked(p)))
        self._steps = chosen(policy, STEPS, "steps of the policy")
        self._always = chosen(always, self._steps, "steps that always happen")
        self._brightness = checked_strength(brightness, "brightness")
        self._saturation = checked_strength(saturation, "saturation")
        self._contrast = checked_strength(contrast, "contrast")
        self._translation = checked(translation, "translation as a share of the side")
        self._cutout = checked(cutout, "cutout as a share of the side")

    def forward(
        self,
        images: Tensor,
        draws: DiffAugmentDraws | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw for each image, unless `draws` are given, and apply what was drawn.

        Args:
            images: (N, C, H, W) in [-1, 1].
            draws: what `draw` gave for images of the same size, or what was written down by hand.
            generator: source of the draws; torch's default one if absent. Its device may differ.

        Returns:
            Of the images' shape and dtype. Colours of half precision are computed in float32.

        Raises:
            ValueError: the images are not such, or the draws are for others.
        """
        check_images(images)
        if draws is None:
            draws = self.draw(images, generator=generator)
        for step in self._steps:
            if step == "color" and draws.color is not None:
                images = adjust_color(images, *draws.color)
            elif step == "translation" and draws.translation is not None:
                images = translate(images, *draws.translation)
            elif step == "cutout" and draws.cutout is not None:
                images = cutout(images, *draws.cutout, ratio=self._cutout)
            elif step == "flip" and draws.flip is not None:
                images = flip(images, draws.flip)
        return images

    @torch.no_grad()
    def draw(self, images: Tensor, *, generator: torch.Generator | None = None) -> DiffAugmentDraws:
        """Draw once for each of `images`, of which only the size and the device count."""
        check_images(images)
        dice = Dice(len(images), images.device, generator)
        height, width = images.shape[-2:]
        return DiffAugmentDraws(
            self._draw_color(dice) if "color" in self._steps else None,
            self._draw_translation(dice, height, width) if "translation" in self._steps else None,
            self._draw_cutout(dice, height, width) if "cutout" in self._steps else None,
            self._happens("flip", dice) & dice.happens(0.5) if "flip" in self._steps else None,
        )

    def _happens(self, step: str, dice: Dice) -> Tensor:
        return dice.happens(1.0 if step in self._always else self.p)

    def _draw_color(self, dice: Dice) -> tuple[Tensor, Tensor, Tensor]:
        happens = self._happens("color", dice)
        shift, saturation, contrast = (dice.uniform(3, low=-1) * happens.unsqueeze(1)).unbind(1)
        return shift * self._brightness, 1 + saturation * self._saturation, 1 + contrast * self._contrast

    def _draw_translation(self, dice: Dice, height: int, width: int) -> tuple[Tensor, Tensor]:
        happens = self._happens("translation", dice)
        down, right = (int(length * self._translation + 0.5) for length in (height, width))
        rows, columns = dice.integer(low=-down, high=down), dice.integer(low=-right, high=right)
        return torch.where(happens, rows, 0), torch.where(happens, columns, 0)

    def _draw_cutout(self, dice: Dice, height: int, width: int) -> tuple[Tensor, Tensor]:
        happens = self._happens("cutout", dice)
        # An even rectangle may lie around any line between pixels, both borders included.
        last_row, last_column = (length - cutout_size(length, self._cutout) % 2 for length in (height, width))
        rows, columns = dice.integer(low=0, high=last_row), dice.integer(low=0, high=last_column)
        return torch.where(happens, rows, -height), columns
