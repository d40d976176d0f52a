"""The discriminator of Projected GAN: trainable heads on frozen features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_projected._heads import MultiScaleHeads
from gan_projected._projector import Projector
from gan_projected._resize import Resize, check_rule, resized


class ProjectedDiscriminator(nn.Module):
    """Logits at four scales of a pretrained network's features, for images of any generator.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3. (N, 3, H, W) RGB in [-1, 1] to a list of
    logits (N, 1, H', W'), one for each scale, finest first: 4x4 each for images of 224x224. The official code
    takes the mean over all of them, as `torch.cat([x.flatten(1) for x in logits], 1)` does. Losses that sum
    the scales' means are four times as large, which makes no difference with Adam.

    Only the heads have parameters. Images without gradients store no activations in the projector, so real
    images cost one forward pass of it and no memory.

    A conditional discriminator for pairs receives condition and image concatenated in the channels, the image
    last. The condition, gray or RGB in [-1, 1], passes through the same projector, and each head receives the
    features of both. This is an extension; the paper has only classes.

    Args:
        projector: the frozen features; it is not copied.
        widths: channels within the heads at strides 4, 8, 16 and 32.
        separable: see `MultiScaleHeads`; the official code uses it with StyleGAN2's generator, and full
            convolutions with FastGAN's.
        levels: number of the four maps that have a head, from the finest on.
        classes: number of classes; 0 for none.
        condition_channels: channels of the condition, 1 or 3; 0 for none.
        resize: "official" resizes images with a side below 224 to 224x224 and keeps others (larger images
            have more logits); "paper" resizes all of them to 224x224, a number to that size.

    Raises:
        ValueError: an argument is out of its range; in `forward`, images or labels do not match.

    Examples:
        >>> projector = Projector(Backbone(weights="random"), channels=(8, 8, 8, 8))
        >>> d = ProjectedDiscriminator(projector, widths=(8, 8, 8, 8), resize=128)
        >>> [tuple(logits.shape) for logits in d(torch.zeros(2, 3, 64, 64))]
        [(2, 1, 1, 1), (2, 1, 1, 1), (2, 1, 1, 1), (2, 1, 1, 1)]
    """

    def __init__(
        self,
        projector: Projector,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        separable: bool = False,
        levels: int = 4,
        classes: int = 0,
        condition_channels: int = 0,
        resize: Resize = "official",
    ) -> None:
        super().__init__()
        check_rule(resize)
        if condition_channels not in (0, 1, 3):
            raise ValueError(
                f"expected condition_channels 0, 1 (gray) or 3 (RGB); got {condition_channels}; convert "
                "conditions to RGB images, as the feature network expects"
            )
        if levels not in (1, 2, 3, 4):
            raise ValueError(f"expected 1 to 4 levels; got {levels}")
        self.projector = projector
        self.condition_channels = condition_channels
        self.resize: Resize = resize
        images = 2 if condition_channels else 1
        self.heads = MultiScaleHeads(
            [images * channels for channels in projector.channels[:levels]],
            projector.strides[:levels],
            widths=widths,
            separable=separable,
            classes=classes,
        ).float()  # like the features, independent of torch's default dtype
        self.levels = levels

    def forward(self, x: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """Logits at each scale.

        Args:
            x: (N, condition_channels + 3, H, W) in [-1, 1], the image last.
            labels: (N,) integers from 0 to classes - 1, of any integer dtype, if there are classes.

        Returns:
            (N, 1, H', W') for each level, where H' is the resized height / 32 - 3.
        """
        return self.heads(self.features(x), labels)

    def features(self, x: Tensor) -> list[Tensor]:
        """The inputs of the heads, finest first.

        A penalty on the gradient of the logits can be computed here, without the pretrained network (Sauer et
        al. 2023, "Adversarial Diffusion Distillation", equation 3).

        Args:
            x: as in `forward`.

        Returns:
            (N, C, H / s, W / s) for each level, where C and s are the projector's channels and strides; with
            a condition twice the channels.

        Raises:
            ValueError: the images have another shape or are not floating point.
        """
        expected = self.condition_channels + 3
        if x.ndim != 4 or x.shape[1] != expected or not x.is_floating_point():
            raise ValueError(
                f"ProjectedDiscriminator expects floating-point images (N, {expected}, H, W) in [-1, 1]; got "
                f"{tuple(x.shape)} of {x.dtype}; put the condition's channels before the image's"
            )
        features = self._projected(x[:, self.condition_channels :])
        if self.condition_channels:
            condition = x[:, : self.condition_channels].expand(-1, 3, -1, -1)
            pairs = zip(self._projected(condition), features, strict=True)
            features = [torch.cat(pair, dim=1) for pair in pairs]
        return features

    def _projected(self, images: Tensor) -> list[Tensor]:
        return self.projector(resized(images, self.resize))[: self.levels]
