"""How far apart pictures are in the eyes of a network."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_metrics._image import Reduction, as_shown, check_pair, reduce
from gan_metrics._mean import MeanOverImages
from gan_metrics._network import LooksThroughNetwork


def feature_distance(
    features: Callable[[Tensor], Sequence[Tensor]],
    prediction: Tensor,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """Squared distance between the unit-length features of two pictures.

    Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (2018), equation 1
    with w = 1, and the mean over the layers in place of their sum: at each position of a feature map the
    channels are scaled to unit length, the squared length of the difference is averaged over the positions
    and then over the maps. It is not LPIPS, whose weights w were fitted to people's judgements. Its figures
    mean nothing without the name of the network.

    Values outside [-1, 1] are clamped first, since a saved picture shows no more.

    Args:
        features: from (N, C, H, W) in [-1, 1] to a list of feature maps (N, C_l, H_l, W_l), with a
            normalisation of its own if it needs one; a network in evaluation mode.
        prediction: (N, C, H, W) in [-1, 1], such as `features` takes: RGB for most networks.
        target: same shape and range.
        reduction: "mean" over the images, or "none".

    Returns:
        A scalar, or (N,): 0 for equal pictures, larger when farther, at most 4 (2 where no feature is
        negative). Float32 for half-precision images, under autocast too.

    Raises:
        ValueError: shapes differ or are not (N, C, H, W), images are not floating point, `features` returns
            anything but a list of maps, or the reduction is unknown.
    """
    check_pair(prediction, target, "feature_distance")
    with torch.autocast(prediction.device.type, enabled=False):
        pairs = zip(_directions(features, prediction), _directions(features, target), strict=True)
        layers = [(x - y).square().sum(1).mean((1, 2)) for x, y in pairs]  # (N,) each
    return reduce(torch.stack(layers).mean(0), reduction)


def _directions(features: Callable[[Tensor], Sequence[Tensor]], image: Tensor) -> list[Tensor]:
    """The feature maps of the images, of unit length at each position; 0 where all channels are 0."""
    image = as_shown(image)
    maps = features(image)
    listed = isinstance(maps, list | tuple)
    if not listed or not maps or any(x.ndim != 4 or len(x) != len(image) for x in maps):
        got = [tuple(x.shape) for x in maps] if listed else f"a {type(maps).__name__}"
        raise ValueError(
            f"expected features to return a list of maps (N, C, H, W), here of N = {len(image)}; got {got}; "
            "put a single map into a list"
        )
    return [F.normalize(x.to(image.dtype), dim=1) for x in maps]


class FeatureDistance(LooksThroughNetwork, MeanOverImages):
    """The mean of `feature_distance` over all images of all batches and processes.

    A network as `features` moves to another device with the metric. It is no part of the metric otherwise:
    not in its state dict, and in the mode, the precision and with the gradients that it came with. The
    metric's sum is named after the network in memory, so a state dict of it (`persistent(True)`) fits only
    the same network in the same process; keep what `compute` returns instead.

    Args:
        features: see `feature_distance`.
    """

    higher_is_better = False

    def __init__(self, features: Callable[[Tensor], Sequence[Tensor]]) -> None:
        # A sum of its own for each network: see MeanOverImages.
        super().__init__(f"feature_distance_{id(features)}")
        self._features = (features,)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Takes in a batch: both (N, C, H, W) in [-1, 1], clamped."""
        self.add(feature_distance(*self._features, prediction, target, reduction="none"))
