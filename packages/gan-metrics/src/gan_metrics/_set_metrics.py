"""The metrics that compare the set of all fake images with the set of all real images."""

from torch import Tensor

from gan_metrics._feature_sets import FeatureSetMetric
from gan_metrics._frechet import frechet_distance
from gan_metrics._inception import Inception
from gan_metrics._kernel import check_subsets, kernel_distance
from gan_metrics._manifold import density_coverage, precision_recall
from gan_metrics._matrices import Features
from gan_metrics._statistics import Statistics


class FrechetDistance(FeatureSetMetric):
    """`frechet_distance` between the fake and the real images of all batches and processes.

    Name it after its network: "Frechet distance on tf_efficientnet_lite0". It stores the features of all
    images until the end, 4 bytes each.

    Args:
        features: the feature extractor, see `image_features`; it moves to another device with the metric.
        real: the statistics of the real images, see `measure_statistics`. If absent, the real images are the
            targets of `update`.

    Examples:
        >>> score = FrechetDistance(lambda images: images.mean((2, 3)))
        >>> real = torch.rand(16, 3, 8, 8)
        >>> score.update(real - 1, real)
        >>> round(score.compute().item(), 4)  # the means differ by 1 in each of three features
        3.0
    """

    higher_is_better = False

    def compute(self) -> Tensor:
        """The distance so far, a float64 scalar.

        Raises:
            RuntimeError: no process has had a fake image, or a real one.
            ValueError: there are fewer than two of one kind, or features are not finite.
        """
        if self._statistics is None:
            return frechet_distance(self._fake(), self._real())
        return frechet_distance(self._fake(), self._statistics.gaussian)


class KernelDistance(FeatureSetMetric):
    """`kernel_distance` between the fake and the real images of all batches and processes.

    It stores the features of all images until the end, 4 bytes each.

    Args:
        features: the feature extractor, see `image_features`; it moves to another device with the metric.
        real: the statistics of the real images, with their features; see `measure_statistics`. If absent, the
            real images are the targets of `update`.
        subsets: see `kernel_distance`.
        subset_size: see `kernel_distance`.
        seed: see `kernel_distance`.

    Raises:
        ValueError: `real` is without features; there are no subsets, or they are smaller than 2.

    Examples:
        >>> score = KernelDistance(lambda images: images.mean((2, 3)), subset_size=8)
        >>> score.update(torch.ones(8, 3, 4, 4), -torch.ones(8, 3, 4, 4))
        >>> score.compute()  # k = 8 within each set, 0 between them
        tensor(16., dtype=torch.float64)
    """

    higher_is_better = False

    def __init__(
        self,
        features: Features,
        real: Statistics | None = None,
        *,
        subsets: int = 100,
        subset_size: int = 1000,
        seed: int = 0,
    ) -> None:
        super().__init__(features, real)
        check_subsets(subsets, subset_size)
        if real is not None:
            real.need_features("KernelDistance")
        self._subsets = subsets
        self._subset_size = subset_size
        self._seed = seed

    def compute(self) -> Tensor:
        """The distance so far, a float64 scalar.

        Raises:
            RuntimeError: no process has had a fake image, or a real one.
            ValueError: there are fewer than two of one kind, or features are not finite.
        """
        return kernel_distance(
            self._fake(), self._real(), subsets=self._subsets, subset_size=self._subset_size, seed=self._seed
        )


class PrecisionRecall(FeatureSetMetric):
    """`precision_recall` of the fake and the real images of all batches and processes.

    It stores the features of all images until the end, 4 bytes each.

    Args:
        features: the feature extractor, see `image_features`; it moves to another device with the metric.
        real: the statistics of the real images, with their features; see `measure_statistics`. If absent, the
            real images are the targets of `update`.
        neighbors: see `precision_recall`.

    Raises:
        ValueError: `real` is without features.

    Examples:
        >>> score = PrecisionRecall(lambda images: images.flatten(1), neighbors=2)
        >>> images = torch.rand(8, 3, 4, 4) * 2 - 1
        >>> score.update(images, images)  # fake, real
        >>> score.compute()["precision"]
        tensor(1., dtype=torch.float64)
    """

    higher_is_better = True

    def __init__(self, features: Features, real: Statistics | None = None, *, neighbors: int = 3) -> None:
        super().__init__(features, real)
        if real is not None:
            real.need_features("PrecisionRecall")
        self._neighbors = neighbors

    def compute(self) -> dict[str, Tensor]:
        """Both so far, as "precision" and "recall", which a MetricCollection lists as two results.

        Raises:
            RuntimeError: no process has had a fake image, or a real one.
            ValueError: see `precision_recall`.
        """
        precision, recall = precision_recall(self._fake(), self._real(), neighbors=self._neighbors)
        return {"precision": precision, "recall": recall}


