"""Distance between images in the features of a network."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_metrics._image import Reduction, as_saved, check_pair, reduce


def feature_distance(
    features: Callable[[Tensor], Sequence[Tensor]],
    prediction: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """Squared distance between the unit-length features of two images.

    Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (2018), equation 1
    with w = 1, and the mean over the layers instead of their sum: at each position of a feature map the
    channels are scaled to unit length, and the squared length of the difference is averaged over the
    positions and then over the maps. It is not LPIPS, whose weights w are fitted to human ratings. Report it
    together with the name of the network.

    Values outside [-1, 1] are clamped first, as saving an image does.

    Args:
        features: the feature extractor, from (N, C, H, W) in [-1, 1] to a list of feature maps
            (N, C_l, H_l, W_l), including any normalization; a network in evaluation mode.
        prediction: (N, C, H, W) in [-1, 1], with the channels that `features` expects, for most networks RGB.
        target: the same shape and range.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,): 0 for equal images, at most 4 (2 if no feature is negative). float32 for
        half-precision images, under autocast too.

    Raises:
        ValueError: the shapes differ or are not (N, C, H, W), the images are not floating point or far
            outside [-1, 1], `features` does not return a list of maps, or the reduction is unknown.

    Examples:
        >>> features = lambda x: [x]  # or a network
        >>> left, right = torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
        >>> left[:, 0], right[:, 1] = 1, 1
        >>> feature_distance(features, left, right)  # perpendicular: 1 + 1
        tensor(2.)
    """
    check_pair(prediction, target, "feature_distance")
    with torch.autocast(prediction.device.type, enabled=False):
        pairs = zip(_directions(features, prediction), _directions(features, target), strict=True)
        layers = [(x - y).square().sum(1).mean((1, 2)) for x, y in pairs]  # (N,) each
    return reduce(torch.stack(layers).mean(0), reduction)


def _directions(features: Callable[[Tensor], Sequence[Tensor]], images: Tensor) -> list[Tensor]:
    """The feature maps of the images, of unit length at each position; 0 where all channels are 0."""
    images = as_saved(images)
    maps = features(images)
    is_list = isinstance(maps, list | tuple)
    if not is_list or not maps or any(x.ndim != 4 or len(x) != len(images) for x in maps):
        got = [tuple(x.shape) for x in maps] if is_list else f"a {type(maps).__name__}"
        raise ValueError(
            f"expected features to return a list of maps (N, C, H, W), here with N = {len(images)}; got "
            f"{got}; put a single map into a list"
        )
    return [F.normalize(x.to(images.dtype), dim=1) for x in maps]
