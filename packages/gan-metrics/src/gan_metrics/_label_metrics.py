"""The metrics of label maps, from one confusion matrix of all images of all batches and processes."""

from collections.abc import Callable, Collection

import torch
from torch import Tensor
from torchmetrics import Metric

from gan_metrics._confusion import confusion_matrix
from gan_metrics._feature_extractor import UsesFeatureExtractor
from gan_metrics._label_maps import predict_labels
from gan_metrics._segmentation import segmentation_scores


class ConfusionMatrixMetric(Metric):
    """`segmentation_scores` of the sum of the confusion matrices of all batches and processes.

    Args:
        quantity: the name of the sum.
        classes: the number of classes.
        ignore: the labels of void; see `confusion_matrix`.
    """

    full_state_update = False
    higher_is_better = True

    def __init__(self, quantity: str, classes: int, ignore: int | Collection[int] | None) -> None:
        super().__init__()
        self._classes = classes
        self._ignore = ignore
        # MetricCollection permanently merges metrics whose states have equal names and, after the first
        # batch, equal values. A separate name prevents that.
        self._sum = f"{quantity}_{classes}_{ignore}"
        self.add_state(self._sum, torch.zeros(classes, classes + 1, dtype=torch.int64), dist_reduce_fx="sum")

    def add(self, prediction: Tensor, target: Tensor) -> None:
        """Add the label maps of a batch, both (N, H, W)."""
        counts = confusion_matrix(prediction, target, self._classes, ignore=self._ignore)
        setattr(self, self._sum, getattr(self, self._sum) + counts)

    def compute(self) -> dict[str, Tensor]:
        """The scores so far: "pixel_accuracy", "class_accuracy" and "class_iou", float64 scalars.

        A MetricCollection lists them as three results.

        Raises:
            RuntimeError: no process has had a pixel with a class.
        """
        matrix: Tensor = getattr(self, self._sum)
        if matrix.sum() == 0:
            raise RuntimeError(f"{type(self).__name__} has no pixel with a class; call update before compute")
        means = segmentation_scores(matrix)._asdict()
        names = ("pixel_accuracy", "class_accuracy", "class_iou")
        return {name: torch.tensor(means[name], dtype=torch.float64) for name in names}


class SegmentationScores(ConfusionMatrixMetric):
    """Pixel accuracy, class accuracy and class IoU over all pixels of all batches and processes.

    See `segmentation_scores`.

    Args:
        classes: the number of classes.
        ignore: the label of void, or several; see `confusion_matrix`.

    Examples:
        >>> score = SegmentationScores(classes=2)
        >>> score.update(torch.tensor([[[0, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 1]]]))
        >>> score.compute()["pixel_accuracy"]
        tensor(0.7500, dtype=torch.float64)
    """

    def __init__(self, classes: int, *, ignore: int | Collection[int] | None = 255) -> None:
        super().__init__("labels", classes, ignore)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, H, W) integers, 0 to classes - 1, or void.

        Raises:
            ValueError: see `confusion_matrix`.
        """
        self.add(prediction, target)


class FCNScore(UsesFeatureExtractor, ConfusionMatrixMetric):
    """The FCN score: how well a segmentation network finds in fake images the labels they were made from.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (2017), section 4.1, and
    Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (2017),
    section 5.1.1. The network was trained on real images. Report its name, and its scores on other real
    images, the most that can be expected of fake ones.

    The network moves to another device with the metric; otherwise the metric leaves it unchanged, and it is
    in no state dict.

    Args:
        network: see `predict_labels`.
        classes: the number of classes.
        ignore: the label of void, or several; see `confusion_matrix`.

    Examples:
        >>> network = torch.nn.Conv2d(3, 4, 1)  # from images to logits of 4 classes
        >>> score = FCNScore(network, classes=4)
        >>> score.update(torch.zeros(2, 3, 8, 8), torch.zeros(2, 8, 8, dtype=torch.int64))  # fake, labels
        >>> sorted(score.compute())
        ['class_accuracy', 'class_iou', 'pixel_accuracy']
    """

    def __init__(
        self,
        network: Callable[[Tensor], Tensor],
        classes: int,
        *,
        ignore: int | Collection[int] | None = 255,
    ) -> None:
        super().__init__(f"fcn_{id(network)}", classes, ignore)
        self._features = (network,)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: fake images, (N, 3, H, W) in [-1, 1], clamped.
            target: the label maps that they were made from, (N, h, w) integers; logits of another size are
                resized to theirs.

        Raises:
            ValueError: see `predict_labels` and `confusion_matrix`.
        """
        height, width = target.shape[-2:]
        self.add(predict_labels(self._features[0], prediction, size=(height, width)), target)
