"""Common to all losses: logits at several scales, checks of their shapes, precision and reduction."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

Logits: TypeAlias = Tensor | Sequence[Tensor]
"""A discriminator's output: one tensor of any shape, or one tensor for each scale."""

Reduction: TypeAlias = Literal["mean", "sum", "none"]
"""Of logits: the mean of each scale, summed over the scales; the sum of all; or none."""


def over_scales(elementwise: Callable[..., Tensor], *logits: Logits, reduction: Reduction) -> Any:
    """Apply an elementwise loss at every scale, reduce each scale and sum over the scales.

    Args:
        elementwise: The loss of one scale: from one tensor of each argument to a tensor of the same shape.
        logits: The real and the fake logits, or only one of them.
        reduction: "mean" is the sum of the scales' means (as in pix2pixHD), "sum" the sum of all elements,
            "none" every element.

    Returns:
        A scalar; for "none" a tensor or a list of tensors, as the logits. The return type is Any because of
        that list, so that each public loss can return `Tensor` without two overloads.
    """
    losses = [reduce(elementwise(*scale), reduction) for scale in _matched_scales(logits)]
    if reduction == "none":
        return losses[0] if isinstance(logits[0], Tensor) else losses
    return sum(losses[1:], losses[0])


def reduce(loss: Tensor, reduction: Reduction) -> Tensor:
    """Reduce one elementwise loss."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f'expected reduction "mean", "sum" or "none"; got {reduction!r}; use one of the three')


def as_list(logits: Logits) -> list[Tensor]:
    """The tensors of all scales, from a tensor or a list."""
    scales = [logits] if isinstance(logits, Tensor) else list(logits)
    if not scales or not all(isinstance(scale, Tensor) for scale in scales):
        kinds = ", ".join(type(scale).__name__ for scale in scales)
        raise ValueError(
            f"expected logits as a tensor or a non-empty list of tensors; got [{kinds}]; "
            "if the discriminator also returns its features, pass the last output of each scale"
        )
    return scales


def at_least_float32(values: Tensor) -> Tensor:
    """Half precision to float32: bfloat16 has no digits for a loss that changes by 0.1 % per step."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def check_same_shape(what: str, first: Tensor, second: Tensor) -> None:
    """Raise ValueError for tensors that torch would silently broadcast."""
    if first.shape != second.shape:
        raise ValueError(
            f"expected {what} of the same shape; got {tuple(first.shape)} and {tuple(second.shape)}; "
            "make batch, channels and size equal"
        )


def _matched_scales(logits: Sequence[Logits]) -> list[list[Tensor]]:
    lists = [as_list(scales) for scales in logits]
    counts = [len(scales) for scales in lists]
    if counts[0] != counts[-1]:
        raise ValueError(
            f"expected real and fake logits at equally many scales; got {counts[0]} and {counts[-1]}; "
            "use the same discriminator for both"
        )
    for first, second in zip(lists[0], lists[-1], strict=True):
        check_same_shape("real and fake logits", first, second)
    return [[at_least_float32(x) for x in scale] for scale in zip(*lists, strict=True)]
