"""Maps of integers as what a network takes: classes one-hot, instances as their boundaries."""

import torch
from torch import Tensor

from gan_data.base.errors import some

IGNORED = 255  # what label maps call a pixel of no class, by the convention of PASCAL VOC and Cityscapes


def one_hot(labels: Tensor, classes: int, *, ignore: int | None = IGNORED) -> Tensor:
    """A plane for each class, 1 where the pixel is of that class (pix2pixHD, Wang et al. 2018).

    To look at the values waits for the device: on a GPU, once a step.

    Args:
        labels: (..., H, W) integers, 0 to classes - 1, or `ignore`.
        classes: how many there are.
        ignore: the label of pixels that belong to none, which are 0 in all planes; None if there is none.

    Returns:
        (..., classes, H, W) float32, 0 or 1; of (N, H, W) labels (N, classes, H, W).

    Raises:
        ValueError: the labels are no integers, one is out of range, or `ignore` is one of the classes.
    """
    _require_map("one_hot", labels)
    check_classes(classes, ignore)
    if wrong := out_of_range(labels, classes, ignore):
        problem, remedy = wrong_labels(wrong, classes, ignore)
        raise ValueError(f"one_hot was given a map that {problem}; {remedy}")
    planes = torch.arange(classes, device=labels.device)[:, None, None]
    return (labels.unsqueeze(-3) == planes).to(torch.float32)


def boundary_map(instances: Tensor) -> Tensor:
    """1 where one of a pixel's four neighbours belongs to another instance (pix2pixHD, section 3.3).

    The picture's own border is no boundary.

    Args:
        instances: (..., H, W) integers, any number for an instance.

    Returns:
        (..., 1, H, W) float32, 0 or 1; of (N, H, W) instances (N, 1, H, W).

    Raises:
        ValueError: the instances are no integers or no map.
    """
    _require_map("boundary_map", instances)
    boundary = torch.zeros_like(instances, dtype=torch.float32)
    across = instances[..., :, 1:] != instances[..., :, :-1]
    down = instances[..., 1:, :] != instances[..., :-1, :]
    boundary[..., :, 1:].masked_fill_(across, 1)
    boundary[..., :, :-1].masked_fill_(across, 1)
    boundary[..., 1:, :].masked_fill_(down, 1)
    boundary[..., :-1, :].masked_fill_(down, 1)
    return boundary.unsqueeze(-3)


def check_classes(classes: int, ignore: int | None) -> None:
    """Raises ValueError if `ignore` is one of the classes, or there are none."""
    if classes < 1:
        raise ValueError(f"expected at least 1 class; got {classes}")
    if ignore is not None and 0 <= ignore < classes:
        raise ValueError(
            f"expected a label to ignore beyond the {classes} classes; got {ignore}, which is one of them; "
            "give ignore=None, or another"
        )


def out_of_range(labels: Tensor, classes: int, ignore: int | None) -> list[int]:
    """The values that are no class and not `ignore`, in order."""
    wrong = (labels < 0) | (labels >= classes)
    if ignore is not None:
        wrong &= labels != ignore
    return labels[wrong].unique().tolist()


def wrong_labels(values: list[int], classes: int, ignore: int | None) -> tuple[str, str]:
    """The problem with a map that has such values, and the remedy."""
    ignored = "" if ignore is None else f" (or {ignore}, which is ignored)"
    problem = f"holds the labels {some(values)}, though labels go from 0 to {classes - 1}{ignored}"
    return problem, "correct the map, or give the right number of classes"


def _require_map(function: str, values: Tensor) -> None:
    if values.ndim < 2 or values.is_floating_point() or values.is_complex():
        raise ValueError(
            f"{function} expects integers (..., H, W); got {tuple(values.shape)} of {values.dtype}; "
            "read them by read_labels"
        )
