"""Tensors of which each process holds a shard: whole ones made from them, and shards of whole ones."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, cast

import torch.distributed as dist
from torch import Tensor

from gan_trainers.base.waiting import waiting

T = TypeVar("T")


class Sharded(Protocol):
    """What is needed of torch's DTensor here."""

    device_mesh: Any
    placements: Any

    def full_tensor(self) -> Tensor:
        """The whole tensor; every process calls it."""
        ...

    def to_local(self) -> Tensor:
        """The shard of this process."""
        ...


def is_sharded(tensor: object) -> bool:
    """Whether a tensor is a DTensor; told by a method, since importing the class is slow."""
    return hasattr(tensor, "full_tensor")


def own_shard(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor that may be sharded."""
    return cast("Sharded", tensor).to_local() if is_sharded(tensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor that may be sharded; every process calls it."""
    return cast("Sharded", tensor).full_tensor() if is_sharded(tensor) else tensor


def whole_on_first_process(state: T) -> T:
    """A nest of plain data in which sharded tensors are whole, and on the CPU; every process calls it.

    One tensor after the other is gathered. The other processes get empty tensors in their place.
    """
    if is_sharded(state):
        with waiting("the shards of a weight"):
            tensor = whole(cast("Tensor", state)).detach()
        return cast("T", tensor.cpu() if dist.get_rank() == 0 else tensor.new_empty(0))
    if isinstance(state, Mapping):
        return cast("T", {key: whole_on_first_process(value) for key, value in state.items()})
    if isinstance(state, list | tuple):
        return cast("T", type(state)(whole_on_first_process(value) for value in state))
    return state


def sharded_as(tensor: Tensor, other: Tensor) -> Tensor:
    """This process's shard of a whole tensor if `other` is sharded; else the tensor itself.

    Args:
        tensor: equal on all processes.
        other: of the same shape.
    """
    if not is_sharded(other):
        return tensor
    from torch.distributed.tensor import distribute_tensor  # slow, and rarely needed

    example = cast("Sharded", other)
    whole_tensor = tensor.to(other.device)
    return distribute_tensor(whole_tensor, example.device_mesh, example.placements, src_data_rank=None)
