"""Metrics that compare all fake images with all real ones, in no order."""

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from gan_metrics._matrices import Features, image_features
from gan_metrics._network import LooksThroughNetwork
from gan_metrics._statistics import Statistics


class TwoSets(LooksThroughNetwork):
    """What all of them share: the features of the fake and of the real images so far.

    It keeps features, not sums: 0.4 GB for 50,000 images on Inception. So statistics are taken in float64
    about the true mean, at the end, without loss; and the metrics of one MetricCollection that look through
    the same network run it once for all of them (torchmetrics merges metrics whose states are equal).

    States are named after the network in memory, so a state dict of them (`persistent(True)`) fits only the
    same network in the same process; keep `Statistics` in a file instead.

    Args:
        features: the network, see `image_features`.
        real: what is known of the real images beforehand, see `measure_statistics`. Without it, real images
            are the targets that `update` receives.
    """

    full_state_update = False

    def __init__(self, features: Features, real: Statistics | None = None) -> None:
        super().__init__()
        self._features = (features,)
        self._known = real
        # A MetricCollection merges metrics if their states have the same names and start with the same
        # values; so the names tell the networks apart, and those that collect real images from those that
        # need none.
        self._suffix = str(id(features))
        for kind in ("fake",) if real is not None else ("fake", "real"):
            # In one dimension, since processes cannot exchange a matrix with one that has seen no image.
            self.add_state(f"{kind}_{self._suffix}", [], dist_reduce_fx="cat")
            self.add_state(f"{kind}_images_{self._suffix}", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, target: Tensor | None = None) -> None:
        """Takes in a batch.

        Args:
            prediction: fake images, (N, 3, H, W) in [-1, 1], clamped.
            target: real images, (M, 3, H, W) in [-1, 1], clamped: a sample, not one for each fake. Not looked
                at if the real images are known beforehand.

        Raises:
            ValueError: see `image_features`; or the images are not of the size of those known beforehand.
        """
        if self._known is not None:
            self._known.check_size(prediction)
        fake = image_features(self._features[0], prediction)
        real = None if target is None or self._known else image_features(self._features[0], target)
        self._add("fake", fake)
        if real is not None:
            self._add("real", real)

    def _add(self, kind: str, features: Tensor) -> None:
        getattr(self, f"{kind}_{self._suffix}").append(features.detach().float().flatten())
        images = f"{kind}_images_{self._suffix}"
        setattr(self, images, getattr(self, images) + len(features))

    def _set(self, kind: str) -> Tensor:
        """All features of a kind, (N, D)."""
        images = int(getattr(self, f"{kind}_images_{self._suffix}"))
        if images == 0:
            raise RuntimeError(f"{type(self).__name__} has seen no {kind} image; call update before compute")
        return dim_zero_cat(getattr(self, f"{kind}_{self._suffix}")).reshape(images, -1)

    def _fakes(self) -> Tensor:
        return self._set("fake")

    def _reals(self) -> Tensor:
        """The real features, collected or known beforehand."""
        return self._set("real") if self._known is None else self._known.need_features(type(self).__name__)
