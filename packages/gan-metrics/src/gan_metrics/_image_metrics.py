"""The metrics of single images and pairs, averaged over all images of all batches and processes."""

from collections.abc import Callable, Sequence

from torch import Tensor

from gan_metrics._colorfulness import colorfulness
from gan_metrics._feature_extractor import UsesFeatureExtractor
from gan_metrics._features import feature_distance
from gan_metrics._grid import grid_strength
from gan_metrics._luma import psnr_y, ssim_y
from gan_metrics._mean_metric import MeanOverImages
from gan_metrics._psnr import psnr
from gan_metrics._ssim import ssim


class PSNR(MeanOverImages):
    """The mean of `psnr` over all images of all batches and processes, in decibels.

    Examples:
        >>> score = PSNR()
        >>> score.update(torch.full((2, 3, 16, 16), 0.2), torch.zeros(2, 3, 16, 16))
        >>> round(score.compute().item(), 4)  # 10 log10(4 / 0.04)
        20.0
    """

    higher_is_better = True

    def __init__(self) -> None:
        super().__init__("psnr")

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, C, H, W) in [-1, 1], clamped."""
        self.add(psnr(prediction, target, reduction="none"))


class SSIM(MeanOverImages):
    """The mean of `ssim` over all images of all batches and processes.

    Examples:
        >>> score = SSIM()
        >>> images = torch.rand(2, 3, 16, 16)
        >>> score.update(images, images)
        >>> round(score.compute().item(), 4)
        1.0
    """

    higher_is_better = True

    def __init__(self) -> None:
        super().__init__("ssim")

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, C, H, W) in [-1, 1], clamped, at least 11 pixels high and wide."""
        self.add(ssim(prediction, target, reduction="none"))


class PSNRY(MeanOverImages):
    """The mean of `psnr_y` over all images of all batches and processes, in decibels.

    Args:
        border: see `psnr_y`.

    Examples:
        >>> score = PSNRY(border=4)
        >>> score.update(torch.zeros(2, 3, 16, 16), torch.zeros(2, 3, 16, 16))
        >>> score.compute()
        tensor(100.)
    """

    higher_is_better = True

    def __init__(self, border: int = 4) -> None:
        super().__init__(f"psnr_y_{border}")
        self.border = border

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped."""
        self.add(psnr_y(prediction, target, border=self.border, reduction="none"))


class SSIMY(MeanOverImages):
    """The mean of `ssim_y` over all images of all batches and processes.

    Args:
        border: see `ssim_y`.

    Examples:
        >>> score = SSIMY(border=4)
        >>> images = torch.rand(2, 3, 32, 32)
        >>> score.update(images, images)
        >>> round(score.compute().item(), 4)
        1.0
    """

    higher_is_better = True

    def __init__(self, border: int = 4) -> None:
        super().__init__(f"ssim_y_{border}")
        self.border = border

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped."""
        self.add(ssim_y(prediction, target, border=self.border, reduction="none"))


class Colorfulness(MeanOverImages):
    """The mean of `colorfulness` over all images of all batches and processes.

    Examples:
        >>> score = Colorfulness()
        >>> score.update(torch.zeros(2, 3, 8, 8))
        >>> score.compute()  # gray
        tensor(0.)
    """

    def __init__(self) -> None:
        super().__init__("colorfulness")

    def update(self, prediction: Tensor, target: Tensor | None = None) -> None:  # noqa: ARG002
        """Add a batch.

        Args:
            prediction: (N, 3, H, W) RGB in [-1, 1], clamped.
            target: ignored; a MetricCollection passes the same positional arguments to all its metrics.
        """
        self.add(colorfulness(prediction, reduction="none"))


class GridStrength(MeanOverImages):
    """The mean of `grid_strength` over all images of all batches and processes, in decibels.

    Args:
        period: see `grid_strength`.

    Examples:
        >>> score = GridStrength(period=2)
        >>> score.update(torch.rand(1, 1, 40, 40) * 0.1 + torch.tensor([0.0, 0.5]).repeat(40, 20))
        >>> score.compute() > 10  # decibels: every second column is lighter
        tensor(True)
    """

    def __init__(self, period: int = 4) -> None:
        super().__init__("grid_strength")
        self._period = period

    def update(self, prediction: Tensor, target: Tensor | None = None) -> None:  # noqa: ARG002
        """Add a batch.

        Args:
            prediction: (N, 3, H, W) or (N, 1, H, W) in [-1, 1], clamped.
            target: ignored; a MetricCollection passes the same positional arguments to all its metrics.
        """
        self.add(grid_strength(prediction, period=self._period, reduction="none"))


class FeatureDistance(UsesFeatureExtractor, MeanOverImages):
    """The mean of `feature_distance` over all images of all batches and processes.

    If the feature extractor is a network, it moves to another device together with the metric. Otherwise the
    metric leaves it unchanged: the network keeps its mode, precision and gradients, and is not in the
    metric's state dict. The name of the metric's sum contains the network's id in memory, so a state dict
    with it (`persistent(True)`) only fits the same network in the same process; store the result of `compute`
    instead.

    Args:
        features: the feature extractor, see `feature_distance`.

    Examples:
        >>> score = FeatureDistance(lambda x: [x, torch.nn.functional.avg_pool2d(x, 2)])
        >>> score.update(torch.ones(2, 3, 8, 8), torch.ones(2, 3, 8, 8))
        >>> score.compute()
        tensor(0.)
    """

    higher_is_better = False

    def __init__(self, features: Callable[[Tensor], Sequence[Tensor]]) -> None:
        # A separate sum for each network: see MeanOverImages.
        super().__init__(f"feature_distance_{id(features)}")
        self._features = (features,)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, C, H, W) in [-1, 1], clamped."""
        self.add(feature_distance(*self._features, prediction, target, reduction="none"))
