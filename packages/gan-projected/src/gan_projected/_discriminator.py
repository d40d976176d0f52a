"""The discriminator of Projected GAN: heads that learn, on features that do not."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_projected._heads import MultiScaleHeads
from gan_projected._projector import Projector
from gan_projected._resize import Resize, check_rule, resized


class ProjectedDiscriminator(nn.Module):
    """Real or fake at four scales of a pretrained network's features, for pictures of any generator.

    (N, 3, H, W) RGB in [-1, 1] to a list of logits (N, 1, H', W'), one for each scale, finest first: 4x4 each
    for pictures of 224x224. The official code takes the mean over all of them together, as
    `torch.cat([x.flatten(1) for x in logits], 1)` does; losses that add up the scales' means give four times
    that, which is all one to Adam.

    Sauer et al., "Projected GANs Converge Faster" (2021), section 3. Only the heads have
    parameters. Pictures without a gradient keep no activations in the projector, so that real ones cost one
    forward pass of it and no memory.

    A conditional discriminator for pairs gets condition and picture side by side in the channels, the
    picture last. The condition, grey or RGB in [-1, 1], goes through the same projector, and each head sees
    the features of both. That is this package's; the paper has classes only.

    Args:
        projector: the frozen features; it is not copied.
        widths: channels within the heads at strides 4, 8, 16 and 32.
        separable: see `MultiScaleHeads`; the official code has it for StyleGAN2's generator, and full
            convolutions for FastGAN's.
        levels: how many of the four maps have a head, from the finest on.
        classes: how many the labels tell apart; 0 for none.
        condition_channels: of the condition, 1 or 3; 0 for none.
        resize: "official" brings pictures with a side below 224 to 224x224 and leaves others as they are
            (more of them, more logits), "paper" all; a number all to that size.

    Raises:
        ValueError: an argument out of its range; in `forward`, pictures or labels that do not fit.
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
                f"expected condition_channels 0, 1 (grey) or 3 (RGB); got {condition_channels}; draw other "
                "conditions as RGB pictures, which is what the feature network knows"
            )
        if levels not in (1, 2, 3, 4):
            raise ValueError(f"expected 1 to 4 levels; got {levels}")
        self.projector = projector
        self.condition_channels = condition_channels
        self.resize: Resize = resize
        pictures = 2 if condition_channels else 1
        self.heads = MultiScaleHeads(
            [pictures * channels for channels in projector.channels[:levels]],
            projector.strides[:levels],
            widths=widths,
            separable=separable,
            classes=classes,
        ).float()  # as the features, whatever torch's default
        self.levels = levels

    def forward(self, x: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """Logits at each scale.

        Args:
            x: (N, condition_channels + 3, H, W) in [-1, 1], the picture last.
            labels: (N,) integers from 0 to classes - 1, of any integer dtype, with `classes`.

        Returns:
            (N, 1, H', W') for each level; H' is a 32nd of the height at which the projector sees the
            picture, less 3.
        """
        expected = self.condition_channels + 3
        if x.ndim != 4 or x.shape[1] != expected or not x.is_floating_point():
            raise ValueError(
                f"ProjectedDiscriminator expected floating-point pictures (N, {expected}, H, W) in [-1, 1]; "
                f"got {tuple(x.shape)} of {x.dtype}; put the condition's channels before the picture's"
            )
        features = self._features(x[:, self.condition_channels :])
        if self.condition_channels:
            condition = x[:, : self.condition_channels].expand(-1, 3, -1, -1)
            pairs = zip(self._features(condition), features, strict=True)
            features = [torch.cat(pair, dim=1) for pair in pairs]
        return self.heads(features, labels)

    def _features(self, picture: Tensor) -> list[Tensor]:
        return self.projector(resized(picture, self.resize))[: self.levels]
