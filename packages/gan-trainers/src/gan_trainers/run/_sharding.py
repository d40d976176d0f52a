"""Networks sharded over the processes, for those that are larger than a device (torch's FSDP2)."""

from collections.abc import Collection, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves

from gan_trainers.base.batch_norm import synchronize_batch_norm_
from gan_trainers.base.distributed import broadcast_weights
from gan_trainers.base.sharded import is_sharded
from gan_trainers.base.waiting import process_count
from gan_trainers.run._optimizer_modes import HasModes
from gan_trainers.training.ema import EMA

_LARGE = 1_000_000  # parameters of a layer that is gathered alone
_USED_BY_THEIR_PARENT = (NonDynamicallyQuantizableLinear, nn.ParameterList, nn.ParameterDict)


def shard_(networks: Iterable[nn.Module], parts: Collection[nn.Module], device: torch.device) -> None:
    """Shard the parameters of networks over all processes, in place; all get the weights of the first.

    Args:
        networks: not yet sharded; of an average, the averaged network is sharded.
        parts: parts of them that are gathered one at a time, besides their large layers.
        device: of the run.

    Raises:
        ValueError: for a network that is sharded already, a part of none of them, or a torch that is too old.
    """
    targets = {network: _part_names(network, parts) for network in networks}
    inside = {module for network in targets for module in network.modules()}
    for network in targets:
        if has_shards(network):
            name = type(network).__name__.removeprefix("FSDP")
            raise ValueError(f"{name} is sharded already; pass each network to shard() once")
    for part in parts:
        if part not in inside:
            raise ValueError(
                f"{type(part).__name__} of `parts` is in none of the networks; pass its network, too"
            )
    for network, names in targets.items():
        _shard_one_(network.average if isinstance(network, EMA) else network, names, device)


def _part_names(network: nn.Module, parts: Collection[nn.Module]) -> set[str]:
    """The names of the parts in a network; an average has those of its network."""
    source = network.network if isinstance(network, EMA) else network
    return {name for name, module in source.named_modules() if module in parts}


def _shard_one_(network: nn.Module, names: set[str], device: torch.device) -> None:
    from torch.distributed.device_mesh import init_device_mesh  # slow, and rarely needed
    from torch.distributed.fsdp import FSDPModule, fully_shard

    if not hasattr(FSDPModule, "set_reduce_scatter_unused_params"):
        raise ValueError(f"shard() expects a newer torch than {torch.__version__}; update it")
    network.to(device)
    synchronize_batch_norm_(network)  # here, since sharding gives each part a class of its own
    broadcast_weights(network)
    mesh = init_device_mesh(device.type, (process_count(),))
    for name, module in reversed(list(network.named_modules())):  # inner parts first
        if module is not network and (name in names or _is_large_layer(module)):
            fully_shard(module, mesh=mesh)
    # Sharded again after each forward, or an optimizer or an average could meet whole parameters.
    fully_shard(network, mesh=mesh, reshard_after_forward=True)
    assert isinstance(network, FSDPModule)
    network.set_reduce_scatter_unused_params(True)  # processes may use different parameters
    network.register_forward_hook(_refuse_second_derivatives)


def _is_large_layer(module: nn.Module) -> bool:
    """Whether a module without parts has many parameters that only its own forward uses."""
    if list(module.children()) or isinstance(module, _USED_BY_THEIR_PARENT):
        return False
    return sum(parameter.numel() for parameter in module.parameters()) >= _LARGE


def has_shards(network: nn.Module) -> bool:
    """Whether parameters of a network are sharded."""
    return any(is_sharded(parameter) for parameter in network.parameters())


def check_average(name: str, average: EMA[Any]) -> None:
    """Make sure that an average is sharded if its network is.

    Raises:
        ValueError: if one of the two is whole.
    """
    if has_shards(average) != has_shards(average.network):
        raise ValueError(
            f"of '{name}' and its network one is sharded and the other is not; pass both to shard()"
        )


def check_optimizer(name: str, optimizer: Optimizer) -> None:
    """Make sure that an optimizer can step sharded parameters, if it has any.

    Raises:
        ValueError: if some are sharded and some not, or if the optimizer has modes.
    """
    kinds = {is_sharded(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if kinds == {True, False}:
        raise ValueError(f"some networks of '{name}' are sharded and some not; pass all of them to shard()")
    if True in kinds and isinstance(optimizer, HasModes):
        raise ValueError(
            f"{type(optimizer).__name__} ('{name}') averages weights itself, which is not supported for "
            "sharded networks; use another optimizer, or leave shard() out"
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
                f"'{name}' has parameters that no registered network has; make it after shard(), and "
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
            "sharded one; leave the penalty out, or do not pass this network to shard()"
        )
