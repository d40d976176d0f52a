"""DiffAugment: color, translation and cutout of every image that the discriminator receives."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_augment.base.images import check_images
from gan_augment.base.names import parse_names
from gan_augment.base.ranges import check_fraction, check_strength
from gan_augment.base.sampler import Sampler
from gan_augment.diffaugment.color import adjust_color
from gan_augment.diffaugment.shift_and_cutout import cutout, cutout_size, flip, translate

STEPS = ("color", "translation", "cutout", "flip")


class DiffAugmentParameters(NamedTuple):
    """The parameters sampled for a batch, (N,) each; None for a step that is left out.

    Attributes:
        color: the brightness to add, and the factors of saturation and contrast.
        translation: pixels by which the image moves up, and to the left.
        cutout: middle row and middle column of the rectangle.
        flip: whether the image is mirrored, bool.

    Examples:
        >>> up = DiffAugmentParameters(translation=(torch.tensor([1]), torch.tensor([0])))
        >>> DiffAugment("translation")(torch.tensor([[[[1.0], [2.0]]]]), up).flatten()
        tensor([2., 0.])
    """

    color: tuple[Tensor, Tensor, Tensor] | None = None
    translation: tuple[Tensor, Tensor] | None = None
    cutout: tuple[Tensor, Tensor] | None = None
    flip: Tensor | None = None

    def spatial(self) -> "DiffAugmentParameters":
        """Only the parameters that move or hide pixels, for the other image of a pair."""
        return self._replace(color=None)


class DiffAugment(nn.Module):
    """Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3.3.

    Each image gets its own parameters, newly sampled at each call. Pass real and generated images to the
    discriminator through the same object.

    Args:
        policy: the steps in their order, divided by commas: "color" (brightness, saturation and contrast),
            "translation" and "cutout" are the paper's; "flip" mirrors left to right with probability 1/2.
        p: the probability with which a step is applied to an image, in [0, 1]; 1 in the paper.
        always: steps of the policy that are applied to every image, independent of `p`.
        brightness: largest shift, for images in [-1, 1].
        saturation: largest difference of the factor to 1.
        contrast: likewise.
        translation: largest shift, as a fraction of the image's side.
        cutout: the rectangle's sides, as a fraction of the image's; 0.2 in Projected GAN.

    Attributes:
        p: a scalar buffer, read on its device. `set_probability` changes it without recompiling.

    Raises:
        ValueError: a step is unknown or appears twice; `p`, `translation` or `cutout` is outside [0, 1];
            another strength is negative, infinite or NaN.

    Examples:
        >>> augment = DiffAugment("color,translation,cutout")
        >>> real, fake = torch.rand(4, 3, 32, 32), torch.rand(4, 3, 32, 32, requires_grad=True)
        >>> augment(fake).sum().backward()  # the generator's gradient passes through
        >>> fake.grad.shape
        torch.Size([4, 3, 32, 32])
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
        self.register_buffer("p", torch.tensor(check_fraction(p)))
        self._steps = parse_names(policy, STEPS, "steps of the policy")
        self._always = parse_names(always, self._steps, "steps that are always applied")
        self._brightness = check_strength(brightness, "brightness")
        self._saturation = check_strength(saturation, "saturation")
        self._contrast = check_strength(contrast, "contrast")
        self._translation = check_fraction(translation, "translation as a fraction of the side")
        self._cutout = check_fraction(cutout, "cutout as a fraction of the side")

    def forward(
        self,
        images: Tensor,
        parameters: DiffAugmentParameters | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Augment each image, with newly sampled parameters unless `parameters` are given.

        Args:
            images: (N, C, H, W) in [-1, 1].
            parameters: the result of `sample` for images of the same size, or values of your own.
            generator: source of the samples; torch's default one if absent. Its device may differ.

        Returns:
            Of the images' shape and dtype. Colors of half-precision images are computed in float32.

        Raises:
            ValueError: the images are not such a tensor, or the parameters belong to another batch.
        """
        check_images(images)
        if parameters is None:
            parameters = self.sample(images, generator=generator)
        for step in self._steps:
            if step == "color" and parameters.color is not None:
                images = adjust_color(images, *parameters.color)
            elif step == "translation" and parameters.translation is not None:
                images = translate(images, *parameters.translation)
            elif step == "cutout" and parameters.cutout is not None:
                images = cutout(images, *parameters.cutout, ratio=self._cutout)
            elif step == "flip" and parameters.flip is not None:
                images = flip(images, parameters.flip)
        return images

    @torch.no_grad()
    def sample(self, images: Tensor, *, generator: torch.Generator | None = None) -> DiffAugmentParameters:
        """Sample parameters for each of `images`, of which only the shape and the device are used."""
        check_images(images)
        sampler = Sampler(len(images), images.device, generator)
        height, width = images.shape[-2:]
        return DiffAugmentParameters(
            self._sample_color(sampler) if "color" in self._steps else None,
            self._sample_translation(sampler, height, width) if "translation" in self._steps else None,
            self._sample_cutout(sampler, height, width) if "cutout" in self._steps else None,
            self._applies("flip", sampler) & sampler.bernoulli(0.5) if "flip" in self._steps else None,
        )

    def _applies(self, step: str, sampler: Sampler) -> Tensor:
        """(N,) bool: the images to which a step is applied."""
        return sampler.bernoulli(1.0 if step in self._always else self.p)

    def _sample_color(self, sampler: Sampler) -> tuple[Tensor, Tensor, Tensor]:
        applies = self._applies("color", sampler)
        shift, saturation, contrast = (sampler.uniform(3, low=-1) * applies.unsqueeze(1)).unbind(1)
        return shift * self._brightness, 1 + saturation * self._saturation, 1 + contrast * self._contrast

    def _sample_translation(self, sampler: Sampler, height: int, width: int) -> tuple[Tensor, Tensor]:
        applies = self._applies("translation", sampler)
        down, right = (int(length * self._translation + 0.5) for length in (height, width))
        rows, columns = sampler.integer(low=-down, high=down), sampler.integer(low=-right, high=right)
        return torch.where(applies, rows, 0), torch.where(applies, columns, 0)

    def _sample_cutout(self, sampler: Sampler, height: int, width: int) -> tuple[Tensor, Tensor]:
        applies = self._applies("cutout", sampler)
        # The center of an even rectangle is a line between pixels; both borders of the image are included.
        last_row, last_column = (length - cutout_size(length, self._cutout) % 2 for length in (height, width))
        rows, columns = sampler.integer(low=0, high=last_row), sampler.integer(low=0, high=last_column)
        return torch.where(applies, rows, -height), columns
