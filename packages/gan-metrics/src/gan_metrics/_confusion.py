"""How many pixels of each class were given which class."""

from collections.abc import Collection

import torch
import torch.distributed as dist
from torch import Tensor

from gan_metrics._tensor import require_tensor


def confusion_matrix(
    prediction: Tensor, target: Tensor, classes: int, *, ignore: int | Collection[int] | None = 255
) -> Tensor:
    """How many pixels of each class were given which class.

    Matrices of several batches are added. Pixels whose true label is void are not counted. A pixel that is
    counted, but was predicted to be void, is in the last column: a miss of its class, as in the benchmark of
    Cityscapes. Checking the values synchronizes with the device: on a GPU, once for each call.

    Args:
        prediction: (N, H, W) integers, 0 to classes - 1, or void.
        target: the true labels, of the same shape and range.
        classes: the number of classes.
        ignore: the label of void, or several; they may be among the classes. None if there is none.

    Returns:
        (classes, classes + 1) int64: row t, column p is the number of pixels of class t that were predicted
        as p, and the last column the number of those that were predicted as void.

    Raises:
        ValueError: the maps are not integers, differ in shape, or hold another label; `classes` is below 1.

    Examples:
        >>> confusion_matrix(torch.tensor([[[0, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 255]]]), classes=2)
        tensor([[1, 1, 0],
                [0, 1, 0]])
    """
    if classes < 1:
        raise ValueError(f"confusion_matrix expects at least 1 class; got {classes}")
    _check_maps(prediction, target)
    void = {ignore} if isinstance(ignore, int) else set(ignore or ())
    rows = _with_void_last("target", target, classes, void)
    columns = _with_void_last("prediction", prediction, classes, void)
    side = classes + 1
    counts = torch.bincount(rows * side + columns, minlength=side * side)
    return counts.view(side, side)[:classes]


class ConfusionMatrix:
    """The sum of the confusion matrices of all batches and processes, without torchmetrics.

    Args:
        classes: the number of classes.
        ignore: the label of void, or several; see `confusion_matrix`.

    Examples:
        >>> counts = ConfusionMatrix(classes=2)
        >>> counts.add(torch.tensor([[[0, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 1]]]))  # for each batch
        >>> segmentation_scores(counts.compute()).pixel_accuracy
        0.75
    """

    def __init__(self, classes: int, *, ignore: int | Collection[int] | None = 255) -> None:
        self._classes = classes
        self._ignore = ignore
        self._sum = torch.zeros(classes, classes + 1, dtype=torch.int64)

    def add(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch: both (N, H, W) integers; see `confusion_matrix`."""
        counts = confusion_matrix(prediction, target, self._classes, ignore=self._ignore)
        self._sum = self._sum.to(counts.device) + counts

    def compute(self) -> Tensor:
        """The sum so far, (classes, classes + 1) int64 on the CPU; see `confusion_matrix`.

        With several processes each must call it.
        """
        mine = self._sum.cpu()
        if not (dist.is_available() and dist.is_initialized()):
            return mine
        parts = [mine] * dist.get_world_size()
        dist.all_gather_object(parts, mine)
        return torch.stack(parts).sum(0)


def _check_maps(prediction: Tensor, target: Tensor) -> None:
    for name, labels in (("prediction", prediction), ("target", target)):
        require_tensor(labels, "confusion_matrix")
        if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
            raise ValueError(
                f"confusion_matrix expects integers as {name}; got {labels.dtype}; pass logits.argmax(1)"
            )
    if prediction.shape != target.shape:
        raise ValueError(
            "confusion_matrix expects prediction and target of the same shape; got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}; resize one by the nearest pixel"
        )


def _with_void_last(name: str, labels: Tensor, classes: int, void: set[int]) -> Tensor:
    """The labels in one row, int64, with `classes` where they are void."""
    labels = labels.flatten().long()
    wrong = (labels < 0) | (labels >= classes)
    if void:
        is_void = torch.isin(labels, torch.tensor(sorted(void), device=labels.device))
        wrong &= ~is_void
        labels = labels.masked_fill(is_void, classes)
    if not torch.compiler.is_compiling() and wrong.any():
        ignored = f", or void ({', '.join(map(str, sorted(void)))})" if void else ""
        raise ValueError(
            f"confusion_matrix expects labels of 0 to {classes - 1}{ignored} as {name}; got "
            f"{int(labels[wrong][0])}; correct the map, or give the right number of classes"
        )
    return labels
