"""What the losses share: outputs at several scales, sides of equal shape, precision and reduction."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

Logits: TypeAlias = Tensor | Sequence[Tensor]
"""A discriminator's output: one tensor of any shape, or one tensor for each scale."""

Reduction: TypeAlias = Literal["mean", "sum", "none"]


def over_scales(elementwise: Callable[..., Tensor], *sides: Logits, reduction: Reduction) -> Any:
    """Apply an elementwise loss at every scale, reduce each scale and add them up.

    Args:
        elementwise: The loss of one scale: a tensor from each side in, a tensor of the same shape out.
        sides: The real and the fake logits, or one of them alone.
        reduction: "mean" adds the scales' means (pix2pixHD's rule), "sum" adds all elements, "none" keeps
            every element.

    Returns:
        A scalar; for "none" a tensor or a list of tensors, as the sides were given. Because of that one
        list the type is open here, and the public losses say `Tensor` without two overloads for each.
    """
    losses = [reduce(elementwise(*scale), reduction) for scale in _matched_scales(sides)]
    if reduction == "none":
        return losses[0] if isinstance(sides[0], Tensor) else losses
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
    """The tensors of all scales, whichever way they were given."""
    scales = [logits] if isinstance(logits, Tensor) else list(logits)
    if not scales or not all(isinstance(scale, Tensor) for scale in scales):
        kinds = ", ".join(type(scale).__name__ for scale in scales)
        raise ValueError(
            f"expected logits as a tensor or a non-empty list of tensors; got [{kinds}]; "
            "of a discriminator that also returns its features, pass the last output of each scale"
        )
    return scales


def at_least_float32(values: Tensor) -> Tensor:
    """Raise half precision to float32: a loss that moves by 0.1 % a step does not move at all in bfloat16."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def check_same_shape(what: str, first: Tensor, second: Tensor) -> None:
    """Refuse tensors that torch would silently broadcast."""
    if first.shape != second.shape:
        raise ValueError(
            f"expected {what} of the same shape; got {tuple(first.shape)} and {tuple(second.shape)}; "
            "make batch, channels and size equal"
        )


def _matched_scales(sides: Sequence[Logits]) -> list[list[Tensor]]:
    lists = [as_list(side) for side in sides]
    counts = [len(scales) for scales in lists]
    if counts[0] != counts[-1]:
        raise ValueError(
            f"expected real and fake logits at equally many scales; got {counts[0]} and {counts[-1]}; "
            "take both from the same discriminator"
        )
    for first, second in zip(lists[0], lists[-1], strict=True):
        check_same_shape("real and fake logits", first, second)
    return [[at_least_float32(logits) for logits in scale] for scale in zip(*lists, strict=True)]
