"""Tensors of which each process holds a part: whole ones made from them, and parts of whole ones."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, cast

import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


class Sharded(Protocol):
    """What is needed of torch's DTensor here."""

    device_mesh: Any
    placements: Any

    def full_tensor(self) -> Tensor:
        """The whole tensor; every process calls it."""
        ...


def is_sharded(tensor: object) -> bool:
    """Whether a tensor is a DTensor. Asked so, since importing its class takes long."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor that may be sharded; every process calls it."""
    return cast("Sharded", tensor).full_tensor() if is_sharded(tensor) else tensor


def on_first_process(state: T) -> T:
    """A nest of plain data in which the sharded tensors are whole, and on the CPU; every process calls it.

    One tensor after the other is put together. The other processes get empty tensors in their place.
    """
    if is_sharded(state):
        tensor = whole(cast("Tensor", state)).detach()
        return cast("T", tensor.cpu() if dist.get_rank() == 0 else tensor.new_empty(0))
    if isinstance(state, Mapping):
        return cast("T", {key: on_first_process(value) for key, value in state.items()})
    if isinstance(state, list | tuple):
        return cast("T", type(state)(on_first_process(value) for value in state))
    return state


def sharded_as(tensor: Tensor, other: Tensor) -> Tensor:
    """The parts of a whole tensor that each process holds if `other` is sharded; else the tensor itself.

    Args:
        tensor: equal on all processes, each of which calls this.
        other: of the same shape.
    """
    if not is_sharded(other) or is_sharded(tensor):
        return tensor
    from torch.distributed.tensor import distribute_tensor  # here, since it takes long and is rarely needed

    example = cast("Sharded", other)
    return distribute_tensor(tensor.to(other.device), example.device_mesh, example.placements)
