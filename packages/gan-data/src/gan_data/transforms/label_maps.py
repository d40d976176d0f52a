"""Integer maps as planes for a network: classes one-hot, instances as their boundaries."""

import torch
from torch import Tensor

from gan_data.transforms.classes import IGNORED, check_classes, problem_of_labels


def one_hot(labels: Tensor, classes: int, *, ignore: int | None = IGNORED) -> Tensor:
    """A plane for each class, 1 where the pixel is of that class (pix2pixHD, Wang et al. 2018).

    Checking the values synchronizes with the device: on a GPU, once for each call.

    Args:
        labels: (..., H, W) integers, 0 to classes - 1, or `ignore`.
        classes: the number of classes.
        ignore: the label of pixels without a class, which are 0 in all planes; None if there is none.

    Returns:
        (..., classes, H, W) float32, 0 or 1; of (N, H, W) labels (N, classes, H, W).

    Raises:
        ValueError: the labels are not integers, one is out of range, or `ignore` is one of the classes.

    Examples:
        >>> one_hot(torch.tensor([[0, 1, 255]]), classes=2)[:, 0]  # 255 is of no class
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    _require_map("one_hot", labels)
    check_classes(classes, ignore)
    if wrong := out_of_range(labels, classes, ignore):
        problem, remedy = problem_of_labels(wrong, classes, ignore)
        raise ValueError(f"one_hot was given a map that {problem}; {remedy}")
    planes = torch.arange(classes, device=labels.device)[:, None, None]
    return (labels.unsqueeze(-3) == planes).to(torch.float32)


def boundary_map(instances: Tensor) -> Tensor:
    """1 where one of a pixel's four neighbors belongs to another instance (pix2pixHD, section 3.3).

    The border of the image is not a boundary.

    Args:
        instances: (..., H, W) integers, any number for an instance.

    Returns:
        (..., 1, H, W) float32, 0 or 1; of (N, H, W) instances (N, 1, H, W).

    Raises:
        ValueError: the instances are not integers or not a map.

    Examples:
        >>> boundary_map(torch.tensor([[1, 1, 2, 2]]))
        tensor([[[0., 1., 1., 0.]]])
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


def out_of_range(labels: Tensor, classes: int, ignore: int | None) -> list[int]:
    """The values that are neither a class nor `ignore`, sorted."""
    wrong = (labels < 0) | (labels >= classes)
    if ignore is not None:
        wrong &= labels != ignore
    return [int(label) for label in labels[wrong].unique().tolist()]


def _require_map(function: str, values: Tensor) -> None:
    if values.ndim < 2 or values.is_floating_point() or values.is_complex():
        raise ValueError(
            f"{function} expects integers (..., H, W); got {tuple(values.shape)} of {values.dtype}; "
            "read maps with read_labels"
        )
