"""Pixel accuracy, class accuracy and class IoU, from a confusion matrix."""

from typing import NamedTuple

from torch import Tensor

from gan_metrics._tensor import require_tensor


class LabelScores(NamedTuple):
    """The scores of label maps; see `segmentation_scores`.

    Attributes:
        pixel_accuracy: the part of the pixels with the right class, in [0, 1].
        class_accuracy: the mean of `accuracies` over the classes that have one.
        class_iou: the mean of `ious` over the classes that have one.
        accuracies: (classes,) float64, the part of each class's pixels that were found (recall); NaN for a
            class that no true map has.
        ious: (classes,) float64, intersection over union of each class; NaN for a class that neither the
            true maps nor the predicted ones have.

    Examples:
        >>> scores = segmentation_scores(torch.tensor([[3, 1], [0, 4]]))
        >>> scores.pixel_accuracy, scores.class_accuracy
        (0.875, 0.875)
    """

    pixel_accuracy: float
    class_accuracy: float
    class_iou: float
    accuracies: Tensor
    ious: Tensor


def segmentation_scores(matrix: Tensor) -> LabelScores:
    """Pixel accuracy, class accuracy and class IoU from a confusion matrix.

    Long et al., "Fully Convolutional Networks for Semantic Segmentation" (2015), section 5: with n_ij pixels
    of class i predicted as j, and t_i of class i, these are sum_i n_ii / sum_i t_i, the mean of n_ii / t_i,
    and the mean of n_ii / (t_i + sum_j n_ji - n_ii). A class without accuracy or IoU (0 / 0) is left out of
    the mean, as in the benchmark of Cityscapes. The code of pix2pix and CycleGAN counts it as 0, and so does
    torchmetrics with the accuracy of a class that was predicted and is in no true map.

    Args:
        matrix: (classes, classes) or (classes, classes + 1) counts: of `confusion_matrix`, or a sum of these.
            Rows are true classes; the last of classes + 1 columns is void.

    Raises:
        ValueError: the matrix has another shape, or is without any pixel.

    Examples:
        >>> scores = segmentation_scores(torch.tensor([[3, 1], [0, 4]]))
        >>> scores.pixel_accuracy, scores.class_iou  # 7 / 8, and the mean of 3 / 4 and 4 / 5
        (0.875, 0.775)
    """
    require_tensor(matrix, "segmentation_scores")
    if matrix.ndim != 2 or matrix.shape[1] - matrix.shape[0] not in (0, 1):
        raise ValueError(
            "segmentation_scores expects a matrix (classes, classes + 1), or without the column of void "
            f"(classes, classes); got {tuple(matrix.shape)}; make it with confusion_matrix"
        )
    matrix = matrix.detach().cpu().double()
    if matrix.sum() == 0:
        raise ValueError("segmentation_scores expects at least one pixel; got a matrix of zeros")
    hits, true, predicted = matrix.diagonal(), matrix.sum(1), matrix.sum(0)[: len(matrix)]
    accuracies, ious = hits / true, hits / (true + predicted - hits)
    return LabelScores(
        float(hits.sum() / matrix.sum()),
        float(accuracies.nanmean()),
        float(ious.nanmean()),
        accuracies,
        ious,
    )
