"""The objects registered with a run, by name: their states saved and restored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gan_trainers.base.sharded import is_sharded, own_shard, sharded_as, whole_on_first_process
from gan_trainers.base.waiting import gather
from gan_trainers.run._hyperparameters import Hyperparameters, follow_changes, hyperparameters

State = dict[str, Any]


class Registered:
    """Networks, optimizers and other objects with a state, each under its name.

    Modules, optimizers and objects with a true `same_on_every_process` are the same on every process and are
    stored once. Any other object has its own history on each process and is stored for each.
    """

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}
        self._hyperparameters: dict[str, Hyperparameters] = {}  # of the optimizers, as the program made them

    def add(self, name: str, registered: Any) -> None:
        """Register an object under `name`.

        Raises:
            TypeError: for an object without `state_dict` and `load_state_dict`.
            ValueError: for a name that is taken.
        """
        if name in self._objects:
            raise ValueError(f"'{name}' is registered already; choose another name")
        if not (hasattr(registered, "state_dict") and hasattr(registered, "load_state_dict")):
            raise TypeError(f"'{name}' has no state_dict and load_state_dict, so it cannot be registered")
        self._objects[name] = registered

    def modules(self) -> dict[str, nn.Module]:
        """The networks by name, averages of networks among them."""
        return {name: each for name, each in self._objects.items() if isinstance(each, nn.Module)}

    def optimizers(self) -> dict[str, Optimizer]:
        """The optimizers by name."""
        return {name: each for name, each in self._objects.items() if isinstance(each, Optimizer)}

    def parameters(self) -> list[nn.Parameter]:
        """Those of all networks."""
        return [parameter for module in self.modules().values() for parameter in module.parameters()]

    def name_of(self, optimizer: Optimizer) -> str:
        """The name under which `optimizer` is registered.

        Raises:
            ValueError: if it is not.
        """
        for name, registered in self._objects.items():
            if registered is optimizer:
                return name
        raise ValueError("this optimizer is not registered; pass it to run.register() before the loop")

    def check_finite(self, step: int) -> None:
        """Make sure that every weight is a finite number.

        A gradient may overflow although the loss was finite; the logged terms then look good for one more
        step than the weights do.

        Raises:
            FloatingPointError: naming the network, the parameter and `step`.
        """
        broken = self._broken()
        if any(map(is_sharded, self.parameters())):
            broken = next(filter(None, gather(broken)), "")
        if broken:
            raise FloatingPointError(f"weights of {broken} are not finite after step {step}")

    def _broken(self) -> str:
        """The first network and weight of which this process holds a number that is not finite; or ""."""
        for name, module in self.modules().items():
            for key, parameter in module.named_parameters():
                if not own_shard(parameter.detach()).isfinite().all():
                    return f"'{name}' ({key})"
        return ""

    def shared_names(self) -> set[str]:
        """The names of the objects that are the same on every process."""
        return {name for name, each in self._objects.items() if _is_shared(each)}

    def shared_states(self) -> State:
        """The states that are the same on every process; those of sharded networks are whole on the first."""
        states = {name: each.state_dict() for name, each in self._objects.items() if _is_shared(each)}
        return whole_on_first_process(states)

    def own_states(self) -> State:
        """The states that belong to this process."""
        return {name: each.state_dict() for name, each in self._objects.items() if not _is_shared(each)}

    def note_hyperparameters(self) -> None:
        """Remember what the program gave its optimizers, before a checkpoint or the loop changes it."""
        for name, optimizer in self.optimizers().items():
            self._hyperparameters[name] = hyperparameters(optimizer)

    def hyperparameters(self) -> dict[str, Hyperparameters]:
        """What `note_hyperparameters` found, by name."""
        return dict(self._hyperparameters)

    def load(
        self, states: Mapping[str, Any], before: Mapping[str, Hyperparameters], folder: Path
    ) -> list[str]:
        """Restore every object's state; hyperparameters that changed since then take effect.

        `note_hyperparameters` comes first.

        Args:
            states: by name.
            before: the result of `hyperparameters` when the checkpoint was written.
            folder: the checkpoint, for error messages.

        Returns:
            The hyperparameters that changed, one "lr of 'name': old -> new" each.

        Raises:
            ValueError: if the checkpoint holds other names, or a state that does not fit.
        """
        if states.keys() != self._objects.keys():
            raise ValueError(
                f"the checkpoint {folder} holds {sorted(states)}, not {sorted(self._objects)}: it belongs to "
                "another recipe; choose another folder"
            )
        changes: list[str] = []
        for name, registered in self._objects.items():
            try:
                if isinstance(registered, Optimizer):
                    changes += self._load_optimizer(name, registered, states[name], before.get(name))
                elif isinstance(registered, nn.Module):
                    registered.load_state_dict(_sharded_as_now(states[name], registered))
                else:
                    registered.load_state_dict(states[name])
            except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
                reason = _difference(registered, states[name]) or " ".join(str(error).split())[:300]
                raise ValueError(
                    f"the checkpoint {folder} does not fit '{name}': {reason}; use the settings it was "
                    "made with, or choose another folder"
                ) from error
        return changes

    def _load_optimizer(
        self, name: str, optimizer: Optimizer, state: State, before: Hyperparameters | None
    ) -> list[str]:
        now = self._hyperparameters[name]
        before = before or now
        if before["class"] != now["class"]:
            raise ValueError(f"it was written with {before['class']} and this run has {now['class']}")
        optimizer.load_state_dict(_sharded_as_parameters(state, optimizer))
        _match_layouts(optimizer)
        changes = follow_changes(name, optimizer, before, now)
        for other, scheduler in self._objects.items():
            if changes and isinstance(scheduler, LRScheduler) and scheduler.optimizer is optimizer:
                raise ValueError(f"{changes[0]}, but '{other}' goes on with its own values")
        return changes


def _is_shared(registered: Any) -> bool:
    once = getattr(registered, "same_on_every_process", False)
    return isinstance(registered, nn.Module | Optimizer) or once


def _difference(registered: Any, state: Any) -> str:
    """The first parameter in which a network and its saved state differ, in words; "" if there is none."""
    if not isinstance(registered, nn.Module) or not isinstance(state, Mapping):
        return ""
    here = {key: list(value.shape) for key, value in registered.state_dict().items() if _has_shape(value)}
    there = {key: list(value.shape) for key, value in state.items() if _has_shape(value)}
    for key in [*here, *there]:
        if here.get(key) != there.get(key):
            shapes = [str(each[key]) if key in each else "missing" for each in (there, here)]
            return f"'{key}' is {shapes[0]} in the checkpoint and {shapes[1]} in this run"
    return ""


def _has_shape(value: Any) -> bool:
    return isinstance(value, Tensor)


def _sharded_as_now(state: State, network: nn.Module) -> State:
    """The state of a network for its `load_state_dict`, sharded if the network is."""
    now = network.state_dict()
    return {key: sharded_as(value, now[key]) if key in now else value for key, value in state.items()}


def _sharded_as_parameters(state: State, optimizer: Optimizer) -> State:
    """The state of an optimizer for its `load_state_dict`, its moments sharded if its parameters are."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if not any(map(is_sharded, parameters)):
        return state
    moments = {
        number: {
            key: sharded_as(value, parameters[number])
            if isinstance(value, Tensor) and value.shape == parameters[number].shape
            else value
            for key, value in each.items()
        }
        for number, each in state["state"].items()
    }
    return {**state, "state": moments}


def _match_layouts(optimizer: Optimizer) -> None:
    """Give an optimizer's moments the memory layout of its parameters.

    Files hold plain layouts. A fused optimizer walks parameters and moments side by side in memory, and
    would silently pair the wrong elements if only one of them were channels-last.
    """
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and not is_sharded(value):
                state[key] = torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
