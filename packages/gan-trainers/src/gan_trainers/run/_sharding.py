"""Networks divided among the processes, for those that are larger than a device (torch's FSDP2)."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves

from gan_trainers.base.distributed import broadcast_weights
from gan_trainers.base.sharded import is_sharded
from gan_trainers.run._optimizer_modes import HasModes
from gan_trainers.training.ema import EMA

_LARGE = 1_000_000  # parameters of a layer that is put together alone


def shard_(network: nn.Module, parts: Iterable[nn.Module], device: torch.device) -> None:
    """Divide a network's parameters among all processes, in place; all get the weights of the first.

    Args:
        network: not yet sharded; of an average, the averaged network is sharded.
        parts: its parts that are put together one at a time, besides its large layers; the rest is put
            together at once.
        device: of the run.
    """
    import torch.distributed as dist  # here, since it takes long and is rarely needed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    target = network.average if isinstance(network, EMA) else network
    target.to(device)
    broadcast_weights(target)
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    chosen = set(parts)
    for part in reversed(list(target.modules())):  # inner parts first
        if part is not target and (part in chosen or _is_large_layer(part)):
            fully_shard(part, mesh=mesh)
    # Divided again after each forward, or an optimizer or an average could meet whole parameters.
    fully_shard(target, mesh=mesh, reshard_after_forward=True)
    target.register_forward_hook(_refuse_second_derivatives)


def _is_large_layer(module: nn.Module) -> bool:
    return sum(parameter.numel() for parameter in module.parameters(recurse=False)) >= _LARGE


def has_shards(network: nn.Module) -> bool:
    """Whether parameters of a network are sharded."""
    return any(is_sharded(parameter) for parameter in network.parameters())


def check_average(name: str, average: EMA[Any]) -> None:
    """Make sure that an average is divided as its network is.

    Raises:
        ValueError: if one of the two is whole.
    """
    if has_shards(average) != has_shards(average.network):
        raise ValueError(
            f"of '{name}' and its network one is sharded and the other is not; pass both to run.shard()"
        )


def check_optimizer(name: str, optimizer: Optimizer) -> None:
    """Make sure that an optimizer can step sharded parameters, if it has any.

    Raises:
        ValueError: if some are sharded and some not, or if the optimizer has modes.
    """
    kinds = {is_sharded(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if kinds == {True, False}:
        raise ValueError(
            f"some networks of '{name}' are sharded and some not; pass all of them to run.shard()"
        )
    if True in kinds and isinstance(optimizer, HasModes):
        raise ValueError(
            f"{type(optimizer).__name__} ('{name}') averages weights itself, which is not supported for "
            "sharded networks; use another optimizer, or leave run.shard() out"
        )


def check_owners(networks: Iterable[nn.Module], optimizers: dict[str, Optimizer]) -> None:
    """Make sure that no optimizer was made before its network was sharded, whose parameters it would miss.

    Raises:
        ValueError: naming the optimizer.
    """
    networks = list(networks)
    if not any(map(has_shards, networks)):
        return
    known = {parameter for network in networks for parameter in network.parameters()}
    for name, optimizer in optimizers.items():
        if any(parameter not in known for group in optimizer.param_groups for parameter in group["params"]):
            raise ValueError(
                f"'{name}' has parameters that no registered network has; make it after run.shard(), and "
                "register the networks too"
            )


def _refuse_second_derivatives(network: nn.Module, inputs: Any, outputs: Any) -> None:  # noqa: ARG001 - a hook
    """Torch averages the gradients in the first of two backward passes, and the second would be wrong."""
    for output in tree_leaves(outputs):
        if isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(_check_first_derivative)


def _check_first_derivative(gradient: Tensor) -> None:  # noqa: ARG001 - a hook
    if torch.is_grad_enabled():  # as in a backward pass with create_graph=True
        raise ValueError(
            "a gradient penalty needs the second derivative of a network, which torch cannot compute for a "
            "sharded one; leave the penalty out, or do not pass this network to run.shard()"
        )
