"""The features of all fake and all real images, the base of the metrics that compare sets."""

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from gan_metrics._feature_extractor import UsesFeatureExtractor
from gan_metrics._matrices import Features, image_features
from gan_metrics._statistics import Statistics


class FeatureSetMetric(UsesFeatureExtractor):
    """A metric of the features of all fake and all real images so far.

    It stores features, not sums: 0.4 GB for 50,000 images on Inception. So the statistics can be computed at
    the end, in float64 and about the true mean, without loss. The metrics of one MetricCollection that share
    a network run it only once, since torchmetrics merges metrics with equal states.

    The names of the states contain the network's id in memory, so a state dict with them (`persistent(True)`)
    only fits the same network in the same process; store `Statistics` instead.

    Args:
        features: the feature extractor, see `image_features`.
        real: the statistics of the real images, see `measure_statistics`. If absent, the real images are the
            targets of `update`.
    """

    full_state_update = False

    def __init__(self, features: Features, real: Statistics | None = None) -> None:
        super().__init__()
        self._features = (features,)
        self._statistics = real
        # A MetricCollection merges metrics whose states have equal names and equal initial values. So the
        # names distinguish the networks, and metrics with real images from those with statistics.
        self._suffix = str(id(features))
        for kind in ("fake",) if real is not None else ("fake", "real"):
            # Flat, since a process without images could not exchange matrices with the others.
            self.add_state(f"{kind}_{self._suffix}", [], dist_reduce_fx="cat")
            self.add_state(f"{kind}_images_{self._suffix}", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, target: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            prediction: fake images, (N, 3, H, W) in [-1, 1], clamped.
            target: real images, (M, 3, H, W) in [-1, 1], clamped: any sample, not one for each fake image.
                Ignored if the metric has statistics of the real images.

        Raises:
            ValueError: see `image_features`; or the images differ in size from those of the statistics.
        """
        if self._statistics is not None:
            self._statistics.check_size(prediction)
        fake = image_features(self._features[0], prediction)
        real = None if target is None or self._statistics else image_features(self._features[0], target)
        self._add("fake", fake)
        if real is not None:
            self._add("real", real)

    def _add(self, kind: str, features: Tensor) -> None:
        getattr(self, f"{kind}_{self._suffix}").append(features.detach().float().flatten())
        images = f"{kind}_images_{self._suffix}"
        setattr(self, images, getattr(self, images) + len(features))

    def _all(self, kind: str) -> Tensor:
        """All features of a kind, (N, D)."""
        images = int(getattr(self, f"{kind}_images_{self._suffix}"))
        if images == 0:
            raise RuntimeError(f"{type(self).__name__} has no {kind} image; call update before compute")
        return dim_zero_cat(getattr(self, f"{kind}_{self._suffix}")).reshape(images, -1)

    def _fake(self) -> Tensor:
        return self._all("fake")

    def _real(self) -> Tensor:
        """The real features, from the updates or the statistics."""
        if self._statistics is None:
            return self._all("real")
        return self._statistics.need_features(type(self).__name__)
