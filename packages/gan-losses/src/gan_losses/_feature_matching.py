"""Feature matching: the distance of real and generated images in the discriminator's features."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from gan_losses._perceptual import perceptual_loss


def feature_matching_loss(
    real_outputs: Sequence[Sequence[Tensor]],
    fake_outputs: Sequence[Sequence[Tensor]],
    *,
    weighting: Literal["paper", "official"] = "paper",
) -> Tensor:
    """Mean |D_k^i(real) - D_k^i(fake)| over the layers i of the discriminators k (pix2pixHD, section 3.2).

    Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs" (2018). A
    loss for the generator: the real side gets no gradient. The logits are left out, as in the official code;
    they belong to the adversarial loss. The weight (lambda = 10) belongs to the caller.

    Args:
        real_outputs: for each scale the outputs of the discriminator's layers in order, the logits last.
        fake_outputs: the same for the generated images.
        weighting: "paper" is the sum over all layers of all scales. "official" is the mean over the scales
            of 4 times the mean over a scale's layers: the sum for the 4 layers of the official discriminator,
            and equally large for any other number.

    Returns:
        A scalar. At least float32.

    Raises:
        ValueError: If the two sides differ in scales, layers or shapes, a scale has no layer besides the
            logits, or the weighting is unknown.

    Examples:
        >>> real = [[torch.ones(1, 8, 4, 4), torch.zeros(1, 1, 4, 4)]]  # one scale: a layer and the logits
        >>> fake = [[torch.zeros(1, 8, 4, 4), torch.zeros(1, 1, 4, 4)]]
        >>> feature_matching_loss(real, fake)
        tensor(1.)
    """
    if weighting not in ("paper", "official"):
        raise ValueError(f'expected weighting "paper" or "official"; got {weighting!r}; use one of the two')
    real, fake = _without_logits(real_outputs), _without_logits(fake_outputs)
    if len(real) != len(fake):
        raise ValueError(
            f"expected real and fake outputs at equally many scales; got {len(real)} and {len(fake)}; "
            "take both from the same discriminator"
        )
    # A perceptual loss, with the discriminator as its feature extractor.
    scales = [perceptual_loss(*sides) for sides in zip(fake, real, strict=True)]
    if weighting == "official":
        scales = [loss * 4 / len(layers) / len(fake) for loss, layers in zip(scales, fake, strict=True)]
    return sum(scales[1:], scales[0])


def _without_logits(outputs: Sequence[Sequence[Tensor]]) -> list[Sequence[Tensor]]:
    if not outputs or not all(isinstance(scale, (list, tuple)) and len(scale) > 1 for scale in outputs):
        kinds = [f"{len(x)} tensors" if isinstance(x, (list, tuple)) else type(x).__name__ for x in outputs]
        raise ValueError(
            "expected for each scale a list of the outputs of the discriminator's layers, the logits last; "
            f"got [{', '.join(kinds)}]; let the discriminator return its features too"
        )
    return [scale[:-1] for scale in outputs]