class DensityCoverage(FeatureSetMetric):
    """`density_coverage` of the fake and the real images of all batches and processes.

    It stores the features of all images until the end, 4 bytes each.

    Args:
        features: the feature extractor, see `image_features`; it moves to another device with the metric.
        real: the statistics of the real images, with their features; see `measure_statistics`. If absent, the
            real images are the targets of `update`.
        neighbors: see `density_coverage`.

    Raises:
        ValueError: `real` is without features.

    Examples:
        >>> score = DensityCoverage(lambda images: images.flatten(1), neighbors=2)
        >>> images = torch.rand(8, 3, 4, 4) * 2 - 1
        >>> score.update(images, images)  # fake, real
        >>> score.compute()["coverage"]
        tensor(1., dtype=torch.float64)
    """

    higher_is_better = True

    def __init__(self, features: Features, real: Statistics | None = None, *, neighbors: int = 5) -> None:
        super().__init__(features, real)
        if real is not None:
            real.need_features("DensityCoverage")
        self._neighbors = neighbors

    def compute(self) -> dict[str, Tensor]:
        """Both so far, as "density" and "coverage", which a MetricCollection lists as two results.

        Raises:
            RuntimeError: no process has had a fake image, or a real one.
            ValueError: see `density_coverage`.
        """
        density, coverage = density_coverage(self._fake(), self._real(), neighbors=self._neighbors)
        return {"density": density, "coverage": coverage}


class FID(FrechetDistance):
    """Frechet Inception distance of Heusel et al. (2017), over all batches and processes.

    `FrechetDistance` on Inception's features. Published values are of 50,000 fake images; with fewer images
    it is higher.

    Args:
        inception: the network.
        real: the statistics of the real images; see `measure_statistics`.

    Raises:
        TypeError: the network is another one, on which the distance is not FID.

    Examples:
        >>> inception = Inception("weights-inception-2015-12-05-6726825d.pth")  # doctest: +SKIP
        >>> fid = FID(inception)  # doctest: +SKIP
        >>> fid.update(fake, real)  # doctest: +SKIP
        >>> fid.compute()  # doctest: +SKIP
    """

    def __init__(self, inception: Inception, real: Statistics | None = None) -> None:
        super().__init__(_inception_only(inception, "FID", "FrechetDistance"), real)


class KID(KernelDistance):
    """Kernel Inception distance of Binkowski et al. (2018), over all batches and processes.

    `KernelDistance` on Inception's features. Some papers report it times 1000.

    Args:
        inception: the network.
        real: the statistics of the real images, with their features; see `measure_statistics`.
        subsets: see `kernel_distance`.
        subset_size: see `kernel_distance`.

    Raises:
        TypeError: the network is another one, on which the distance is not KID.
        ValueError: see `KernelDistance`.

    Examples:
        >>> inception = Inception("weights-inception-2015-12-05-6726825d.pth")  # doctest: +SKIP
        >>> kid = KID(inception, subset_size=100)  # doctest: +SKIP
        >>> kid.update(fake, real)  # doctest: +SKIP
        >>> kid.compute()  # doctest: +SKIP
    """

    def __init__(
        self,
        inception: Inception,
        real: Statistics | None = None,
        *,
        subsets: int = 100,
        subset_size: int = 1000,
    ) -> None:
        inception = _inception_only(inception, "KID", "KernelDistance")
        super().__init__(inception, real, subsets=subsets, subset_size=subset_size)


def _inception_only(network: Inception, name: str, general: str) -> Inception:
    if not isinstance(network, Inception):
        raise TypeError(f"{name} expects Inception; got {type(network).__name__}; use {general} for it")
    return network
